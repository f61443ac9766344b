import { parseArgs } from 'node:util'
import { OURS, SYSTEMS } from './systems.mjs'
import { WORKLOADS } from './workloads.mjs'

const HELP = `bench/run.mjs: measures job-reactor, and with --peers its peers beside it

  --peers             all systems; without it ours and the bare pipeline
  --only a,b          systems whose names hold one of these
  --workload a,b      ${WORKLOADS.map(({ key }) => key).join(', ')}
  --rounds N          each system once a round, in rotating order (default 3)
  --jobs N            jobs of a sample (default 20000)
  --delayed N         jobs that are stored for later (default 100000)
  --json FILE         write what was measured; other workloads in the file stay as they are
  --repeats N         take a sample again, so often at most, when others used the cores meanwhile (default 2)
  --timeout S         give a sample up after so many seconds (default 180)

JR_BENCH_BESIDE=DIR measures another checkout, which has been built, in the same run: how a change has altered the speed.
`

/** What the command line asks for. Exits with a sentence when it asks for what is not there. */
export function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      only: { type: 'string' },
      workload: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      jobs: { type: 'string', default: '20000' },
      delayed: { type: 'string', default: '100000' },
      json: { type: 'string' },
      repeats: { type: 'string', default: '2' },
      timeout: { type: 'string', default: '180' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    process.exit()
  }
  return {
    workloads: chosenWorkloads(values.workload),
    systems: chosenSystems(values),
    rounds: whole('rounds', values.rounds),
    repeats: whole('repeats', values.repeats),
    timeoutMs: whole('timeout', values.timeout) * 1000,
    json: values.json,
    settings: {
      jobs: whole('jobs', values.jobs),
      inFlight: 1000,
      warmUp: 2000,
      // The same time for everybody: a fast system does many more jobs in it than a slow one.
      warmUpMs: 2000,
      flowMs: 3000,
      single: 3000,
      singleWarmUpMs: 5000,
      singleMs: 15000,
      singleWindowMs: 500,
      delayed: whole('delayed', values.delayed),
      large: 100,
      heavy: 100,
      // A slow system does as many jobs as it can in this time.
      limitMs: 8000,
    },
  }
}

function chosenWorkloads(given) {
  if (given === undefined) return WORKLOADS.filter(({ apart }) => !apart)
  return given.split(',').map((key) => {
    const found = WORKLOADS.find((workload) => workload.key === key)
    if (found === undefined)
      bad(`--workload: there is no '${key}'; there are ${WORKLOADS.map((one) => one.key).join(', ')}`)
    return found
  })
}

function chosenSystems({ peers, only }) {
  if (only === undefined) return peers ? SYSTEMS : OURS
  const wanted = only.toLowerCase().split(',')
  const found = SYSTEMS.filter(({ name }) => wanted.some((part) => name.toLowerCase().includes(part.trim())))
  if (found.length === 0)
    bad(`--only: no system is called so; there are ${SYSTEMS.map(({ name }) => name).join(' | ')}`)
  return found
}

function whole(name, text) {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) bad(`--${name}: expected a whole number, got '${text}'`)
  return number
}

function bad(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}
