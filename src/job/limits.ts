import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { JrError } from '../errors.js'
import { formatDuration, shown } from '../options/duration.js'
import { AT_ONCE, checked, givenDuration, RATE_COUNT, RATE_MS, received } from '../rules.js'

/** At most `limit` attempts begin in any span of `perMs`. */
export interface Rate {
  readonly limit: number
  readonly perMs: number
}

/** What a node keeps to for the jobs of one name; of what is absent there is no limit. */
export interface Limits {
  readonly concurrency?: number
  readonly rate?: Rate
  readonly groupConcurrency?: number
  readonly groupRate?: Rate
}

/** A rate as it can be given: `{ limit: 100, per: '1m' }`. */
export interface GivenRate {
  /** Attempts that may begin in any span of this length, 1 to 100000. */
  readonly limit: number
  /** Seconds or a duration such as `'1m'`, from 1 ms to 366 days. */
  readonly per: number | string
}

/** Limits as they can be given. They hold on each node. What is left out has no limit. */
export interface GivenLimits {
  /** Jobs of this name that run at once. */
  readonly concurrency?: number
  /** How often a job of this name begins. An attempt that is repeated counts again. */
  readonly rate?: GivenRate
  /** Jobs of one group of this name that run at once. */
  readonly groupConcurrency?: number
  /** How often a job of one group of this name begins. */
  readonly groupRate?: GivenRate
}

/** A kind of limit: given, shown, and as bytes. */
interface Kind<Value> {
  parse(given: unknown, path: string): Value
  show(value: Value): unknown
  write(w: ByteWriter, value: Value): void
  read(r: ByteReader, field: string): Value
}

const COUNT: Kind<number> = {
  parse: (given, path) => checked(AT_ONCE, given, path),
  show: (value) => value,
  write: (w, value) => w.uint(value),
  read: (r, field) => received(AT_ONCE, r.uint(), field),
}

const RATE: Kind<Rate> = {
  parse: (given, path) => {
    const { limit, per } = partsOf(given, ['limit', 'per'], path)
    return {
      limit: checked(RATE_COUNT, limit, `${path}.limit`),
      perMs: givenDuration(per, `${path}.per`, RATE_MS),
    }
  },
  show: ({ limit, perMs }): GivenRate => ({ limit, per: formatDuration(perMs) }),
  write: (w, { limit, perMs }) => {
    w.uint(limit)
    w.uint(perMs)
  },
  read: (r, field) => ({
    limit: received(RATE_COUNT, r.uint(), `${field}.limit`),
    perMs: received(RATE_MS, r.uint(), `${field}.per`),
  }),
}

/** In the order of their bits. */
const KINDS: { readonly [K in keyof Limits]-?: Kind<NonNullable<Limits[K]>> } = {
  concurrency: COUNT,
  rate: RATE,
  groupConcurrency: COUNT,
  groupRate: RATE,
}
const ENTRIES = Object.entries(KINDS) as readonly [keyof Limits, Kind<unknown>][]

export const LIMIT_NAMES = Object.keys(KINDS) as readonly (keyof Limits)[]

/** What a user has written. Throws a TypeError that names the part; `path` is in front of it, and may be empty. */
export function parseLimits(given: unknown, path: string): Limits {
  const parts = partsOf(given, LIMIT_NAMES, path)
  const limits: Record<string, unknown> = {}
  for (const [name, kind] of ENTRIES)
    if (parts[name] !== undefined) limits[name] = kind.parse(parts[name], within(path, name))
  return limits
}

/** As they could be given. */
export function showLimits(limits: Limits): GivenLimits {
  const shownAs: Record<string, unknown> = {}
  for (const [name, kind] of ENTRIES) if (limits[name] !== undefined) shownAs[name] = kind.show(limits[name])
  return shownAs
}

/** For people: `100 per 1m`. */
export function rateText({ limit, perMs }: Rate): string {
  return `${limit} per ${formatDuration(perMs)}`
}

export function writeLimits(w: ByteWriter, limits: Limits): void {
  let bits = 0
  for (const [i, [name]] of ENTRIES.entries()) if (limits[name] !== undefined) bits |= 1 << i
  w.u8(bits)
  for (const [name, kind] of ENTRIES) if (limits[name] !== undefined) kind.write(w, limits[name])
}

/** Throws JR_PROTOCOL. */
export function readLimits(r: ByteReader): Limits {
  const bits = r.u8()
  if (bits >= 1 << ENTRIES.length) throw new JrError('JR_PROTOCOL', `a limit of bits ${bits} is not known`)
  const limits: Record<string, unknown> = {}
  for (const [i, [name, kind]] of ENTRIES.entries())
    if ((bits & (1 << i)) !== 0) limits[name] = kind.read(r, name)
  return limits
}

function partsOf(given: unknown, known: readonly string[], path: string): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`${path}: expected { ${known.join(', ')} }, got ${shown(given)}`)
  const parts: Record<string, unknown> = { ...given }
  const extra = Object.keys(parts).find((name) => !known.includes(name))
  if (extra === undefined) return parts
  throw new TypeError(`${within(path, extra)}: no such option; known: ${known.join(', ')}`)
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
