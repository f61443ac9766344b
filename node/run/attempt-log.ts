import { unpackError } from '../../src/bytes/error-record.js'
import type { Logger } from '../../src/logger.js'
import type { Attempt, AttemptResult } from './attempt.js'
import type { Verdict } from './verdict.js'

export function logStart(log: Logger, { job, attempt }: Attempt): void {
  log.debug('job:started', { job: job.id, name: job.name, attempt })
}

/** `stack`: where the attempt failed. */
export function logEnd(log: Logger, result: AttemptResult, { ended, next }: Verdict, stack: string): void {
  const { job, attempt } = result.attempt
  const facts = { job: job.id, name: job.name, attempt }
  if (result.status === 'snoozed') {
    log.debug('job:snoozed', { ...facts, dueAt: next?.due })
    return
  }
  if (ended === 'completed' || ended === 'cancelled' || result.status === 'returned') {
    log.debug(`job:${ended ?? 'returned'}`, facts)
    return
  }
  const failure = { ...facts, code: result.code, error: result.message, stack }
  if (ended === null) log.warn('job:retryable', { ...failure, dueAt: next?.due })
  else log.error('job:failed', failure)
}

/** Where an attempt failed, as its child has told it. */
export function stackOf({ status, error }: AttemptResult): string {
  if (error.length === 0 || status === 'cancelled' || status === 'lost') return ''
  try {
    return unpackError(error).stack ?? ''
  } catch {
    // Whoever is told of the outcome unpacks it too, and says so.
    return ''
  }
}
