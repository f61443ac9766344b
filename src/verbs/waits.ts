import { rateText } from '../job/limits.js'
import { AT_ONCE, GROUP, NAME } from '../rules.js'
import { RATE } from './controls.js'
import { type FormOf, one, oneOf, optional, orNull, record } from './form.js'
import { NUMBER } from './query.js'

const REASONS = ['node-paused', 'paused', 'unknown', 'concurrency', 'rate', 'serial', 'unique'] as const
export type WaitReason = (typeof REASONS)[number]

/** What `Wait` has, and who has paused it. Times are epoch ms. */
export const WAIT_FIELDS = {
  reason: one(oneOf(REASONS)),
  /** Null: all jobs of the name. */
  group: orNull(one(GROUP)),
  since: optional(one(NUMBER)),
  by: optional(one(NAME)),
  limit: optional(one(AT_ONCE)),
  running: optional(one(NUMBER)),
  rate: optional(RATE),
  opensAt: optional(one(NUMBER)),
  serial: optional(one(GROUP)),
  /** The job that has to end before it. */
  first: optional(one(NAME)),
}
export const WAIT = record(WAIT_FIELDS, 'why a job that is due has not begun')
export type WaitFacts = FormOf<typeof WAIT>

/** For people. */
export function waitText(wait: WaitFacts, name: string): string {
  const { reason, group, since, by, limit, running, rate, opensAt, serial, first } = wait
  const whose = group === null ? name : `group ${group}`
  switch (reason) {
    case 'node-paused':
      return `node paused by ${by} since ${timeText(since)}`
    case 'paused':
      return `${group === null ? '' : `${whose} `}paused by ${by} since ${timeText(since)}`
    case 'unknown':
      return 'no child knows this name'
    case 'serial':
      return `behind job ${first ?? 'of before'} of series ${serial}`
    case 'unique':
      return `behind job ${first ?? 'of before'}, which has its key`
    case 'concurrency':
      return `limit of ${whose}, ${running} of ${limit} running`
    case 'rate':
      return `rate of ${whose}: ${rate === undefined ? '' : rateText(rate)}, next at ${timeText(opensAt)}`
  }
}

function timeText(ms: number | undefined): string {
  return new Date(ms ?? 0).toISOString()
}
