import type { Feedback } from './ticket.js'

/** Feedbacks of a job's name: they also get outcomes of jobs that another life of the app enqueued. */
export interface NamedFeedback {
  readonly success?: Feedback
  readonly error?: Feedback
}

/** What was given for the jobs of a name. Throws a TypeError for what is no function. */
export function namedFeedback(
  name: string,
  { success, error }: { readonly success?: unknown; readonly error?: unknown },
): NamedFeedback {
  for (const [key, given] of Object.entries({ success, error })) {
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`feedback('${name}'): ${key} must be a function, got ${typeof given}`)
  }
  return {
    ...(success === undefined ? {} : { success: success as Feedback }),
    ...(error === undefined ? {} : { error: error as Feedback }),
  }
}
