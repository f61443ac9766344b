import { packError } from '../../src/bytes/error-record.js'
import type { Now } from '../../src/clock.js'
import { JrError, replaced } from '../../src/errors.js'
import { type PastAttempt, withAttempt } from '../../src/job/attempts.js'
import { nowFor } from '../../src/job/due.js'
import { outcomeOf, outcomeWithoutRun } from '../../src/job/outcome.js'
import type { JobRecord, KeptResult } from '../../src/job/record.js'
import { type JobState, transition, waitingState } from '../../src/job/states.js'
import type { NodeEnd, NodeMove } from '../changes/journal.js'
import type { NodeSettings } from '../settings.js'
import { type AttemptResult, failedWith, type Over } from './attempt.js'
import { pastOf } from './past.js'
import type { Verdict } from './verdict.js'

export interface ConclusionDeps {
  readonly settings: Pick<NodeSettings, 'name' | 'keeps'>
  /** The next number of the store: for the outcome. */
  readonly seq: () => number
}

/**
 * The result of an attempt that was asked to end for good: the word may have come when it was over already. A job that
 * has completed has; a schedule ends.
 */
export function asCancelled(result: AttemptResult): AttemptResult {
  const { job } = result.attempt
  if (result.status === 'cancelled') return result
  if (result.status === 'completed' && job.agreed.terms.periodMs === undefined) return result
  const error = new JrError('JR_CANCELLED', `job ${job.id} ('${job.name}') was cancelled`)
  const { code, message } = error
  return { ...result, status: 'cancelled', code, message, error: packError(error) }
}

/** An attempt that has completed has not when what was to become a job with it can't. */
export function withoutFollowUp(result: AttemptResult, refused: JrError): AttemptResult {
  return result.status === 'completed' ? { ...failedWith(result, refused), status: 'failed' } : result
}

/**
 * What is written, and told, once it is decided what becomes of a job after an attempt. `job`: as it waited, but `wanted`
 * as it is now. `past`: what its record keeps of the attempt, when that has failed. `discarded`: nothing of it is kept.
 */
export function changeAfter(
  result: Over,
  past: PastAttempt | null,
  job: JobRecord,
  { ended, next }: Verdict,
  discarded: boolean,
  { settings, seq }: ConclusionDeps,
): NodeMove | NodeEnd {
  const from = result.attempt.job
  const report =
    ended === null
      ? null
      : outcomeOf(job, {
          state: ended,
          seq: seq(),
          node: settings.name,
          attempt: result.attempt.attempt,
          startedAt: result.attempt.startedAt,
          finishedAt: result.finishedAt,
          child: result.child,
          args: result.args,
          error: result.error,
          more: next !== null,
        })
  const outcome = job.wanted ? report : null
  if (next !== null) return { kind: 'move', from, running: true, to: next, outcome, report, done: null }
  const state = transition('running', ended ?? 'failed')
  const asked = state === 'completed' ? resultToKeep(job, result) : undefined
  const kept = (asked !== undefined || settings.keeps(state)) && !discarded
  const keep = kept
    ? {
        job: {
          ...job,
          course: {
            ...job.course,
            attempt: result.attempt.attempt,
            attempts: withAttempt(job.course.attempts, past ?? pastOf(result, settings.name, null)),
          },
        },
        state,
        startedAt: result.attempt.startedAt,
        finishedAt: result.finishedAt,
        result: asked,
      }
    : null
  return { kind: 'end', from, running: true, outcome, keep, report, done: null }
}

/** Undefined: it was not asked for. */
function resultToKeep({ agreed }: JobRecord, { args, finishedAt }: Over): KeptResult | undefined {
  const { keepResultMs } = agreed.terms
  return keepResultMs === undefined ? undefined : { until: finishedAt + keepResultMs, args }
}

/** A waiting job that fails, or is cancelled, without an attempt. `from`: the state in which it waits. */
export function endedWithoutRun(
  job: JobRecord,
  from: JobState,
  to: 'failed' | 'cancelled',
  error: JrError,
  now: number,
  { settings, seq }: ConclusionDeps,
): NodeEnd {
  const state = transition(from, to)
  const report = outcomeWithoutRun(job, state, packError(error), { seq: seq(), node: settings.name, now })
  const { name, message, code } = error
  const none: PastAttempt = {
    number: 0,
    node: settings.name,
    child: 0,
    startedAt: 0,
    finishedAt: now,
    error: { name, message, code, stack: '' },
  }
  const keep = settings.keeps(state)
    ? {
        job: {
          ...job,
          course:
            to === 'failed'
              ? { ...job.course, attempts: withAttempt(job.course.attempts, none) }
              : job.course,
        },
        state,
        startedAt: 0,
        finishedAt: now,
      }
    : null
  const outcome = job.wanted ? report : null
  return { kind: 'end', from: job, running: false, outcome, keep, report, done: null }
}

/** A waiting job that has given what it has to the one that had its key. Whoever waits for it is told which one that is. */
export function mergedInto(job: JobRecord, into: string, now: Now, deps: ConclusionDeps): NodeEnd {
  const { settings, seq } = deps
  const state = transition(waitingState(job, nowFor(job, now)), 'cancelled')
  const error = packError(replaced(job.name, into))
  const report = outcomeWithoutRun(job, state, error, { seq: seq(), node: settings.name, now: now.wall })
  const outcome = job.wanted ? report : null
  return { kind: 'end', from: job, running: false, outcome, keep: null, report, into, done: null }
}
