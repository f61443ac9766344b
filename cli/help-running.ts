const AT_NODES = `  --node ADDR[,ADDR]  where nodes listen: host:port, or the path of a Unix socket; else that of JR_NODE
  --secret-file FILE  the secret of the nodes, if they have one; else JR_SECRET_FILE or the config file
  --config FILE       as jr node takes it
  --json              JSON, for programs
`
const AT_NODE = AT_NODES.replace('--node ADDR[,ADDR]', '--node ADDR       ')
  .replace('where nodes listen', 'where the node listens')
  .replace('of the nodes, if they have', 'of the node, if it has')

export const STATUS_HELP = `jr status: what waits and why, what fails, and who works on what

  jr status --node 127.0.0.1:5001

${AT_NODES}`

export const TOP_HELP = `jr top: what jr status shows, again each second; q ends it

  jr top --node 127.0.0.1:5001

${AT_NODES}
Where the output is no terminal it is shown once; with --json there is one line a second.
`

export const NODES_HELP = `jr nodes: how nodes are

  jr nodes --node 127.0.0.1:5001,127.0.0.1:5002

${AT_NODES}`

export const CHILDREN_HELP = `jr children: the child processes of a node, and how many it has

  jr children --node 127.0.0.1:5001                 what each of them does
  jr children 8 --node 127.0.0.1:5001               8 evented children from now on
  jr children --deferred 4 --node 127.0.0.1:5001    4 deferred ones
  jr children recycle [PID] --node 127.0.0.1:5001   a new one in the place of one, or of all

  --deferred N        deferred children: one job at a time on each
${AT_NODE}
A child that goes ends its jobs first. The numbers hold until the node is started again. Exits with 1 if there
is no such child.
`

export const DRAIN_HELP = `jr drain: have a node take no new jobs, and wait until it has none

  jr drain --node 127.0.0.1:5001 [--timeout 10m]
  jr drain --off --node 127.0.0.1:5001

  --timeout TIME      wait no longer; by default as long as it takes
  --no-wait           do not wait
  --off               the node takes jobs again
${AT_NODE}
Apps give their jobs to other nodes meanwhile, or hold them. What the node has it runs. Jobs that wait for a
time may take long: they are named. If nodes share a Redis, stop the node: others take over what waits there.
Exits with 1 if jobs are left, and with --off if the node was not draining.
`

export const ENQUEUE_HELP = `jr enqueue: enqueue a job

  jr enqueue resize '{"file":"cat.png"}' --node 127.0.0.1:5001
  jr enqueue resize '{"file":"cat.png"}' --opts '{"after":"5m"}' --node 127.0.0.1:5001
  jr enqueue resize '{"file":"cat.png"}' --wait --node 127.0.0.1:5001

  --opts JSON         the options of JR.enqueue
  --wait              wait for the end of the job, and print its result
  --timeout TIME      wait no longer
${AT_NODES}
Prints the id of the job. With --wait it exits with 1 if the job has not completed.
`

export const FAILURES_HELP = `jr failures: the failed jobs that nodes keep, by name and error

  jr failures --node 127.0.0.1:5001
  jr failures resize --node 127.0.0.1:5001

${AT_NODES}`

export const COMPLETION_HELP = `jr completion: what a shell needs to complete the commands and flags of jr

  jr completion bash > /etc/bash_completion.d/jr
  jr completion zsh  > "\${fpath[1]}/_jr"
  jr completion fish > ~/.config/fish/completions/jr.fish
`
