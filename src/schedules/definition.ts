import { isPackedMap } from '../bytes/msgpack-check.js'
import { JrError } from '../errors.js'
import { parseTime } from '../job/enqueue-options.js'
import { MISSED, type Missed } from '../job/slots.js'
import { type Agreed, agree, termsOf } from '../job/terms/agreed.js'
import type { TermOptions } from '../job/terms/table.js'
import { shown } from '../options/duration.js'
import {
  BYTES,
  checked,
  givenDuration,
  LATEST,
  NAME,
  oneOf,
  PERIOD_MS,
  type Rule,
  wholeFrom,
} from '../rules.js'
import { exactly, type FormOf, one, optional } from '../verbs/form.js'
import { checkCron, cronTimes, isTimezone } from './cron.js'
import { gridTimes, type Timetable, within } from './timetable.js'

export const OVERLAP = ['skip', 'queue', 'allow'] as const
export type Overlap = (typeof OVERLAP)[number]
const MAX_PATTERN = 256
const MOST_TIMES = 2 ** 31 - 1

/** When a schedule runs: `cron` or `every`, and what goes with them. */
export interface When {
  /**
   * Five fields (minute, hour, day of the month, month, day of the week), or six with the second in front: `'0 3 * * *'`.
   * It follows the clocks of `timezone`, whatever they are set to.
   */
  readonly cron?: string
  /** The name of a time zone, such as `'Europe/Vienna'`. Default: `'UTC'`. */
  readonly timezone?: string
  /** Seconds or a duration: `'10m'`. Counted from `from`, which is the first; else from when the schedule was made. */
  readonly every?: number | string
  /** Slots that passed while no node had the schedule: `'once'` (one late run, default), `'skip'`, `'all'`. */
  readonly missed?: Missed
  /** A slot that comes while a run of before has not ended: `'skip'` (default), `'queue'` (it waits behind), `'allow'`. */
  readonly overlap?: Overlap
  /** No slot before, and none after: a Date, an ISO 8601 string, or epoch milliseconds. */
  readonly from?: Date | string | number
  readonly until?: Date | string | number
  /** So many runs, and no more. */
  readonly times?: number
  /** Each run begins later by a part of this, which differs from slot to slot: seconds or a duration. */
  readonly jitter?: number | string
}

/** What every run of a schedule is enqueued with. A schedule says when, and ids of its own. */
export type ScheduleOptions = Omit<TermOptions, 'period' | 'missed'>

const TIME: Rule<number> = wholeFrom(0, LATEST)
const PATTERN: Rule<string> = {
  says: `text of 1 to ${MAX_PATTERN} characters`,
  meets: (value): value is string => NAME.meets(value) && value.length <= MAX_PATTERN,
}

/** The id of a schedule is in those of its runs. */
const MAX_ID = 200
export const SCHEDULE_ID: Rule<string> = {
  says: `text of 1 to ${MAX_ID} characters, without half of a surrogate pair`,
  meets: (value): value is string => NAME.meets(value) && value.length <= MAX_ID,
}

/** What of a definition says when. */
export const WHEN = {
  cron: optional(one(PATTERN)),
  timezone: optional(one(NAME)),
  every: optional(one(PERIOD_MS)),
  missed: one(oneOf(MISSED)),
  overlap: one(oneOf(OVERLAP)),
  from: optional(one(TIME)),
  until: optional(one(TIME)),
  times: optional(one(wholeFrom(1, MOST_TIMES))),
  jitter: optional(one(PERIOD_MS)),
}

/** A schedule as it was asked for: it crosses so, and is kept so. */
export const DEFINITION = exactly({
  ...WHEN,
  name: one(NAME),
  terms: one(BYTES),
  args: one(BYTES),
})
export type Definition = FormOf<typeof DEFINITION>

const KNOWN = Object.keys(WHEN)
const NOT_OPTIONS = ['period', 'missed', 'after', 'runAt', 'id']

/** Throws a TypeError with the path of the first that is wrong. `path`: of `when`. */
export function parseWhen(when: When, path = 'when'): Omit<Definition, 'name' | 'terms' | 'args'> {
  if (typeof when !== 'object' || when === null || Array.isArray(when))
    throw new TypeError(`${path}: expected an object with cron or every, got ${shown(when)}`)
  for (const key in when) {
    if (KNOWN.includes(key)) continue
    throw new TypeError(`${path}.${key}: no such option; known: ${KNOWN.join(', ')}`)
  }
  const { cron, timezone, every, from, until, times, jitter, missed = 'once', overlap = 'skip' } = when
  if ((cron === undefined) === (every === undefined))
    throw new TypeError(
      `${path}: expected either cron or every, got ${cron === undefined ? 'neither' : 'both'}`,
    )
  if (timezone !== undefined && cron === undefined)
    throw new TypeError(`${path}.timezone: expected cron beside it: every counts time, whatever clocks show`)
  const parsed = {
    ...(cron === undefined ? {} : { cron: cronOf(cron, `${path}.cron`) }),
    ...(cron === undefined ? {} : { timezone: timezoneOf(timezone, `${path}.timezone`) }),
    ...(every === undefined ? {} : { every: givenDuration(every, `${path}.every`, PERIOD_MS) }),
    missed: checked(oneOf(MISSED), missed, `${path}.missed`),
    overlap: checked(oneOf(OVERLAP), overlap, `${path}.overlap`),
    ...(from === undefined ? {} : { from: Math.max(0, parseTime(from, `${path}.from`)) }),
    ...(until === undefined ? {} : { until: Math.max(0, parseTime(until, `${path}.until`)) }),
    ...(times === undefined ? {} : { times: checked(wholeFrom(1, MOST_TIMES), times, `${path}.times`) }),
    ...(jitter === undefined ? {} : { jitter: givenDuration(jitter, `${path}.jitter`, PERIOD_MS) }),
  }
  if (parsed.from !== undefined && parsed.until !== undefined && parsed.until < parsed.from)
    throw new TypeError(`${path}.until: expected a time that is not before ${path}.from`)
  return parsed
}

/** Throws a TypeError with the path of the first option that is wrong. */
export function parseScheduleOptions(
  options: ScheduleOptions | undefined,
  strictNode: boolean,
  beside: readonly string[] = [],
): Agreed {
  if (options === undefined || options === null) return agree({}, beside)
  if (typeof options !== 'object') throw new TypeError(`opts: expected an object, got ${shown(options)}`)
  for (const key of NOT_OPTIONS) {
    if (key in options) throw new TypeError(`opts.${key}: no option of a schedule; when says when it runs`)
  }
  const strict = strictNode && options.node !== undefined && options.strictNode === undefined
  return agree(strict ? { ...options, strictNode } : options, beside)
}

/** What `DEFINITION` does not say. Throws JR_PROTOCOL. */
export function checkDefinition({ cron, timezone, every, terms, args }: Definition): void {
  const wrong = (text: string) => new JrError('JR_PROTOCOL', `definition of a schedule: ${text}`)
  if ((cron === undefined) === (every === undefined)) throw wrong('expected either cron or every')
  if ((cron === undefined) !== (timezone === undefined)) throw wrong('expected a timezone beside cron alone')
  if (timezone !== undefined && !isTimezone(timezone)) throw wrong(`no time zone ${shown(timezone)} here`)
  if (!isPackedMap(args)) throw wrong('expected args to be a packed object')
  if (termsOf(terms).terms.periodMs !== undefined) throw wrong('expected no period')
  try {
    if (cron !== undefined) checkCron(cron, 'cron')
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : '')
  }
}

/** `made`: when the schedule was, which is what `every` counts from, if it has no other beginning. */
export function timetableOf(definition: Definition, made: number): Timetable {
  const { cron, timezone = 'UTC', every = 0, from, until } = definition
  const times = cron === undefined ? gridTimes(from ?? made + every, every) : cronTimes(cron, timezone)
  return within(times, from, until)
}

/** Of a schedule that follows the wall clock; another one follows the steady one. */
export function isByWall({ cron }: Definition): boolean {
  return cron !== undefined
}

function cronOf(cron: unknown, path: string): string {
  checkCron(checked(PATTERN, cron, path), path)
  return String(cron).trim().replace(/\s+/g, ' ')
}

function timezoneOf(timezone: string | undefined, path: string): string {
  if (timezone === undefined) return 'UTC'
  if (typeof timezone === 'string' && NAME.meets(timezone) && isTimezone(timezone)) return timezone
  throw new TypeError(
    `${path}: expected the name of a time zone such as 'Europe/Vienna', got ${shown(timezone)}`,
  )
}
