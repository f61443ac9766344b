import type { Missed } from '../job/record.js'
import type { Backoff } from '../job/retry-policy.js'
import { flag, label, list, oneOf, orNull, refuse, whole } from './fields.js'

/** What a job is asked for with, as it travels: from a distributor to a node, and from a child to its node. */
export interface JobFields {
  readonly id: string
  /** The id was chosen by the user: look whether a job of this id exists. */
  readonly unique: boolean
  readonly name: string
  /** Somebody waits for the outcome. */
  readonly wanted: boolean
  /** What is left of the delay (time held counts), for `runAt` too; null: at once. */
  readonly delayMs: number | null
  /** How long the sender has held it. */
  readonly heldMs: number
  readonly periodMs: number
  readonly missed: Missed
  readonly defer: boolean | null
  readonly node: string | null
  readonly strictNode: boolean
  readonly notNode: readonly string[]
  readonly maxAttempts: number | null
  readonly backoff: Backoff | null
  readonly timeoutMs: number | null
  readonly args: Buffer
}

const LONGEST_MS = 1000 * 365 * 86_400_000
const MAX_NOT_NODES = 256
const MISSED: readonly Missed[] = ['once', 'skip', 'all']
const BACKOFFS = ['fixed', 'linear', 'exponential'] as const

/** PROTOCOL.md, "The fields of a job": sixteen of them, the length of the args last. */
export const JOB_FIELD_COUNT = 16

export function encodeJob(job: JobFields, into: unknown[], payloads: Buffer[]): unknown[] {
  into.push(
    job.id,
    job.unique,
    job.name,
    job.wanted,
    job.delayMs,
    job.heldMs,
    job.periodMs,
    MISSED.indexOf(job.missed),
    job.defer,
    job.node,
    job.strictNode,
    job.notNode,
    job.maxAttempts,
    job.backoff === null ? null : encodeBackoff(job.backoff),
    job.timeoutMs,
    job.args.length,
  )
  payloads.push(job.args)
  return into
}

export function decodeJob(
  f: readonly unknown[],
  from: number,
  takeArgs: (length: unknown) => Buffer,
): JobFields {
  const strictNode = flag(f[from + 10], 'strictNode')
  return {
    id: label(f[from], 'id'),
    unique: flag(f[from + 1], 'unique'),
    name: label(f[from + 2], 'name'),
    wanted: flag(f[from + 3], 'wanted'),
    delayMs: orNull(f[from + 4], 'delayMs', duration),
    heldMs: duration(f[from + 5], 'heldMs'),
    periodMs: whole(f[from + 6], 'periodMs', LONGEST_MS),
    missed: MISSED[whole(f[from + 7], 'missed', MISSED.length - 1)] ?? 'once',
    defer: orNull(f[from + 8], 'defer', flag),
    node: orNull(f[from + 9], 'node', label),
    strictNode,
    notNode: list(f[from + 11], 'notNode', MAX_NOT_NODES, label),
    maxAttempts: orNull(f[from + 12], 'maxAttempts', whole),
    backoff: orNull(f[from + 13], 'backoff', decodeBackoff),
    timeoutMs: orNull(f[from + 14], 'timeoutMs', duration),
    args: takeArgs(f[from + 15]),
  }
}

function duration(value: unknown, name: string): number {
  return whole(value, name, LONGEST_MS)
}

export function encodeBackoff(backoff: Backoff): unknown {
  if (typeof backoff === 'number') return backoff
  const max = 'max' in backoff ? (backoff.max ?? null) : null
  const jitter = 'jitter' in backoff ? (backoff.jitter ?? null) : null
  return [backoff.type, backoff.delay, max, jitter]
}

export function decodeBackoff(value: unknown, name: string): Backoff {
  if (typeof value === 'number') return seconds(value, name)
  if (!Array.isArray(value) || value.length !== 4)
    return refuse(name, 'seconds, or [type, delay, max, jitter]')
  const type = oneOf(value[0], BACKOFFS, name)
  const delay = seconds(value[1], name)
  const max = value[2] === null ? {} : { max: seconds(value[2], name) }
  const jitter = value[3] === null ? {} : { jitter: flag(value[3], name) }
  if (type === 'fixed') return { type, delay }
  return type === 'linear' ? { type, delay, ...max } : { type, delay, ...max, ...jitter }
}

function seconds(value: unknown, name: string): number {
  if (typeof value === 'number' && value >= 0 && value * 1000 <= LONGEST_MS) return value
  return refuse(name, 'seconds, 0 or more')
}
