import { shown } from '../duration.js'
import {
  ATTEMPTS,
  BACKOFF_SECONDS,
  checked,
  givenDuration,
  LATEST,
  NAME,
  NOT_NODES,
  PERIOD_MS,
} from '../rules.js'
import type { When } from './due.js'
import { MISSED, type Missed } from './record.js'
import type { Backoff } from './retry-policy.js'

/** What may be asked for with one job. Every field has a default. */
export interface EnqueueOptions {
  /** Run no earlier than this from now: seconds, or a duration such as `'20s'`. Excludes `runAt`. */
  readonly after?: number | string
  /** Run no earlier than this: a Date, an ISO 8601 string, or epoch milliseconds. In the past: at once. */
  readonly runAt?: Date | string | number
  /** Run again and again, this long from slot to slot: seconds or a duration, 1 ms at least. */
  readonly period?: number | string
  /** What is done about slots that passed while the job could not run. Default `'once'`: one late run. */
  readonly missed?: Missed
  /** Run on a deferred child. Default: the job's own option, else false. */
  readonly defer?: boolean
  /** The node that is preferred, or with `strictNode` required. */
  readonly node?: string
  /** Wait for `node` rather than go elsewhere. Default: `JR.config.alwaysUseSpecifiedNode`. */
  readonly strictNode?: boolean
  /** Nodes that must not run it. */
  readonly notNode?: string | readonly string[]
  /** Attempts, the first included. Default: the job's own option, else the node's. */
  readonly maxAttempts?: number
  /** Default: the job's own option, else the node's. */
  readonly backoff?: Backoff
  /** For one attempt: seconds or a duration; 0 for none. Default: the job's own option, else the node's. */
  readonly timeout?: number | string
  /**
   * Your own id: as long as a job of this id waits or runs, another one is not made, and this `enqueue` is joined to it. One that
   * has ended makes way for a new one. Default: a fresh id.
   */
  readonly id?: string
}

/** The same, checked and in milliseconds. `null` where the job's or the node's own setting decides. */
export interface ParsedOptions extends When {
  readonly id: string | null
  readonly periodMs: number
  readonly missed: Missed
  readonly defer: boolean | null
  readonly node: string | null
  readonly strictNode: boolean | null
  readonly notNode: readonly string[]
  readonly maxAttempts: number | null
  readonly backoff: Backoff | null
  readonly timeoutMs: number | null
}

const KEYS = new Set<string>([
  'after',
  'runAt',
  'period',
  'missed',
  'defer',
  'node',
  'strictNode',
  'notNode',
  'maxAttempts',
  'backoff',
  'timeout',
  'id',
])

const NONE: ParsedOptions = {
  id: null,
  delayMs: null,
  runAt: null,
  periodMs: 0,
  missed: 'once',
  defer: null,
  node: null,
  strictNode: null,
  notNode: [],
  maxAttempts: null,
  backoff: null,
  timeoutMs: null,
}

/** Throws a TypeError with the path of the first bad option (`opts.after: expected …, got …`). */
export function parseEnqueueOptions(options: EnqueueOptions | undefined | null, now: number): ParsedOptions {
  if (options === undefined || options === null) return NONE
  if (typeof options !== 'object') throw new TypeError(`opts: expected an object, got ${shown(options)}`)
  let any = false
  for (const key in options) {
    if (!KEYS.has(key)) throw new TypeError(`opts.${key}: no such option; known: ${[...KEYS].join(', ')}`)
    any = true
  }
  if (!any) return NONE
  const {
    after,
    runAt,
    period,
    missed,
    defer,
    node,
    strictNode,
    notNode,
    maxAttempts,
    backoff,
    timeout,
    id,
  } = options
  if (after !== undefined && runAt !== undefined) {
    throw new TypeError('opts.after and opts.runAt: expected one of them, got both')
  }
  const avoided = notNode === undefined ? [] : avoidedNodes(notNode)
  if (node !== undefined) checked(NAME, node, 'opts.node')
  if (node !== undefined && avoided.includes(node)) {
    throw new TypeError(`opts.node and opts.notNode: both name '${node}', so that no node is left`)
  }
  if (id !== undefined) checked(NAME, id, 'opts.id')
  if (missed !== undefined && period === undefined)
    throw new TypeError('opts.missed: expected opts.period beside it: only a schedule has slots')
  return {
    id: id ?? null,
    ...(after === undefined
      ? atTime(runAt, now)
      : { delayMs: givenDuration(after, 'opts.after'), runAt: null }),
    periodMs: period === undefined ? 0 : givenDuration(period, 'opts.period', PERIOD_MS),
    missed: missed === undefined ? 'once' : oneOf(missed, MISSED, 'missed'),
    defer: flag(defer, 'defer'),
    node: node ?? null,
    strictNode: flag(strictNode, 'strictNode'),
    notNode: avoided,
    maxAttempts: maxAttempts === undefined ? null : checked(ATTEMPTS, maxAttempts, 'opts.maxAttempts'),
    backoff: backoff === undefined ? null : checkBackoff(backoff, 'opts.backoff'),
    timeoutMs: timeout === undefined ? null : givenDuration(timeout, 'opts.timeout'),
  }
}

/** Answers the backoff when it is one; throws a TypeError that names `path`. */
export function checkBackoff(value: unknown, path: string): Backoff {
  const expected = "seconds, or { type: 'fixed' | 'linear' | 'exponential', delay: seconds, … }"
  const refuse = (): never => {
    throw new TypeError(`${path}: expected ${expected}, got ${shown(value)}`)
  }
  if (typeof value === 'number') return isSeconds(value) ? value : refuse()
  if (typeof value !== 'object' || value === null) return refuse()
  const { type, delay, max, jitter, ...rest }: Record<string, unknown> = { ...value }
  const [extra] = Object.keys(rest)
  if (extra !== undefined)
    throw new TypeError(`${path}.${extra}: no such option; known: type, delay, max, jitter`)
  if (!isSeconds(delay))
    throw new TypeError(`${path}.delay: expected ${BACKOFF_SECONDS.says}, got ${shown(delay)}`)
  if (max !== undefined && !isSeconds(max))
    throw new TypeError(`${path}.max: expected ${BACKOFF_SECONDS.says}, got ${shown(max)}`)
  if (jitter !== undefined && typeof jitter !== 'boolean')
    throw new TypeError(`${path}.jitter: expected true or false`)
  const most = max === undefined ? {} : { max }
  if (type === 'fixed') return { type, delay }
  if (type === 'linear') return { type, delay, ...most }
  if (type === 'exponential') return { type, delay, ...most, ...(jitter === undefined ? {} : { jitter }) }
  return refuse()
}

const isSeconds = BACKOFF_SECONDS.meets

function avoidedNodes(notNode: unknown): readonly string[] {
  if (typeof notNode === 'string') return [checked(NAME, notNode, 'opts.notNode')]
  if (!Array.isArray(notNode)) return bad('notNode', 'the name of a node, or a list of names', notNode)
  for (const [i, name] of notNode.entries()) checked(NAME, name, `opts.notNode[${i}]`)
  return [...checked(NOT_NODES, notNode, 'opts.notNode')]
}

/** A time that is over is no time to wait for, whatever the clock is set to later. */
function atTime(runAt: EnqueueOptions['runAt'], now: number): When {
  if (runAt === undefined) return { delayMs: null, runAt: null }
  const time = runAt instanceof Date ? runAt.getTime() : typeof runAt === 'string' ? Date.parse(runAt) : runAt
  if (typeof time !== 'number' || !(Number.isFinite(time) && time < LATEST)) {
    return bad('runAt', 'a Date, an ISO 8601 string or epoch milliseconds, before the year 3000', runAt)
  }
  return time > now ? { delayMs: null, runAt: Math.ceil(time) } : { delayMs: 0, runAt: null }
}

function flag(value: unknown, key: string): boolean | null {
  if (value === undefined) return null
  return typeof value === 'boolean' ? value : bad(key, 'true or false', value)
}

function oneOf<T extends string>(value: unknown, choices: readonly T[], key: string): T {
  return choices.find((choice) => choice === value) ?? bad(key, choices.join(' or '), value)
}

function bad(key: string, expected: string, value: unknown): never {
  throw new TypeError(`opts.${key}: expected ${expected}, got ${shown(value)}`)
}
