import { NODE_OPTIONS } from '../src/options/node-options.js'
import { renderHelp } from '../src/options/render.js'

export const HELP = `jr: durable background jobs, without a broker

  jr node      run a node: it keeps jobs and runs them
  jr jobs      list, show and destroy the jobs of a node, or of all nodes that share a Redis
  jr demo      see it work, on the files of a folder of yours
  jr doctor    look whether a node could start here, and what is missing
  jr repair    copy what is whole of a damaged data directory, and say what is gone
  jr config    show the options that a node would run with, and where each comes from

  jr COMMAND --help    more about one
  jr --version

Exit codes: 0 well; 1 the answer is no; 2 wrong usage; 69 something could not be started;
73 the data directory is in use; 74 the store failed; 75 other nodes have its jobs; 78 wrong configuration.
`

export function nodeHelp(): string {
  return `jr node: run a node

  jr node --name worker_1 --distributors 127.0.0.1:5000
  jr node --name worker_1 --listen 127.0.0.1:5001 --dir /var/lib/worker_1 --children 4
  JR_NAME=worker_1 JR_JOBS=./reactor_jobs jr node --config /etc/jr.json

Each option may be a flag, a variable in the environment (JR_MAX_ATTEMPTS for --max-attempts), or a
key of the config file (maxAttempts); in this order. TIME is seconds or 250ms, 20s, 5m, 2d; SIZE is
bytes or 64KiB, 16MiB.

${renderHelp(NODE_OPTIONS)}
  --config FILE                 Config file. Default: jr.config.json, when it is there.

Signals: TERM and INT stop gracefully (running jobs get --shutdown-timeout; a second one stops at
once), QUIT waits for them for ever, USR2 pauses and CONT resumes, USR1 kills the children.
`
}

export const JOBS_HELP = `jr jobs: list, show and destroy the jobs of a node that listens, or those in Redis

  jr jobs --node 127.0.0.1:5001                                the first jobs, in a table
  jr jobs --node 127.0.0.1:5001 --state failed --name resize   only these
  jr jobs show ID --node 127.0.0.1:5001                        one job, with its args
  jr jobs destroy ID... --node 127.0.0.1:5001
  jr jobs destroy --all --state failed --node 127.0.0.1:5001

  jr jobs nodes --redis                                        how the nodes that share a Redis stand
  jr jobs --redis [--node NAME]                                their jobs, also when none of them runs
  jr jobs show ID --redis
  jr jobs destroy ID... --redis
  jr jobs destroy --all --redis --node NAME

  --node ADDR         where the node listens: host:port, or the path of a Unix socket
  --redis             straight in the Redis of JR_REDIS_URL, JR_REDIS_PREFIX or the config file; --node is
                      the name of a node then
  --redis-url URL     in this one; command lines can be read by others: a password is for JR_REDIS_URL
  --redis-prefix TEXT, --redis-timeout TIME, --config FILE: as jr node takes them
  --state STATE       scheduled, available, running, retryable, completed, failed or cancelled
  --name NAME         only jobs of this name
  --limit N           at most so many in the list (50)
  --all               destroy all jobs that --state and --name meet
  --secret-file FILE  the secret of the node, when it has one; else that of JR_SECRET_FILE or the config file
  --json              JSON, for programs

A job that waits or runs is cancelled before it is destroyed: its error feedback is called, in Redis by
whichever node has the jobs of its node next. Exits with 1 when there is no such job.
`

export const REPAIR_HELP = `jr repair: copy what is whole of a damaged data directory, and say what is gone

  jr repair /var/lib/worker_1 --to /var/lib/worker_1.repaired

Stop the node first. Nothing in the directory is changed. The copy has every row and every entry of the log
that is what was written; then give it to the node (--dir), and keep the old one until all is well. What is
gone is listed, with the ids of jobs where they are known; a job of which the end is gone runs again.

  --to COPY   where the copy is made: not there yet, or empty
  --json      JSON, for programs

Exits with 0 when nothing is gone, with 1 when something is; 73 while a node has the directory.
`

export const CONFIG_HELP = `jr config: show the options that a node would run with, and where each comes from

  jr config
  jr config --json --children 4

Takes all flags of jr node.
`

export const DOCTOR_HELP = `jr doctor: look whether this machine has what a node needs

  jr doctor
  jr doctor --config /etc/shop/worker_1.json --json
  jr doctor --name worker_1 --dir /var/lib/worker_1 --listen 127.0.0.1:5001

Takes all flags of jr node, and tries what that node would do: opens its store, has a child load its job
files, listens. It leaves all as it was, takes no job and calls no app. Where the node runs already it says
that its directory is in use. With --store redis it looks at Redis. Without any option it is about the
machine alone. Exits with 1 when a check fails.
`
