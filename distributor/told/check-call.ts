import { checked, NAME } from '../../src/rules.js'

/** Throws a TypeError that begins with what was called. */
export function checkCall(name: unknown, onSuccess: unknown, onError: unknown): void {
  checked(NAME, name, "enqueue: the job's name")
  checkFeedbacks('enqueue', onSuccess, onError)
}

export function checkFeedbacks(call: string, onSuccess: unknown, onError: unknown): void {
  for (const [what, given] of [
    ['onSuccess', onSuccess],
    ['onError', onError],
  ] as const) {
    if (given !== undefined && given !== null && typeof given !== 'function') {
      throw new TypeError(`${call}: ${what} must be a function, got ${typeof given}`)
    }
  }
}
