import { inspect } from 'node:util'
import type { LoadedJob, MonitoredJob, StoredNode } from '../../distributor/index.js'
import { systemClock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { ACTS, type Act, isAct } from '../../src/verbs/acts.js'
import { type ActQuery, type JobFilter, type JobQuery, PAGE } from '../../src/verbs/query.js'
import type { JobUpdate } from '../../src/verbs/update.js'
import { EXIT } from '../exit-codes.js'
import { FILTER_FLAGS, filterOf } from '../filter-flags.js'
import { JOBS_HELP } from '../help.js'
import { inRedis, type JobsOf, withJobsOf } from '../jobs-of.js'
import { type CommandLine, readCommandLine } from '../options.js'
import { asJson, columns, print, printable } from '../terminal.js'
import { updateOf } from '../update-flags.js'

const EXTRA = [
  { name: 'node', type: 'string', several: true },
  { name: 'redis', type: 'boolean' },
  { name: 'redis-url', type: 'string' },
  { name: 'redis-prefix', type: 'string' },
  { name: 'redis-timeout', type: 'string' },
  { name: 'config', type: 'string' },
  ...FILTER_FLAGS,
  { name: 'limit', type: 'string' },
  { name: 'all', type: 'boolean' },
  { name: 'args', type: 'string' },
  { name: 'opts', type: 'string' },
  { name: 'dry-run', type: 'boolean' },
  { name: 'secret-file', type: 'string' },
  { name: 'json', type: 'boolean' },
  { name: 'help', type: 'boolean' },
] as const

const LISTED = 50

/** `jr jobs`: the jobs in the store of a node that listens, or in the Redis that nodes share. */
export async function run(argv: string[]): Promise<number> {
  const { flags, positionals } = readCommandLine(argv, {}, EXTRA, true)
  if (flags.help === true) {
    process.stdout.write(JOBS_HELP)
    return EXIT.ok
  }
  const [verb = 'list', ...ids] = positionals
  return withJobsOf(flags, workOf(verb, ids, flags))
}

type Work = (jobs: JobsOf) => Promise<number>

/** What is asked for, checked before anything is connected. */
function workOf(verb: string, ids: readonly string[], flags: CommandLine['flags']): Work {
  const filter = filterOf(flags, systemClock.now())
  const json = flags.json === true
  switch (verb) {
    case 'list': {
      const limit = limitOf(flags.limit)
      if (ids.length > 0) throw new TypeError(`list takes no '${ids[0]}'; show takes an id`)
      return (jobs) => list(jobs, filter, limit, json)
    }
    case 'show':
    case 'logs': {
      const [id] = ids
      if (id === undefined || ids.length > 1) throw new TypeError(`${verb}: expected one id of a job`)
      return (jobs) => (verb === 'show' ? show : logs)(jobs, id, json)
    }
    case 'nodes':
      if (ids.length > 0) throw new TypeError(`nodes takes no '${ids[0]}'`)
      if (!inRedis(flags)) throw new TypeError('nodes: expected --redis, or --redis-url URL')
      return (jobs) => nodes(jobs, json)
    default:
      if (isAct(verb)) return actOf(verb, ids, filter, flags)
      throw new TypeError(
        `no command '${verb}'; expected list, logs, nodes, show, ${Object.keys(ACTS).join(', ')}`,
      )
  }
}

function actOf(act: Act, ids: readonly string[], filter: JobFilter, flags: CommandLine['flags']): Work {
  const json = flags.json === true
  const dryRun = flags['dry-run'] === true
  const update = act === 'update' ? updateOf(flags) : {}
  const byQuery = flags.all === true || Object.keys(filter).length > 0
  if (ids.length > 0 === byQuery)
    throw new TypeError(`${act}: expected ids of jobs, or which are meant (--state, --name, …; --all)`)
  if (ids.length > 0 && dryRun) throw new TypeError(`${act}: --dry-run goes with --state, --name, … or --all`)
  if (ids.length > 0) return (jobs) => actOnEach(act, jobs, ids, update, json)
  if (inRedis(flags) && flags.node === undefined)
    throw new TypeError(`${act} --all: expected --node NAME: whose jobs`)
  return (jobs) => actOnAll(act, jobs, { ...filter, dryRun }, update, json)
}

async function list(of: JobsOf, filter: JobFilter, limit: number, json: boolean): Promise<number> {
  const jobs: MonitoredJob[] = []
  const nodes = await of.nodes()
  let more = false
  for (const [i, node] of nodes.entries()) {
    let next: string | null = null
    do {
      const after: JobQuery = next === null ? {} : { after: next }
      const page = await of.jobs.jobsFor(node, {
        ...filter,
        ...after,
        limit: Math.min(limit - jobs.length, PAGE.most),
      })
      jobs.push(...page.jobs)
      next = page.next
    } while (next !== null && jobs.length < limit)
    more = next !== null || (jobs.length >= limit && i < nodes.length - 1)
    if (jobs.length >= limit) break
  }
  const [only] = nodes
  if (json) return print(asJson({ ...(nodes.length === 1 ? { node: only } : {}), jobs, more }))
  if (jobs.length === 0) return print('no jobs')
  const several = of.standing !== null || nodes.length > 1
  const held = jobs.some(({ waits }) => waits !== null)
  const rows = jobs.map(({ id, name, state, terms, attempt, due, distributor, node, waits, lastError }) => {
    const where = several ? [distributor, node] : [distributor]
    const order = [terms.priority ?? 0, attempt].map(String)
    const why = held ? [waits?.text ?? ''] : []
    return [id, name, state, ...order, due.toISOString(), ...where, ...why, lastError ?? ''].map(printable)
  })
  const where = several ? ['APP', 'NODE'] : ['APP']
  const head = [
    'ID',
    'NAME',
    'STATE',
    'PRIORITY',
    'ATTEMPT',
    'DUE',
    ...where,
    ...(held ? ['WAITS'] : []),
    'LAST ERROR',
  ]
  return print(columns([head, ...rows]) + (more ? '\n… and more (--limit N)' : ''))
}

async function nodes(of: JobsOf, json: boolean): Promise<number> {
  const found = (await of.standing?.()) ?? []
  if (json) return print(asJson({ nodes: found }))
  if (found.length === 0) return print('no nodes')
  const rows = found.map((node) => [
    printable(node.name),
    leaseOf(node),
    ...[node.waiting, node.running, node.ended].map(String),
  ])
  return print(columns([['NODE', 'LEASE', 'WAITING', 'RUNNING', 'ENDED'], ...rows]))
}

function leaseOf({ lease, leaseMs }: StoredNode): string {
  const seconds = (Math.abs(leaseMs) / 1000).toFixed(1)
  return `${lease}, ${leaseMs > 0 ? `${seconds} s left` : `ended ${seconds} s ago`}`
}

async function logs(of: JobsOf, id: string, json: boolean): Promise<number> {
  const job = await of.jobs.load(id)
  if (job === null) return missing(of, id)
  if (json) return print(asJson(job.log))
  const rows = job.log.map(({ at, attempt, level, text, facts }) => {
    const more = Object.keys(facts).length === 0 ? '' : JSON.stringify(facts)
    return [at.toISOString(), String(attempt), level, text, more].map(printable)
  })
  return print(
    rows.length === 0 ? 'no lines' : columns([['TIME', 'ATTEMPT', 'LEVEL', 'TEXT', 'FACTS'], ...rows]),
  )
}

async function show(of: JobsOf, id: string, json: boolean): Promise<number> {
  const job = await of.jobs.load(id)
  if (job === null) return missing(of, id)
  if (json) return print(asJson(job))
  const { attempts, log: _, ...facts } = job
  print(columns(Object.entries(facts).map(([key, value]) => [key, shown(value)])))
  if (attempts.length === 0) return EXIT.ok
  const rows = attempts.map(({ number, node, child, startedAt, finishedAt, error }) => {
    const times = [startedAt?.toISOString() ?? '', finishedAt.toISOString()]
    return [
      String(number),
      node,
      child === 0 ? '' : String(child),
      ...times,
      error?.code ?? '',
      error?.message ?? '',
    ]
  })
  const head = ['ATTEMPT', 'NODE', 'CHILD', 'STARTED', 'FINISHED', 'CODE', 'ERROR']
  return print(`\n${columns([head, ...rows.map((row) => row.map(printable))])}`)
}

async function actOnEach(
  act: Act,
  of: JobsOf,
  ids: readonly string[],
  update: JobUpdate,
  json: boolean,
): Promise<number> {
  let done = 0
  for (const id of ids) {
    try {
      if (await (act === 'update' ? of.jobs.update(id, update) : of.jobs[act](id))) done++
      else missing(of, id)
    } catch (error) {
      if (!(error instanceof JrError && error.code === 'JR_WRONG_STATE')) throw error
      process.stderr.write(`jr jobs: ${printable(error.message)}\n`)
    }
  }
  const { done: word } = ACTS[act]
  print(json ? asJson({ [word]: done }) : `${done} ${word}`)
  return done === ids.length ? EXIT.ok : EXIT.failed
}

async function actOnAll(
  act: Act,
  of: JobsOf,
  query: ActQuery,
  update: JobUpdate,
  json: boolean,
): Promise<number> {
  let done = 0
  for (const node of await of.nodes())
    done +=
      act === 'update'
        ? await of.jobs.updateAllFor(node, query, update)
        : await of.jobs[`${act}AllFor`](node, query)
  const { done: word } = ACTS[act]
  const { dryRun } = query
  if (json) return print(asJson({ [word]: dryRun ? 0 : done, ...(dryRun ? { met: done } : {}) }))
  return print(dryRun ? `${done} would be ${word}` : `${done} ${word}`)
}

function missing({ name }: JobsOf, id: string): number {
  process.stderr.write(`jr jobs: ${name} has no job '${printable(id)}'\n`)
  return EXIT.failed
}

function shown(value: LoadedJob[keyof LoadedJob]): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' && value !== null
    ? inspect(value, { depth: 8 })
    : printable(String(value ?? ''))
}

function limitOf(limit: string | boolean | undefined): number {
  if (limit === undefined) return LISTED
  const number = Number(limit)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`flag --limit: expected a whole number, 1 or more, got '${limit}'`)
}
