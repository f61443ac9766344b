import type { EnqueueOptions } from '../src/job/enqueue-options.js'
import type { JobArgs } from '../src/job/types.js'
import { shown } from '../src/options/duration.js'
import type { Feedback, OutcomeInfo } from './told/ticket.js'

/** A job on its way through the middleware, before it is checked. `args` and `opts` may be changed, or replaced. */
export interface JobToEnqueue {
  readonly name: string
  args: JobArgs
  opts: { -readonly [Key in keyof EnqueueOptions]: EnqueueOptions[Key] }
}

/** What a feedback function is to be called with. `args` may be changed, or replaced; of an error feedback they have `error`. */
export interface OutcomeToTell {
  readonly info: OutcomeInfo
  args: JobArgs
}

/** What is done around each enqueue of this app, and around each of its feedbacks. */
export interface Middleware {
  /**
   * Called within `enqueue` and its like, once for each job; `next` goes on to the next middleware, and to the job. What it throws is
   * thrown by the enqueue, and nothing is enqueued: that is how to refuse a job. Not asynchronous, as `enqueue` is not.
   */
  readonly enqueue?: (job: JobToEnqueue, next: () => void) => void
  /**
   * Called in place of each feedback function; `next` calls it, and answers when it is done. Not to call `next` is to keep the
   * outcome from it. What it throws, or rejects with, counts as thrown by the feedback. The outcome is taken when it is done.
   */
  readonly feedback?: (outcome: OutcomeToTell, next: () => Promise<void>) => unknown
}

const FIELDS = ['enqueue', 'feedback']

/** All middleware of an app, in the order in which it was given: the first is the outermost. */
export class Middlewares {
  readonly #enqueue: NonNullable<Middleware['enqueue']>[] = []
  readonly #feedback: NonNullable<Middleware['feedback']>[] = []

  /**
   * Does something around each enqueue and each feedback from now on. What is given first is outermost. Throws a TypeError for
   * what is no middleware.
   */
  use = (middleware: Middleware): void => {
    if (typeof middleware !== 'object' || middleware === null)
      throw new TypeError(`use: expected { enqueue, feedback }, got ${shown(middleware)}`)
    for (const [key, value] of Object.entries(middleware)) {
      if (!FIELDS.includes(key)) throw new TypeError(`use: ${key}: expected ${FIELDS.join(' or ')}`)
      if (value !== undefined && typeof value !== 'function')
        throw new TypeError(`use: ${key}: expected a function, got ${shown(value)}`)
    }
    if (middleware.enqueue !== undefined) this.#enqueue.push(middleware.enqueue)
    if (middleware.feedback !== undefined) this.#feedback.push(middleware.feedback)
  }

  /** Whether anything is around enqueues. */
  get meetsJobs(): boolean {
    return this.#enqueue.length > 0
  }

  /** The job as it is to be enqueued. What the caller has given stays as it is. */
  enqueued(name: string, args: JobArgs | undefined, opts: EnqueueOptions | undefined): JobToEnqueue {
    const job: JobToEnqueue = { name, args: copied(args), opts: copied(opts) }
    let isThrough = false
    const go = (at: number): void => {
      const one = this.#enqueue[at]
      if (one === undefined) isThrough = true
      else if ((one(job, () => go(at + 1)) as unknown) instanceof Promise)
        throw new TypeError(`enqueue '${name}': middleware answered a promise, and enqueue does not wait`)
    }
    go(0)
    if (!isThrough)
      throw new TypeError(
        `enqueue '${name}': middleware did not call next(); to refuse a job, throw an error`,
      )
    return job
  }

  /** Calls a feedback function. */
  tell(feedback: Feedback, args: JobArgs, info: OutcomeInfo): unknown {
    if (this.#feedback.length === 0) return feedback(args, info)
    const outcome: OutcomeToTell = { info, args }
    const go = async (at: number): Promise<void> => {
      const one = this.#feedback[at]
      await (one === undefined ? feedback(outcome.args, info) : one(outcome, () => go(at + 1)))
    }
    return go(0)
  }
}

/** What is no object is refused where it is checked, as it is. */
function copied<T extends object>(given: T | undefined): T {
  if (given === undefined || given === null) return {} as T
  return typeof given === 'object' && !Array.isArray(given) ? { ...given } : given
}
