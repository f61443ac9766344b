import type { JobRecord } from '../job/record.js'
import { JOB_STATES, type JobState } from '../job/states.js'
import { MAX_TEXT, NAME, type Rule, TAG, wholeFrom } from '../rules.js'
import { exactly, type Form, one, oneOf, optional } from './form.js'

/** Which jobs: those that are all of this. Without a word, all jobs. */
export interface JobFilter {
  readonly state?: JobState | undefined
  readonly name?: string | undefined
  /** One of its tags. */
  readonly tag?: string | undefined
}

/** Something is done to all of them. */
export interface ActQuery extends JobFilter {
  /** Nothing is done, and only counted to how many jobs it would be. Default false. */
  readonly dryRun?: boolean | undefined
}

/** A page of them. */
export interface JobQuery extends JobFilter {
  /** Jobs a page, 1000 at most. Default 100. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
}

/** Jobs on a page of a list. */
export const PAGE = { most: 1000, usual: 100 } as const
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
const filter = { state: optional(one(oneOf(JOB_STATES))), name: optional(one(NAME)), tag: optional(one(TAG)) }
export const FILTER: Form<JobFilter> = exactly(filter)
export const ACT_QUERY: Form<ActQuery> = exactly({ ...filter, dryRun: optional(one(BOOLEAN)) })
export const QUERY: Form<JobQuery> = exactly({
  ...filter,
  limit: optional(one(wholeFrom(1, PAGE.most))),
  after: optional(one(CURSOR)),
})

/** Whether the filter lets a job in this state through. */
export function meets(
  { state, name, tag }: JobFilter,
  is: JobState,
  job: Pick<JobRecord, 'name' | 'agreed'>,
): boolean {
  if (state !== undefined && is !== state) return false
  if (name !== undefined && job.name !== name) return false
  return tag === undefined || job.agreed.terms.tags?.includes(tag) === true
}
