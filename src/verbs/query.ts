import { lastError } from '../job/attempts.js'
import { msOfTime } from '../job/enqueue-options.js'
import type { StoredJob } from '../job/record.js'
import { JOB_STATES, type JobState } from '../job/states.js'
import { GROUP, MAX_TEXT, NAME, type Rule, TAG, wholeFrom } from '../rules.js'
import { exactly, type Form, one, oneOf, oneOrMore, optional } from './form.js'

/** A Date, an ISO 8601 string, or epoch milliseconds. */
export type GivenTime = Date | string | number

/** Which jobs: those that are all of this. Without a word, all jobs. */
export interface JobFilter {
  /** One, or several in one of which it is. */
  readonly state?: JobState | readonly JobState[] | undefined
  /** One, or several of which it has one. */
  readonly name?: string | readonly string[] | undefined
  /** One of its tags. */
  readonly tag?: string | undefined
  readonly group?: string | undefined
  readonly serial?: string | undefined
  /** The code of the error of its last attempt, such as `JR_TIMEOUT`. */
  readonly code?: string | undefined
  /** A part of its id, or of a text in its args (of a key, too), letter by letter. */
  readonly text?: string | undefined
  /** At this time, or later. */
  readonly enqueuedAfter?: GivenTime | undefined
  /** Before this time. */
  readonly enqueuedBefore?: GivenTime | undefined
  /** It has ended at this time, or later. */
  readonly finishedAfter?: GivenTime | undefined
  /** It has ended before this time. */
  readonly finishedBefore?: GivenTime | undefined
}

/** The same, checked. Times are epoch milliseconds. */
export interface ParsedFilter {
  readonly state?: readonly JobState[] | undefined
  readonly name?: readonly string[] | undefined
  readonly tag?: string | undefined
  readonly group?: string | undefined
  readonly serial?: string | undefined
  readonly code?: string | undefined
  readonly text?: string | undefined
  readonly enqueuedAfter?: number | undefined
  readonly enqueuedBefore?: number | undefined
  readonly finishedAfter?: number | undefined
  readonly finishedBefore?: number | undefined
}

interface Act {
  /** Nothing is done, and only counted to how many jobs it would be. Default false. */
  readonly dryRun?: boolean | undefined
}

interface Page {
  /** Jobs a page, 1000 at most. Default 100. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
}

/** Something is done to all of them. */
export interface ActQuery extends JobFilter, Act {}
export interface ParsedActQuery extends ParsedFilter, Act {}

/** A page of them. */
export interface JobQuery extends JobFilter, Page {}
export interface ParsedQuery extends ParsedFilter, Page {}

/** Jobs on a page of a list. */
export const PAGE = { most: 1000, usual: 100 } as const
/** Names in one query. */
const MOST_NAMES = 64
/** Where a page begins: what the page before has answered. */
export const CURSOR: Rule<string> = {
  says: `where a page ends (text of at most ${MAX_TEXT} characters)`,
  meets: (value): value is string => typeof value === 'string' && value.length <= MAX_TEXT,
}

export const NUMBER: Rule<number> = {
  says: 'a number',
  meets: (value): value is number => Number.isFinite(value),
}
export const BOOLEAN: Rule<boolean> = {
  says: 'true or false',
  meets: (value): value is boolean => typeof value === 'boolean',
}
const TIME: Form<number> = {
  says: 'a time (ms)',
  read: (value, path, wrong) => {
    const ms = msOfTime(value)
    if (ms !== null) return ms
    throw wrong(path, 'a Date, an ISO 8601 string or epoch milliseconds, before the year 3000', value)
  },
}

export const FILTER_FIELDS = {
  state: optional(oneOrMore(oneOf(JOB_STATES), JOB_STATES.length)),
  name: optional(oneOrMore(NAME, MOST_NAMES)),
  tag: optional(one(TAG)),
  group: optional(one(GROUP)),
  serial: optional(one(GROUP)),
  code: optional(one(NAME)),
  text: optional(one(NAME)),
  enqueuedAfter: optional(TIME),
  enqueuedBefore: optional(TIME),
  finishedAfter: optional(TIME),
  finishedBefore: optional(TIME),
}
export const FILTER: Form<ParsedFilter> = exactly(FILTER_FIELDS)
export const ACT_FIELDS = { ...FILTER_FIELDS, dryRun: optional(one(BOOLEAN)) }
export const ACT_QUERY: Form<ParsedActQuery> = exactly(ACT_FIELDS)
export const QUERY: Form<ParsedQuery> = exactly({
  ...FILTER_FIELDS,
  limit: optional(one(wholeFrom(1, PAGE.most))),
  after: optional(one(CURSOR)),
})

/** Whether the filter lets a job through. */
export function meets(filter: ParsedFilter, { state, job, finishedAt }: StoredJob): boolean {
  const { tag, group, serial, code, text } = filter
  const { terms } = job.agreed
  if (filter.state?.includes(state) === false) return false
  if (filter.name?.includes(job.name) === false) return false
  if (tag !== undefined && terms.tags?.includes(tag) !== true) return false
  if (group !== undefined && terms.group !== group) return false
  if (serial !== undefined && terms.serial !== serial) return false
  if (code !== undefined && lastError(job.course.attempts)?.code !== code) return false
  const { enqueuedAfter, enqueuedBefore, finishedAfter, finishedBefore } = filter
  if (!isBetween(job.enqueuedAt, enqueuedAfter, enqueuedBefore)) return false
  const ended = finishedAfter === undefined && finishedBefore === undefined ? true : finishedAt > 0
  if (!ended || !isBetween(finishedAt, finishedAfter, finishedBefore)) return false
  // Packed texts are UTF-8 as it is.
  return text === undefined || job.id.includes(text) || job.args.includes(text)
}

function isBetween(
  time: number,
  from = Number.NEGATIVE_INFINITY,
  before = Number.POSITIVE_INFINITY,
): boolean {
  return time >= from && time < before
}
