import type { EnqueueOptions } from './enqueue-options.js'
import type { TerminalState } from './states.js'
import type { JobArgs, JobFailure } from './types.js'

/** A job that this one needs, as it has ended. */
export interface NeededJob {
  readonly id: string
  readonly name: string
  readonly state: TerminalState
  /** Its args with its results. Reading it throws JR_NEEDS_TOO_LARGE when they were too much to be sent along. */
  readonly args: JobArgs
  /** Why it has not completed; null: it has. */
  readonly error: JobFailure | null
}

/** A job that this one has made as its child. */
export interface ChildJob extends Omit<NeededJob, 'state'> {
  /** Null: it has not ended. Its args are as they were enqueued then, and are not sent along: they are `{}`. */
  readonly state: TerminalState | null
}

/** How all others of a flow have ended, for the job that needs all of them. */
export interface OtherJobs {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** The first 100 of those that have not completed, by their keys. */
  readonly failures: Readonly<Record<string, NeededJob>>
}

/** Options of `ctx.enqueue`. */
export interface ContextOptions extends EnqueueOptions {
  /** The job may be waited for: see `ctx.waitForChildren`. Default false. */
  readonly child?: boolean
  /**
   * It becomes a job in the step in which this one completes, or never: not when the attempt fails. Nothing of its handle can be
   * awaited. If a job of its id, or with its key, waits or runs by then, that one is left as it is. At most 1,000 an attempt.
   * Default false.
   */
  readonly withCompletion?: boolean
}

/** What `ctx.waitForChildren` answers: a job that returns it is blocked until its children have ended, and runs again then. */
export class WaitsForChildren {
  readonly waitsFor = 'children'
}
