import { packArgs } from '../../src/bytes/values.js'
import { type Agreed, forArgs, optionsOf, termsOf } from '../../src/job/terms/agreed.js'
import type { TermOptions } from '../../src/job/terms/table.js'
import type { ArgsOf, JobArgs, JobName } from '../../src/job/types.js'
import { formatDuration } from '../../src/options/duration.js'
import { checked, givenDuration, NAME } from '../../src/rules.js'
import {
  type Definition,
  parseScheduleOptions,
  parseWhen,
  SCHEDULE_ID,
  type ScheduleOptions,
  type When,
} from '../../src/schedules/definition.js'
import type { ScheduleFacts } from '../../src/schedules/facts.js'
import { checkFeedbacks } from '../told/check-call.js'
import type { ErrorFeedback, Feedback, SuccessFeedback } from '../told/ticket.js'

/** How long a call waits for a node. */
export interface ScheduleWait {
  /** Seconds or a duration, after which the call rejects with JR_TIMEOUT and what it waits for. Default: as long as it takes. */
  readonly wait?: number | string
}

/** What every run is enqueued with, and how long the call waits for a node. */
export interface ScheduleCallOptions extends ScheduleOptions, ScheduleWait {}

/** One schedule of `setSchedules`: as it would be given to `schedule`. Without args unless some are required. */
export type ScheduleEntry<Name extends string = JobName> = {
  readonly when: When
  readonly name: Name
  readonly opts?: ScheduleOptions
  readonly onSuccess?: SuccessFeedback<Name>
  readonly onError?: ErrorFeedback<Name>
} & (Record<never, never> extends ArgsOf<Name>
  ? { readonly args?: ArgsOf<Name> }
  : { readonly args: ArgsOf<Name> })

/** All schedules of an app, by their ids. */
export type ScheduleList = Readonly<Record<string, { [Name in JobName]: ScheduleEntry<Name> }[JobName]>>

/** What has become of a call of `schedule`, when it is on the disk. */
export interface Scheduled {
  readonly id: string
  /** The node that keeps it, and runs it. */
  readonly node: string
  readonly made: 'created' | 'replaced' | 'unchanged'
}

/** A schedule as its node keeps it. */
export interface Schedule {
  readonly id: string
  /** The job that it runs. */
  readonly name: string
  /** As it could be given again. */
  readonly when: When
  /** What its runs are enqueued with, as it could be given again. */
  readonly terms: TermOptions
  /** `ended`: no slot is left. */
  readonly state: 'active' | 'paused' | 'ended'
  /** When its next five runs are due. */
  readonly next: readonly Date[]
  /** Slots that wait behind a run which has not ended. */
  readonly behind: number
  /** Runs that have begun, and slots that were left out because a run of before had not ended. */
  readonly runs: number
  readonly skipped: number
  readonly pausedAt: Date | null
  /** The id of the job that is its last run; null: it has not run. */
  readonly last: string | null
  /** The name of the app that made it, and the node that has it. */
  readonly app: string
  readonly node: string
}

/** A schedule that is asked for, checked. */
export interface Wanted {
  readonly id: string
  readonly definition: Definition
  readonly agreed: Agreed
  readonly onSuccess: Feedback | null
  readonly onError: Feedback | null
}

/** Throws a TypeError with the path of the first that is wrong. */
export function parseSchedule(
  id: string,
  when: When,
  name: string,
  args: JobArgs | undefined,
  options: ScheduleOptions | undefined,
  onSuccess: Feedback | undefined,
  onError: Feedback | undefined,
  strictNode: boolean,
): Wanted {
  checked(SCHEDULE_ID, id, 'id')
  const parsed = parseWhen(when)
  checked(NAME, name, 'name')
  const agreed = parseScheduleOptions(options, strictNode, ['wait'])
  checkFeedbacks('schedule', onSuccess, onError)
  const packed = packArgs(args ?? {})
  const definition = { ...parsed, name, terms: forArgs(agreed, packed).bytes, args: packed }
  return { id, definition, agreed, onSuccess: onSuccess ?? null, onError: onError ?? null }
}

/** Milliseconds; Infinity: as long as it takes. */
export function parseWait({ wait }: ScheduleWait = {}, path = 'opts.wait'): number {
  return wait === undefined ? Number.POSITIVE_INFINITY : givenDuration(wait, path)
}

/** As it is shown. */
export function scheduleOf(facts: ScheduleFacts, node: string): Schedule {
  const { id, app, name, state, cron, timezone, every, missed, overlap, from, until, times, jitter } = facts
  const { terms, next, behind, runs, skipped, pausedAt, last } = facts
  const when = {
    ...(cron === undefined ? {} : { cron }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(every === undefined ? {} : { every: formatDuration(every) }),
    missed,
    overlap,
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(until === undefined ? {} : { until: new Date(until) }),
    ...(times === undefined ? {} : { times }),
    ...(jitter === undefined ? {} : { jitter: formatDuration(jitter) }),
  }
  return {
    id,
    name,
    when,
    terms: optionsOf(termsOf(terms)),
    state,
    next: next.map((slot) => new Date(slot)),
    behind,
    runs,
    skipped,
    pausedAt: pausedAt === undefined ? null : new Date(pausedAt),
    last: last ?? null,
    app,
    node,
  }
}
