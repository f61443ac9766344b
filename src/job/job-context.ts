import type { ChildJob, ContextOptions, NeededJob, OtherJobs, WaitsForChildren } from './others.js'
import type { Snooze } from './snooze.js'
import type { JobHeaders } from './terms/headers.js'
import type { DoneArgs, GivenFor, JobName } from './types.js'

/** What a job can know about its run, and what it can ask for. */
export interface JobContext {
  readonly id: string
  readonly name: string
  /** From 1; attempts of a periodic job are counted afresh for each run. */
  readonly attempt: number
  readonly maxAttempts: number
  /** The name of the node. */
  readonly node: string
  /** Which run of a schedule this is, from 1; runs that were missed count. */
  readonly run: number
  /** The slot that a run of a schedule was due at; null: it is no run of `JR.schedule`. */
  readonly scheduledFor: Date | null
  readonly enqueuedAt: Date
  readonly startedAt: Date
  /** What it was enqueued with as `headers`; frozen. Jobs that it enqueues have them too. */
  readonly headers: JobHeaders
  /**
   * What an earlier attempt of this job has saved last with `checkpoint`; undefined: nothing. Stays as it was when this attempt
   * began.
   */
  readonly saved: unknown
  /** Aborts when the attempt times out, is cancelled, or the node stops. */
  readonly signal: AbortSignal
  /** Goes to the node's log with the job's id. The last lines are kept with the job (`keepLogs`). */
  readonly log: JobLog
  /**
   * Enqueues a job at this job's own node. Its outcome goes to the named feedbacks of the app that sent this job. Throws
   * a TypeError for bad arguments, and for feedback functions: they would end with this process.
   */
  enqueue<Name extends JobName>(
    name: Name,
    ...rest: GivenFor<Name, [options?: ContextOptions]>
  ): ContextHandle<Name>
  /** Of a job of a flow those that it needs, by their keys. Of one that needs all others: see `others`. */
  readonly needs: Readonly<Record<string, NeededJob>>
  /** Of a job that needs all others of its flow how these have ended; null: it needs some, or none. */
  readonly others: OtherJobs | null
  /** The children that this job has made in the attempts before this one, with `ctx.enqueue(…, { child: true })`. */
  readonly children: readonly ChildJob[]
  /**
   * `return ctx.waitForChildren()`: the job is blocked until all children that it has made have ended, in whatever way, and runs again
   * then, from its beginning, with `ctx.children`. The attempt does not count. Throws a TypeError when it has none that has not ended.
   */
  waitForChildren(): WaitsForChildren
  /**
   * Tells how far the job is, as often as you like: whoever listens hears at most ten values a second, and always the latest.
   * Kept in memory while the job runs. Throws JR_VALUE_NOT_SERIALIZABLE, or JR_VALUE_TOO_LARGE beyond 4 KiB packed, of a value
   * that is sent at once; of one that waits a line of the log says so.
   */
  progress(value: unknown): void
  /**
   * Saves a value for the next attempt of this job, which has it as `saved`, whatever has ended this one. Resolves when it is
   * on the disk; of several at once, when the last is. In place of what was saved before; gone when the job ends, and with each
   * run of a period. Throws JR_VALUE_NOT_SERIALIZABLE, or JR_VALUE_TOO_LARGE beyond 64 KiB packed.
   */
  checkpoint(value: unknown): Promise<void>
  /**
   * `return ctx.snooze('5m')`: the job runs again after this time, from its beginning, and the attempt does not count. Seconds or
   * a duration, 1 ms at least; throws a TypeError for another. Not to return it does nothing.
   */
  snooze(duration: number | string): Snooze
}

/** A job's own facts, as `args.jobItself` has them with the option `mergeJobItselfToArgs`. */
export type JobItself = Omit<
  JobContext,
  | 'headers'
  | 'saved'
  | 'signal'
  | 'log'
  | 'enqueue'
  | 'progress'
  | 'checkpoint'
  | 'snooze'
  | 'needs'
  | 'others'
  | 'children'
  | 'waitForChildren'
>

export interface JobLog {
  debug(text: string, facts?: Record<string, unknown>): void
  info(text: string, facts?: Record<string, unknown>): void
  warn(text: string, facts?: Record<string, unknown>): void
  error(text: string, facts?: Record<string, unknown>): void
}

export interface ContextHandle<Name extends string = string> {
  readonly id: string
  /** Resolves when the job is on disk, or over. */
  readonly accepted: Promise<void>
  /** The job's args with its results. Works while the job that enqueued it runs. */
  result(): Promise<DoneArgs<Name>>
}
