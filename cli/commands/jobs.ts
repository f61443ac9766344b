import { inspect } from 'node:util'
import { Distributor, type JobQuery, type LoadedJob, type NodeMonitor } from '../../distributor/index.js'
import { JrError } from '../../src/errors.js'
import { JOB_STATES, type JobState } from '../../src/job/states.js'
import { parseAddress } from '../../src/wire/address.js'
import { EXIT } from '../exit-codes.js'
import { JOBS_HELP } from '../help.js'
import { type CommandLine, readCommandLine } from '../options.js'
import { columns, printable } from '../terminal.js'

const EXTRA = [
  { name: 'node', type: 'string' },
  { name: 'state', type: 'string' },
  { name: 'name', type: 'string' },
  { name: 'limit', type: 'string' },
  { name: 'all', type: 'boolean' },
  { name: 'secret-file', type: 'string' },
  { name: 'json', type: 'boolean' },
  { name: 'help', type: 'boolean' },
] as const

const CONNECT_MS = 5000
const LISTED = 50

/** `jr jobs`: the jobs in the store of a node that listens. */
export async function run(argv: string[]): Promise<number> {
  const { flags, positionals } = readCommandLine(argv, [], EXTRA, true)
  if (flags.help === true) {
    process.stdout.write(JOBS_HELP)
    return EXIT.ok
  }
  const [verb = 'list', ...ids] = positionals
  const work = workOf(verb, ids, flags)
  if (typeof flags.node !== 'string') throw new TypeError('expected --node ADDR: where the node listens')
  const address = parseAddress(flags.node, 'flag --node')
  const secretFile = typeof flags['secret-file'] === 'string' ? { secretFile: flags['secret-file'] } : {}
  // A name that no app has: outcomes are kept for apps by their name.
  const app = new Distributor({ name: 'jr jobs', nodes: [address], ...secretFile })
  try {
    return await work(app.monitor({ node: await connect(app, flags.node) }))
  } finally {
    await app.stop({ timeout: 0 })
  }
}

type Work = (monitor: NodeMonitor) => Promise<number>

/** What is asked for, checked before anything is connected. */
function workOf(verb: string, ids: readonly string[], flags: CommandLine['flags']): Work {
  const query = queryOf(flags)
  const json = flags.json === true
  switch (verb) {
    case 'list': {
      const limit = limitOf(flags.limit)
      if (ids.length > 0) throw new TypeError(`list takes no '${ids[0]}'; show takes an id`)
      return (monitor) => list(monitor, query, limit, json)
    }
    case 'show': {
      const [id] = ids
      if (id === undefined || ids.length > 1) throw new TypeError('show: expected one id of a job')
      return (monitor) => show(monitor, id, json)
    }
    case 'destroy':
      if (ids.length > 0 === (flags.all === true))
        throw new TypeError('destroy: expected ids of jobs, or --all')
      if (ids.length > 0) return (monitor) => destroy(monitor, ids, json)
      return (monitor) => destroyAll(monitor, query, json)
    default:
      throw new TypeError(`no command '${verb}'; expected list, show or destroy`)
  }
}

/** The name of the node. Rejects with JR_CONNECTION when none answers in time; why is in the log. */
async function connect(app: Distributor, address: string): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const text = `no node answered at ${address} within ${CONNECT_MS / 1000} s`
      reject(new JrError('JR_CONNECTION', text))
    }, CONNECT_MS)
  })
  try {
    await app.start()
    await Promise.race([app.ready, late])
  } finally {
    clearTimeout(timer)
  }
  return app.nodes()[0]?.name ?? ''
}

async function list(monitor: NodeMonitor, query: JobQuery, limit: number, json: boolean): Promise<number> {
  const jobs = []
  let next: string | null = null
  do {
    const after: JobQuery = next === null ? {} : { after: next }
    const page = await monitor.jobsFor({ ...query, ...after, limit: Math.min(limit - jobs.length, 1000) })
    jobs.push(...page.jobs)
    next = page.next
  } while (next !== null && jobs.length < limit)
  if (json) return print(asJson({ node: monitor.node, jobs, more: next !== null }))
  if (jobs.length === 0) return print('no jobs')
  const rows = jobs.map(({ id, name, state, attempt, due, distributor, lastError }) =>
    [id, name, state, String(attempt), due.toISOString(), distributor, lastError ?? ''].map(printable),
  )
  const head = ['ID', 'NAME', 'STATE', 'ATTEMPT', 'DUE', 'APP', 'LAST ERROR']
  return print(columns([head, ...rows]) + (next === null ? '' : '\n… and more (--limit N)'))
}

async function show(monitor: NodeMonitor, id: string, json: boolean): Promise<number> {
  const job = await monitor.load(id)
  if (job === null) return missing(monitor, id)
  return print(json ? asJson(job) : columns(Object.entries(job).map(([key, value]) => [key, shown(value)])))
}

async function destroy(monitor: NodeMonitor, ids: readonly string[], json: boolean): Promise<number> {
  const destroyed: string[] = []
  for (const id of ids) {
    if (await monitor.destroy(id)) destroyed.push(id)
    else missing(monitor, id)
  }
  print(json ? asJson({ destroyed: destroyed.length }) : `${destroyed.length} destroyed`)
  return destroyed.length === ids.length ? EXIT.ok : EXIT.failed
}

async function destroyAll(monitor: NodeMonitor, query: JobQuery, json: boolean): Promise<number> {
  const destroyed = await monitor.destroyAll(query)
  return print(json ? asJson({ destroyed }) : `${destroyed} destroyed`)
}

function missing(monitor: NodeMonitor, id: string): number {
  process.stderr.write(`jr jobs: node ${printable(monitor.node)} has no job '${printable(id)}'\n`)
  return EXIT.failed
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return EXIT.ok
}

function shown(value: LoadedJob[keyof LoadedJob]): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' && value !== null
    ? inspect(value, { depth: 8 })
    : printable(String(value ?? ''))
}

/** What JSON has no form for: a BigInt as its digits, bytes in base64. */
function asJson(value: unknown): string {
  const plain = function (this: Record<string, unknown>, key: string, given: unknown): unknown {
    const own = this[key]
    if (typeof own === 'bigint') return String(own)
    return Buffer.isBuffer(own) ? own.toString('base64') : given
  }
  return JSON.stringify(value, plain, 2)
}

function queryOf({ state, name }: CommandLine['flags']): JobQuery {
  const known = JOB_STATES.find((one) => one === state)
  if (state !== undefined && known === undefined)
    throw new TypeError(`flag --state: expected ${JOB_STATES.join(', ')}, got '${state}'`)
  const of: { state?: JobState; name?: string } = known === undefined ? {} : { state: known }
  return typeof name === 'string' ? { ...of, name } : of
}

function limitOf(limit: string | boolean | undefined): number {
  if (limit === undefined) return LISTED
  const number = Number(limit)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`flag --limit: expected a whole number, 1 or more, got '${limit}'`)
}
