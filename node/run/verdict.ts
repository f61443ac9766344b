import { dueAfter } from '../../src/job/due.js'
import { timedLane } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { judge } from '../../src/job/retry-policy.js'
import { nextSlot } from '../../src/job/slots.js'
import type { TerminalState } from '../../src/job/states.js'
import type { RetryRules } from './rules.js'

/** How one attempt went, as far as the decision what comes next needs it. */
export interface AttemptEnd {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timeout' | 'lost' | 'returned'
  /** The number of the attempt, from 1. */
  readonly attempt: number
  readonly retryAfterMs: number | null
  readonly message: string
  readonly code: string
  readonly stack: string
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
      return { ended: null, next: { ...job, seq } }
    case 'cancelled':
      return { ended: 'cancelled', next: null }
    case 'completed':
      return { ended: 'completed', next: nextRun(job, now, seq, ahead) }
    default: {
      const losses = end.status === 'lost' ? job.losses + 1 : job.losses
      const poisoned = end.status === 'lost' && losses >= rules.poisonLimit
      const retry = poisoned
        ? { retry: false, delayMs: 0 }
        : judge(end.attempt, rules.maxAttempts, rules.backoff, end.retryAfterMs, random)
      if (!retry.retry) return { ended: 'failed', next: nextRun(job, now, seq, ahead) }
      const due = dueAfter(now, retry.delayMs)
      return {
        ended: null,
        next: {
          ...job,
          lane: timedLane(job.lane),
          due,
          byWall: false,
          firstDue: job.byWall ? job.firstDue + ahead : job.firstDue,
          seq,
          attempt: end.attempt,
          losses,
          ...lastOf(end),
        },
      }
    }
  }
}

const NO_FAILURE = { lastError: null, lastCode: '', lastStack: '' } as const
const MAX_STACK = 2048

/** What the record says of an attempt that has failed. */
export function lastOf({ message, code, stack }: Pick<AttemptEnd, 'message' | 'code' | 'stack'>) {
  return { lastError: message, lastCode: code, lastStack: stack.slice(0, MAX_STACK) }
}

/** The next run of a schedule, its attempts counted afresh; null for a job that runs once. */
function nextRun(job: JobRecord, now: number, seq: number, ahead: number): JobRecord | null {
  if (job.periodMs === 0) return null
  const { periodMs, missed } = job
  // From its first run on a schedule counts.
  const firstDue = job.byWall ? job.firstDue + ahead : job.firstDue
  const { slot, due } = nextSlot({ firstDue, periodMs, slot: job.slot, missed, now })
  return {
    ...job,
    lane: timedLane(job.lane),
    due,
    byWall: false,
    firstDue,
    seq,
    slot,
    attempt: 0,
    losses: 0,
    ...NO_FAILURE,
  }
}
