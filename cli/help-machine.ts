export const REPAIR_HELP = `jr repair: copy all that is whole in a damaged data directory, and list what is gone

  jr repair /var/lib/worker_1 --to /var/lib/worker_1.repaired

Stop the node first. jr repair changes nothing in the directory. The copy has every row and every entry of
the log that is as it was written. Give the copy to the node (--dir), and keep the old directory until all is
well. The list has the ids of lost jobs where they are known. If the end of a job is gone, the job runs again.

  --to COPY   the directory for the copy: not there yet, or empty
  --json      JSON, for programs

Exits with 0 if nothing is gone, with 1 if something is, with 73 while a node has the directory.
`

export const CONFIG_HELP = `jr config: show the options that a node would run with, and where each comes from

  jr config
  jr config --json --children 4

Takes all flags of jr node.
`

export const DOCTOR_HELP = `jr doctor: check whether this machine has what a node needs

  jr doctor
  jr doctor --config /etc/shop/worker_1.json --json
  jr doctor --name worker_1 --dir /var/lib/worker_1 --listen 127.0.0.1:5001

Takes all flags of jr node, and tries what that node would do: opens its store, has a child load its job
files, listens. It leaves all as it was, takes no job and calls no app. If the node runs already, it says
that its directory is in use. With --store redis it checks Redis. Without any option it checks the
machine alone. Exits with 1 if a check fails.
`
