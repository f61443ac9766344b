import { JrError } from './errors.js'
import { LONGEST_MS, parseDurationMs, shown } from './options/duration.js'

/**
 * What a value that crosses between processes may be: said once, for the side that sends it and for the side that
 * receives it. What the one takes the other takes, too.
 */
export interface Rule<T> {
  /** Behind "expected". */
  readonly says: string
  readonly meets: (value: unknown) => value is T
}

/** UTF-16 units. */
export const MAX_NAME = 256
export const MAX_TEXT = 4096
/** Of the JSON of what a job logs beside its text. */
export const MAX_FACTS = 16_384
/** No job is due later. */
export const LATEST = Date.UTC(3000, 0, 1)
export const MAX_NAMES = 256
/** Deepest nesting of a value that crosses, and how many values it may hold, keys of objects among them. */
export const MAX_DEPTH = 64
export const MAX_VALUES = 2 ** 20
/** Bytes that are beside the args, or the args with results, in the largest frame: an error with its causes among them. */
export const FRAME_SLACK = 1024 * 1024
export const MOST_ATTEMPTS = 2 ** 31 - 1
/** 32 bits. */
export const LEAST_PRIORITY = -(2 ** 31)
export const MOST_PRIORITY = 2 ** 31 - 1
const LONGEST_BACKOFF_S = 1e9

/** Of jobs, nodes, apps, and ids. Half of a surrogate pair would arrive as another name. */
export const NAME: Rule<string> = {
  says: `text of 1 to ${MAX_NAME} characters, without half of a surrogate pair`,
  meets: (value): value is string =>
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME && value.isWellFormed(),
}

/** A count, or a time. */
export const WHOLE: Rule<number> = wholeFrom(0, Number.MAX_SAFE_INTEGER)
/** Milliseconds of a delay, a time-out, or a time that a job was held. */
export const BYTES: Rule<Buffer> = {
  says: 'bytes',
  meets: (value): value is Buffer => Buffer.isBuffer(value),
}
export const DURATION_MS: Rule<number> = wholeFrom(0, LONGEST_MS)
export const PERIOD_MS: Rule<number> = wholeFrom(1, LONGEST_MS)
export const ATTEMPTS: Rule<number> = wholeFrom(1, MOST_ATTEMPTS)
/** Jobs that may run at once, and attempts that may begin in any span of a rate: a node remembers when each of them began. */
export const AT_ONCE: Rule<number> = wholeFrom(1, MOST_ATTEMPTS)
export const RATE_COUNT: Rule<number> = wholeFrom(1, 100_000)
/** 366 days. */
export const RATE_MS: Rule<number> = wholeFrom(1, 366 * 86_400_000)
export const PRIORITY: Rule<number> = wholeFrom(LEAST_PRIORITY, MOST_PRIORITY)
export const NAMES: Rule<readonly string[]> = {
  says: `at most ${MAX_NAMES} names, each ${NAME.says}`,
  meets: (value): value is readonly string[] =>
    Array.isArray(value) && value.length <= MAX_NAMES && value.every(NAME.meets),
}
export const FLAG: Rule<boolean> = {
  says: 'true or false',
  meets: (value): value is boolean => typeof value === 'boolean',
}
export const BACKOFF_SECONDS: Rule<number> = {
  says: `seconds, 0 to ${LONGEST_BACKOFF_S}`,
  meets: (value): value is number => typeof value === 'number' && value >= 0 && value <= LONGEST_BACKOFF_S,
}
const MAX_TAGS = 16
/** Of jobs. What it is found by in an index ends in a NUL. */
export const TAG = textUpTo(64)
/** Such as a tenant. It stands in keys, as tags do. */
export const GROUP = textUpTo(128)
export const TAG_LIST: Rule<readonly string[]> = {
  says: `a list of at most ${MAX_TAGS} tags, each ${TAG.says}`,
  meets: (value): value is readonly string[] =>
    Array.isArray(value) && value.length <= MAX_TAGS && value.every(TAG.meets),
}
/** What makes a job the only one of its name. In an index the name is in front of it, and ends in a NUL. */
export const UNIQUE_KEY = textUpTo(MAX_NAME)

/** Lines that a job has logged, and that are kept with it. */
export const MOST_LINES = 1000
export const KEPT_LINES: Rule<number> = wholeFrom(0, MOST_LINES)
/** Bytes of what a job saves for its next attempt. */
export const MAX_CHECKPOINT = 64 * 1024
/** Bytes of what a job tells of how far it is. */
export const MAX_PROGRESS = 4096
export const PROGRESS: Rule<Buffer> = bytesUpTo(MAX_PROGRESS)
export const CHECKPOINT: Rule<Buffer> = bytesUpTo(MAX_CHECKPOINT)
const MAX_HEADERS = 4096
export const HEADER_NAME = textUpTo(128)
export const HEADER_VALUE: Rule<string> = {
  says: 'text without half of a surrogate pair',
  meets: (value): value is string => typeof value === 'string' && value.isWellFormed(),
}
/** Those of one job, of which each is what it may be. */
export const HEADERS: Rule<Readonly<Record<string, string>>> = {
  says: `names and texts of at most ${MAX_HEADERS} bytes together (UTF-8)`,
  meets: (value): value is Readonly<Record<string, string>> => {
    let bytes = 0
    for (const entry of Object.entries(value as object))
      for (const text of entry) bytes += Buffer.byteLength(text)
    return bytes <= MAX_HEADERS
  },
}

/** UTF-16 units. */
const MAX_NOTE_KEY = 1024
/** Bytes: as many as a definition that has args of its own may need. */
export const MAX_NOTE_VALUE = 2 ** 20
/** Of one change, and changes that are done together. */
const MAX_NOTES = 1024
const MAX_TOGETHER = 16_384

/** Jobs that are taken together, or make a flow; and the bytes of their args and terms, of which one alone may have more. */
export const BUNDLE = { jobs: 10_000, bytes: 8 * 1024 * 1024 }

/** The name of a shelf of notes. */
export const SHELF: Rule<string> = {
  says: '1 to 32 small letters',
  meets: (value): value is string => typeof value === 'string' && /^[a-z]{1,32}$/.test(value),
}
export const NOTE_KEY: Rule<string> = {
  says: `text of 1 to ${MAX_NOTE_KEY} characters, without half of a surrogate pair`,
  meets: (value): value is string =>
    typeof value === 'string' && value !== '' && value.length <= MAX_NOTE_KEY && value.isWellFormed(),
}
export const NOTE_VALUE: Rule<Buffer> = {
  says: `at most ${MAX_NOTE_VALUE} bytes`,
  meets: (value): value is Buffer => Buffer.isBuffer(value) && value.length <= MAX_NOTE_VALUE,
}
export const NOTES = listUpTo(MAX_NOTES, 'notes')
export const TOGETHER = listUpTo(MAX_TOGETHER, 'changes')

export function wholeFrom(least: number, most: number): Rule<number> {
  return {
    says: `a whole number from ${least} to ${most}`,
    meets: (value): value is number =>
      typeof value === 'number' && value >= least && value <= most && Number.isInteger(value),
  }
}

export function oneOf<T extends string>(choices: readonly T[]): Rule<T> {
  return {
    says: choices.join(' or '),
    meets: (value): value is T => choices.some((choice) => choice === value),
  }
}

function bytesUpTo(most: number): Rule<Buffer> {
  return {
    says: `1 to ${most} bytes`,
    meets: (value): value is Buffer => Buffer.isBuffer(value) && value.length > 0 && value.length <= most,
  }
}

function textUpTo(most: number): Rule<string> {
  return {
    says: `text of 1 to ${most} characters, without NUL and without half of a surrogate pair`,
    meets: (value): value is string => NAME.meets(value) && value.length <= most && !value.includes('\0'),
  }
}

function listUpTo(most: number, what: string): Rule<readonly unknown[]> {
  return {
    says: `at most ${most} ${what}`,
    meets: (value): value is readonly unknown[] => Array.isArray(value) && value.length <= most,
  }
}

/** On the way out, at the call of the user: throws a TypeError that names `path`. */
export function checked<T>(rule: Rule<T>, value: unknown, path: string): T {
  if (rule.meets(value)) return value
  throw new TypeError(`${path}: expected ${rule.says}, got ${shown(value)}`)
}

/** On the way in: throws JR_PROTOCOL. */
export function received<T>(rule: Rule<T>, value: unknown, field: string): T {
  if (rule.meets(value)) return value
  throw new JrError('JR_PROTOCOL', `field '${field}' of a message: expected ${rule.says}`)
}

/** Milliseconds of a duration as a user writes it. Throws a TypeError that names `path`. */
export function givenDuration(value: unknown, path: string, rule = DURATION_MS): number {
  const ms = parseDurationMs(value, path)
  if (rule.meets(ms)) return ms
  throw new TypeError(`${path}: expected ${rule.says} ms, got ${shown(value)}`)
}
