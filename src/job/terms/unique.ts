import { createHash } from 'node:crypto'
import type { ByteReader } from '../../bytes/byte-reader.js'
import type { ByteWriter } from '../../bytes/byte-writer.js'
import { pack, unpack } from '../../bytes/codec.js'
import { JrError } from '../../errors.js'
import { formatDuration, shown } from '../../options/duration.js'
import { checked, givenDuration, oneOf, PERIOD_MS, type Rule, received, UNIQUE_KEY } from '../../rules.js'

const ENDS = ['ended', 'started'] as const
const CONFLICTS = ['join', 'reject', 'replace'] as const

/** What keeps a job the only one of its name with this key, for how long, and what becomes of a second one. */
export interface Unique {
  /** Empty, as long as it is not known, in a job that is one by its args. */
  readonly key: string
  readonly byArgs: boolean
  /** When the key is free again: with the end of the job, with its first attempt, or so many milliseconds after its enqueue. */
  readonly until: (typeof ENDS)[number] | number
  readonly onConflict: (typeof CONFLICTS)[number]
}

/** The same as it may be given. */
export interface UniqueOptions {
  /** Of the jobs of a name one has this key. Default: its args. */
  readonly key?: string
  /** `'ended'` (default), `'started'`, or a duration from the enqueue: seconds or text. */
  readonly until?: (typeof ENDS)[number] | number | string
  /**
   * `'join'` (default): this `enqueue` is one of the job that has the key. `'reject'`: it is refused with JR_DUPLICATE.
   * `'replace'`: the job that has the key, if it waits, gets the args, options and time of this one; if it runs, this one waits
   * behind it.
   */
  readonly onConflict?: (typeof CONFLICTS)[number]
}

export type GivenUnique = true | string | UniqueOptions

/** Throws a TypeError that names `path`. */
export function checkUnique(given: unknown, path: string): Unique {
  if (given === true) return uniqueOf({}, path)
  if (typeof given === 'string') return uniqueOf({ key: checked(UNIQUE_KEY, given, path) }, path)
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${path}: expected true, a text, or { key, until, onConflict }, got ${shown(given)}`)
  }
  return uniqueOf(given, path)
}

function uniqueOf(
  { key, until = 'ended', onConflict = 'join', ...rest }: UniqueOptions,
  path: string,
): Unique {
  const [extra] = Object.keys(rest)
  if (extra !== undefined)
    throw new TypeError(`${path}.${extra}: no such option; known: key, until, onConflict`)
  return {
    key: key === undefined ? '' : checked(UNIQUE_KEY, key, `${path}.key`),
    byArgs: key === undefined,
    until: isEnd(until) ? until : timeOf(until, `${path}.until`),
    onConflict: checked(oneOf(CONFLICTS), onConflict, `${path}.onConflict`),
  }
}

function timeOf(until: unknown, path: string): number {
  if (typeof until === 'number' || (typeof until === 'string' && /^\d/.test(until)))
    return givenDuration(until, path, PERIOD_MS)
  throw new TypeError(`${path}: expected 'ended', 'started', or a duration such as '5m', got ${shown(until)}`)
}

function isEnd(until: unknown): until is (typeof ENDS)[number] {
  return ENDS.some((end) => end === until)
}

/** Whether it is by args, the key; when it ends, one byte (the place, or 2 and milliseconds); what becomes of a second. */
export function writeUnique(w: ByteWriter, { key, byArgs, until, onConflict }: Unique): void {
  w.flag(byArgs)
  w.text(key)
  w.u8(typeof until === 'number' ? ENDS.length : ENDS.indexOf(until))
  if (typeof until === 'number') w.uint(until)
  w.u8(CONFLICTS.indexOf(onConflict))
}

export function readUnique(r: ByteReader, field: string): Unique {
  const byArgs = r.flag()
  const key = received(byArgs ? DIGEST : UNIQUE_KEY, r.text(), field)
  const end = r.u8()
  const until = end === ENDS.length ? received(PERIOD_MS, r.uint(), field) : ENDS[end]
  const onConflict = CONFLICTS[r.u8()]
  if (until !== undefined && onConflict !== undefined) return { key, byArgs, until, onConflict }
  throw new JrError(
    'JR_PROTOCOL',
    `field '${field}' of a message: expected an end and what becomes of a second`,
  )
}

/** As it could be given. */
export function showUnique({ key, byArgs, until, onConflict }: Unique): GivenUnique {
  const usual = until === 'ended' && onConflict === 'join'
  if (usual) return byArgs ? true : key
  return {
    ...(byArgs ? {} : { key }),
    ...(until === 'ended' ? {} : { until: typeof until === 'number' ? formatDuration(until) : until }),
    ...(onConflict === 'join' ? {} : { onConflict }),
  }
}

/** Of args; empty as long as these are not known. */
const DIGEST: Rule<string> = {
  says: '43 characters of base64url',
  meets: (value): value is string => typeof value === 'string' && /^([\w-]{43})?$/.test(value),
}

/** The key of args: that of all args with the same values under the same names, in whichever order these were written. */
export function keyOfArgs(args: Buffer): string {
  // The codec leaves something on the buffer that it reads from.
  const values = ordered(unpack(args.subarray()))
  return createHash('sha256').update(pack(values)).digest('base64url')
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  const entries = Object.entries(value).map(([key, one]) => [key, ordered(one)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function isPlain(value: object): boolean {
  return !(value instanceof Date) && !(value instanceof Uint8Array)
}
