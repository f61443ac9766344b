import { type PastAttempt, withAttempt } from '../../src/job/attempts.js'
import { type Course, FRESH } from '../../src/job/course.js'
import { dueAfter } from '../../src/job/due.js'
import { blockedBy, familyOf } from '../../src/job/flow.js'
import { timedLane } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { judge } from '../../src/job/retry-policy.js'
import { standingOf } from '../../src/job/series.js'
import { nextSlot } from '../../src/job/slots.js'
import type { TerminalState } from '../../src/job/states.js'
import type { AttemptStatus } from './attempt.js'
import type { RetryRules } from './rules.js'

/** How one attempt went, as far as the decision what comes next needs it. */
export interface AttemptEnd {
  readonly status: AttemptStatus
  /** The number of the attempt, from 1. */
  readonly attempt: number
  readonly retryAfterMs: number | null
  /** What the record keeps of it; null: nothing, as it did not fail. */
  readonly past: PastAttempt | null
}

/** What becomes of the job: it ends, or it takes another place (and the run of a schedule may have ended). */
export interface Verdict {
  readonly ended: TerminalState | null
  /** The record at its next place; null when the job is over. */
  readonly next: JobRecord | null
}

/**
 * The one decision after an attempt. `seq` is for the next place, `now` on the node's steady clock, which is `ahead` of the wall
 * clock since that was set, `random` in [0, 1).
 * A schedule goes on whatever becomes of a run, unless it was cancelled.
 */
export function decide(
  job: JobRecord,
  end: AttemptEnd,
  rules: RetryRules,
  now: number,
  seq: number,
  random: () => number,
  ahead = 0,
): Verdict {
  switch (end.status) {
    case 'returned':
      return { ended: null, next: { ...job, seq, course: returned(job) } }
    case 'cancelled':
      return { ended: 'cancelled', next: null }
    case 'waiting':
      return {
        ended: null,
        next: blockedBy(familyOf(job), { ...job, seq, course: returned(job) }),
      }
    case 'snoozed':
      return { ended: null, next: waiting(job, end.retryAfterMs ?? 0, now, seq, returned(job), ahead) }
    case 'given-up':
      return { ended: 'failed', next: nextRun(job, now, seq, ahead) }
    case 'completed':
      return { ended: 'completed', next: nextRun(job, now, seq, ahead) }
    default: {
      const losses = job.course.losses + (end.status === 'lost' ? 1 : 0)
      const poisoned = end.status === 'lost' && losses >= rules.poisonLimit
      const retry = poisoned
        ? { retry: false, delayMs: 0 }
        : judge(end.attempt, rules.maxAttempts, rules.backoff, end.retryAfterMs, random)
      if (!retry.retry) return { ended: 'failed', next: nextRun(job, now, seq, ahead) }
      const { past, attempt } = end
      const attempts = past === null ? job.course.attempts : withAttempt(job.course.attempts, past)
      const course = { ...job.course, attempt, losses, attempts }
      return { ended: null, next: waiting(job, retry.delayMs, now, seq, course, ahead) }
    }
  }
}

/** The job while it waits for so long. */
function waiting(
  job: JobRecord,
  ms: number,
  now: number,
  seq: number,
  course: Course,
  ahead: number,
): JobRecord {
  const due = dueAfter(now, ms)
  const firstDue = firstDueOf(job, ahead)
  return { ...job, lane: timedLane(job.lane), due, byWall: false, seq, course: { ...course, firstDue } }
}

/** As before, but for what its beginning has let go, and what it may have made. */
function returned({ agreed, course }: JobRecord): Course {
  const keyless = course.keyless || agreed.terms.unique?.until === 'started'
  return { ...course, keyless, waited: true }
}

/** The next run of a schedule, its course begun anew; null for a job that runs once. */
function nextRun(job: JobRecord, now: number, seq: number, ahead: number): JobRecord | null {
  const { periodMs, missed } = job.agreed.terms
  const firstDue = firstDueOf(job, ahead)
  if (periodMs === undefined || firstDue === null) return null
  const { slot, due } = nextSlot({ firstDue, periodMs, slot: job.course.slot, missed, now })
  const course = { ...FRESH, firstDue, slot }
  return { ...job, lane: timedLane(job.lane), due, byWall: false, seq, course }
}

/** From its first run on a schedule counts; null for a job that runs once. */
export function firstDueOf(job: JobRecord, ahead: number): number | null {
  const { agreed, course, byWall } = job
  if (agreed.terms.periodMs === undefined) return null
  const first = course.firstDue ?? standingOf(job).due
  return byWall ? first + ahead : first
}
