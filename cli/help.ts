import { JOB_STATES } from '../src/job/states.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { renderHelp } from '../src/options/render.js'
import { ACTS } from '../src/verbs/acts.js'
import { EXIT, EXIT_WORDS } from './exit-codes.js'

export const HELP = `jr: durable background jobs, without a broker

  jr node        run a node: it keeps jobs and runs them
  jr web         the dashboard and the HTTP API, for a browser

  jr status      what waits and why, what fails, and who works on what
  jr top         the same, again each second
  jr jobs        list, show and change the jobs of a node, or of all nodes that share a Redis
  jr enqueue     enqueue a job, and wait for its result
  jr failures    what has failed, by name and error
  jr counts      how many jobs a node has and had, by name, how many of late, and how long they took
  jr names       the names that a node knows, with their limits and pauses
  jr limits      show and set how many jobs of a name run, or begin, on a node
  jr pause       pause a name, a group of it, or a node; jr resume ends that
  jr schedules   what runs again and again on a node: list, pause, resume, run, remove
  jr flow        jobs that wait for each other on a node: list them, show them as a tree, cancel them
  jr nodes       how nodes are
  jr children    the child processes of a node: show them, change their number, replace them
  jr drain       have a node take no new jobs, and wait until it has none

  jr demo        see it at work, on the files of a folder of yours
  jr doctor      check whether a node could start here, and what is missing
  jr repair      copy all that is whole in a damaged data directory, and list what is gone
  jr config      show the options that a node would run with, and where each comes from
  jr completion  what bash, zsh or fish needs to complete the commands of jr

  jr COMMAND --help    more about one
  jr --version

Exit codes:
${exits()}
`

/** In the order of their numbers. */
function exits(): string {
  const codes = Object.entries(EXIT) as [keyof typeof EXIT, number][]
  return codes.map(([key, code]) => `  ${String(code).padEnd(4)}${EXIT_WORDS[key]}`).join('\n')
}

const WEB_MORE = `  --web-token-file FILE         The token for it. Needed where other machines can reach it.
  --web-base PATH               The path below which it is, for a proxy: /reactor
  --web-read-only               Nobody can change anything there.
`

export const WEB_HELP = `jr web: the dashboard and the HTTP API, for nodes that listen

  jr web --node 127.0.0.1:5001
  jr web --node 127.0.0.1:5001,127.0.0.1:5002 --listen 127.0.0.1:7000

  --node ADDR[,ADDR]            Where the nodes listen: host:port, or the path of a Unix socket.
  --listen ADDR                 Where to serve it. (127.0.0.1:7000)
${WEB_MORE}  --secret-file FILE            The secret of the nodes; else JR_SECRET_FILE or the config file.
  --config FILE                 As jr node takes it.

Prints its address when it is ready. Below it: /api/v1 (/api/v1/openapi.json describes it), /metrics,
/healthz, /readyz.
`

export function nodeHelp(): string {
  return `jr node: run a node

  jr node --name worker_1 --distributors 127.0.0.1:5000
  jr node --name worker_1 --listen 127.0.0.1:5001 --dir /var/lib/worker_1 --children 4
  JR_NAME=worker_1 JR_JOBS=./reactor_jobs jr node --config /etc/jr.json

Each option may be a flag, a variable in the environment (JR_MAX_ATTEMPTS for --max-attempts), or a
key of the config file (maxAttempts). The first of these counts. TIME is seconds or 250ms, 20s, 5m,
2d; SIZE is bytes or 64KiB, 16MiB.

${renderHelp(NODE_OPTIONS)}
  --config FILE                 Config file. Default: jr.config.json, if it is there.
  --web ADDR                    Serve the dashboard and the HTTP API of this node here: 127.0.0.1:7000
${WEB_MORE}
Signals: TERM and INT stop gracefully (running jobs get --shutdown-timeout; a second one stops at
once), QUIT waits for as long as jobs run, USR2 pauses, CONT resumes, USR1 replaces the children.
`
}

const acts = Object.entries(ACTS)
const names = acts.map(([act]) => act)

export const JOBS_HELP = `jr jobs: list, show, ${names.join(', ')} the jobs of nodes that listen, or those in Redis

  jr jobs --node 127.0.0.1:5001                                the first jobs, in a table
  jr jobs --node 127.0.0.1:5001 --state failed --name resize   only these
  jr jobs show ID --node 127.0.0.1:5001                        one job, with its args
  jr jobs logs ID --node 127.0.0.1:5001                        what it has logged last
${usage(' --node 127.0.0.1:5001', ' --node 127.0.0.1:5001')}

  jr jobs nodes --redis                                        how the nodes that share a Redis stand
  jr jobs --redis [--node NAME]                                their jobs, also when none of them runs
  jr jobs show ID --redis
${usage(' --redis', ' --redis --node NAME')}

  --node ADDR[,ADDR]  where nodes listen: host:port, or the path of a Unix socket; else that of JR_NODE
  --redis             straight in the Redis of JR_REDIS_URL, JR_REDIS_PREFIX or the config file; --node is
                      the name of a node then
  --redis-url URL     in this one; others can read command lines: give a password in JR_REDIS_URL
  --redis-prefix TEXT, --redis-timeout TIME, --config FILE: as jr node takes them
  --state STATE       ${JOB_STATES.join(', ')};
                      several: failed,cancelled
  --name NAME         only jobs of this name, or of one of several: resize,crop
  --tag TAG           only jobs with this tag
  --group TEXT, --serial TEXT: only jobs of this group, of this series
  --code CODE         only jobs whose last attempt failed with this code
  --text TEXT         only jobs with this in their id, or in a text of their args
  --enqueued-after TIME, --enqueued-before TIME, --finished-after TIME, --finished-before TIME:
                      only jobs of this time: 2026-12-01T08:00Z, or 2h (ago)
  --limit N           show at most N jobs (50)
  --all               all jobs, where nothing else says which
  --args JSON         update: args in place of those that they have
  --opts JSON         update: options in place of those that they have, null for without one:
                      '{"priority":-1,"tags":null,"after":"5m"}'
  --dry-run           change nothing, and say how many jobs are meant
  --secret-file FILE  the secret of the nodes, if they have one; else JR_SECRET_FILE or the config file
  --json              JSON, for programs

${acts.map(([act, { says }]) => `${act}: ${says}`).join('\n')}
With --redis and no running node, the node that has the job next calls its feedback.
Exits with 1 if there is no such job.
`

function usage(one: string, all: string): string {
  return names
    .map((act) => {
      const more = act === 'update' ? ' --opts JSON' : ''
      return `  jr jobs ${act} ID...${more}${one}\n  jr jobs ${act} --name resize${more} [--dry-run]${all}`
    })
    .join('\n')
}

const NODE_FLAGS = `  --node ADDR         where the node listens: host:port, or the path of a Unix socket; else that of JR_NODE
  --secret-file FILE  the secret of the node, if it has one; else JR_SECRET_FILE or the config file
  --config FILE       as jr node takes it
  --json              JSON, for programs
`

const AT_NODE = `${NODE_FLAGS}
Limits and pauses belong to each node, also of those that share a Redis: ask each.
`

export const NAMES_HELP = `jr names: the names that a node knows, and those for which something is set

  jr names --node 127.0.0.1:5001
  jr names pause NAME [GROUP], jr names resume NAME [GROUP], jr names limit NAME …:
                                  as jr pause, jr resume, jr limits

${AT_NODE}`

export const COUNTS_HELP = `jr counts: what a node has counted since it began, by name

  jr counts --node 127.0.0.1:5001

How many jobs wait and run; how many were done, and failed, in the last minute, hour and day; and in how long
half, 95 % and 99 % of them began and ran, in the last half hour to hour.

${NODE_FLAGS}`

export const LIMITS_HELP = `jr limits: show and set the limits of names on a node

  jr limits --node 127.0.0.1:5001                                   the names that have limits
  jr limits call_api --node 127.0.0.1:5001                          those of one
  jr limits call_api --concurrency 10 --rate 100/1m --node ADDR     set them
  jr limits call_api --default --node ADDR                          back to those of the job file

  --concurrency N        jobs of the name that run at once
  --rate N/TIME          jobs of the name that begin in any span of this length: 100/1m
  --group-concurrency N  jobs of one of its groups that run at once
  --group-rate N/TIME    jobs of one of its groups that begin in any span of this length
  --none                 no limits
  --default              those of the job file
${AT_NODE}
What is set holds in place of the limits of the job file, as a whole: of what is left out there is no limit.
The node keeps it in its store.
`

export const PAUSE_HELP = `jr pause: begin no job of a name, of a group of it, or of a node

  jr pause call_api --node 127.0.0.1:5001         all jobs of a name
  jr pause call_api acme --node 127.0.0.1:5001    those of one of its groups
  jr pause --node 127.0.0.1:5001                  the node

${AT_NODE}
What runs goes on, what is enqueued waits. The node keeps the pause in its store.
`

export const RESUME_HELP = `jr resume: end a pause

  jr resume call_api --node 127.0.0.1:5001         of a name
  jr resume call_api acme --node 127.0.0.1:5001    of one of its groups
  jr resume --node 127.0.0.1:5001                  of the node, also one by a signal

${AT_NODE}
Exits with 1 if it was not paused.
`

export const SCHEDULES_HELP = `jr schedules: what runs again and again on a node, of all apps

  jr schedules --node 127.0.0.1:5001                   all of them, in a table
  jr schedules pause ID... --node 127.0.0.1:5001       run no slot of it
  jr schedules resume ID... --node 127.0.0.1:5001      go on with the next slot
  jr schedules run ID... --node 127.0.0.1:5001         run it at once, beside its slots
  jr schedules remove ID... --node 127.0.0.1:5001      until its app makes it again

${NODE_FLAGS}
Times are UTC. Exits with 1 if there is no such schedule.
`

export const FLOW_HELP = `jr flow: jobs that wait for each other on a node

  jr flow list --node 127.0.0.1:5001         those that have not ended
  jr flow show ID --node 127.0.0.1:5001      its jobs as a tree: each below the one that it needs
  jr flow cancel ID --node 127.0.0.1:5001    end all of its jobs that have not ended

${NODE_FLAGS}
A flow is there until all of its jobs have ended. Exits with 1 if there is no such flow.
`
