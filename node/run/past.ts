import { unpackError } from '../../src/bytes/error-record.js'
import type { AttemptError, PastAttempt } from '../../src/job/attempts.js'
import type { AttemptResult, Over } from './attempt.js'

/** What the record of the job keeps of an attempt that is over. `node`: that it was on. */
export function pastOf(
  { attempt, child, finishedAt }: Over,
  node: string,
  error: AttemptError | null,
): PastAttempt {
  return { number: attempt.attempt, node, child, startedAt: attempt.startedAt, finishedAt, error }
}

/** Why an attempt failed, as its child has told it, or as the node has found it; null: it did not. */
export function errorOf({ status, code, message, error }: AttemptResult): AttemptError | null {
  if (message === '' && code === '') return null
  const { name, stack } = told(error)
  // Where the node has found it is nothing to its users.
  return { name, message, code, stack: status === 'cancelled' || status === 'lost' ? '' : stack }
}

function told(error: Buffer): { readonly name: string; readonly stack: string } {
  try {
    const { name, stack = '' } = unpackError(error)
    return { name, stack }
  } catch {
    // Whoever is told of the outcome unpacks it too, and says so.
    return { name: 'Error', stack: '' }
  }
}
