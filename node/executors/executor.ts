import type { Log } from '../../src/attempt/messages.js'
import type { JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import type { ChildEnqueue } from '../../src/pipe/messages.js'
import type { Asker } from '../report/asked-outcomes.js'
import type { Attempt, AttemptResult } from '../run/attempt.js'

/** How many attempts can be under way of each kind. */
export interface Slots {
  readonly evented: number
  readonly deferred: number
}

/** What runs attempts. Each attempt that it is given comes back as one result, also when what it ran on is lost. */
export interface Executor {
  /** The jobs that it can run, by name: its own, whatever others run. */
  readonly jobs: ReadonlyMap<string, JobDefinition>
  /** When all that it runs attempts on is there. */
  readonly slots: Slots
  /** Whether it takes another attempt; `alone`: one with nothing else beside it. */
  hasRoom(deferred: boolean, alone: boolean): boolean
  /** Only when there is room. */
  run(attempt: Attempt): void
  /** Asks an attempt to end for good, and sees to it that it does. */
  cancel(token: number): void
  /** Whether what attempts say is not taken for now: it waits where it comes from. */
  hold(on: boolean): void
  /**
   * Takes nothing more, waits up to `timeoutMs` (may be Infinity) for what runs, gives back the rest. Tolerates repeats; one
   * without patience hastens the first.
   */
  stop(timeoutMs: number): Promise<void>
}

/** What an executor tells the node. */
export interface ExecutorHandlers {
  /** It can run other jobs than before. */
  readonly onJobs: () => void
  readonly onResults: (results: readonly AttemptResult[]) => void
  /** There may be room that was not there before. */
  readonly onCapacity: () => void
  /** An attempt enqueues a job. */
  readonly onEnqueue: (request: ChildEnqueue, by: Attempt, asker: Asker) => void
  /** An attempt saves something for the next. `done` is called when it is on the disk, or is not to be. */
  readonly onCheckpoint: (by: Attempt, value: Buffer, done: (error: JrError | null) => void) => void
  /** An attempt tells how far it is. */
  readonly onProgress: (by: Attempt, value: Buffer) => void
  /** An attempt has logged a line, which is in the log. */
  readonly onLine: (by: Attempt, line: Log) => void
  /** It has read what it was sent. */
  readonly onRoom: (asker: Asker) => void
  /** It is lost: nothing that it asked for is wanted any more. */
  readonly onGone: (asker: Asker) => void
}
