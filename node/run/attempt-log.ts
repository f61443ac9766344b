import type { AttemptError } from '../../src/job/attempts.js'
import type { Logger } from '../../src/logger.js'
import type { Attempt, AttemptResult } from './attempt.js'
import type { Verdict } from './verdict.js'

export function logStart(log: Logger, { job, attempt }: Attempt): void {
  log.debug('job:started', { job: job.id, name: job.name, attempt })
}

/** `error`: why the attempt failed; null: it did not. */
export function logEnd(
  log: Logger,
  result: AttemptResult,
  { ended, next }: Verdict,
  error: AttemptError | null,
): void {
  const { job, attempt } = result.attempt
  const facts = { job: job.id, name: job.name, attempt }
  if (result.status === 'snoozed') {
    log.debug('job:snoozed', { ...facts, dueAt: next?.due })
    return
  }
  if (error === null || ended === 'cancelled') {
    log.debug(`job:${ended ?? (result.status === 'waiting' ? 'waiting' : 'returned')}`, facts)
    return
  }
  const { code, message, stack } = error
  const failure = { ...facts, code, error: message, stack }
  if (ended === null) log.warn('job:retryable', { ...failure, dueAt: next?.due })
  else log.error('job:failed', failure)
}
