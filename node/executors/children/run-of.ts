import type { Run } from '../../../src/attempt/messages.js'
import { NO_HEADERS } from '../../../src/job/terms/headers.js'
import { runOf as slotOf } from '../../../src/schedules/runs.js'
import type { Attempt } from '../../run/attempt.js'

/** What a child is told of an attempt that it is to run. */
export function runOf({ token, job, attempt, maxAttempts, startedAt, brought }: Attempt): Run {
  return {
    type: 'run',
    token,
    id: job.id,
    name: job.name,
    attempt,
    maxAttempts,
    slot: job.course.slot,
    scheduledFor: slotOf(job)?.slot ?? 0,
    enqueuedAt: job.enqueuedAt,
    startedAt,
    headers: job.agreed.terms.headers ?? NO_HEADERS,
    edition: job.edition,
    follows: brought !== null,
    args: job.args,
  }
}
