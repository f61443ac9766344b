import { unpackChecked } from '../bytes/codec.js'
import { JrError } from '../errors.js'
import type { ContextHandle, JobContext, JobItself, JobLog } from '../job/job-context.js'
import {
  type ChildJob,
  type ContextOptions,
  type NeededJob,
  type OtherJobs,
  WaitsForChildren,
} from '../job/others.js'
import { Snooze } from '../job/snooze.js'
import type { JobHeaders } from '../job/terms/headers.js'
import type { GivenFor, JobArgs, JobName } from '../job/types.js'
import { type Given, NOTHING_GIVEN, readGiven } from '../pipe/given-bytes.js'
import { asText, packFacts } from './job-log.js'
import type { AbortReason, Run } from './messages.js'
import { seenChildren, seenNeeds, seenOthers } from './others.js'

/** What a context asks of the child that it runs on. */
export interface ContextHost {
  readonly node: string
  /** `facts`: as of `Log`. */
  log(run: Run, level: keyof JobLog, text: string, facts: string): void
  checkpoint(run: Run, value: unknown): Promise<void>
  progress(run: Run, value: unknown): void
  enqueue(run: Run, name: string, args: JobArgs, opts: ContextOptions, ...more: unknown[]): ContextHandle
}

/** The `ctx` of one attempt. What most jobs don't ask for is made when it is asked for. */
export class Context implements JobContext {
  readonly #run: Run
  readonly #host: ContextHost
  #controller: AbortController | null = null
  #aborted: AbortReason | null = null
  #log: JobLog | null = null
  /** Packed; null: nothing, or it is unpacked. */
  #packed: Buffer | null = null
  #saved: unknown
  #given: Given = NOTHING_GIVEN
  #needs: Readonly<Record<string, NeededJob>> | null = null
  #children: readonly ChildJob[] | null = null
  /** What becomes of the children that this attempt has made. */
  readonly #made: Promise<void>[] = []

  constructor(run: Run, host: ContextHost) {
    this.#run = run
    this.#host = host
  }

  get id(): string {
    return this.#run.id
  }
  get name(): string {
    return this.#run.name
  }
  get attempt(): number {
    return this.#run.attempt
  }
  get maxAttempts(): number {
    return this.#run.maxAttempts
  }
  get node(): string {
    return this.#host.node
  }
  get run(): number {
    return this.#run.slot + 1
  }
  get scheduledFor(): Date | null {
    return this.#run.scheduledFor === 0 ? null : new Date(this.#run.scheduledFor)
  }
  get enqueuedAt(): Date {
    return new Date(this.#run.enqueuedAt)
  }
  get startedAt(): Date {
    return new Date(this.#run.startedAt)
  }
  get headers(): JobHeaders {
    return this.#run.headers
  }

  get saved(): unknown {
    if (this.#packed !== null) this.#saved = unpackChecked(this.#packed)
    this.#packed = null
    return this.#saved
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#aborted !== null) this.#controller.abort(abortError(this.#run, this.#aborted))
    }
    return this.#controller.signal
  }

  get log(): JobLog {
    this.#log ??= this.#makeLog()
    return this.#log
  }

  enqueue<Name extends JobName>(
    name: Name,
    ...rest: GivenFor<Name, [options?: ContextOptions]>
  ): ContextHandle<Name>
  enqueue(name: string, args: JobArgs = {}, options: ContextOptions = {}, ...more: unknown[]): ContextHandle {
    const handle = this.#host.enqueue(this.#run, name, args, options, ...more)
    if (options.child === true) this.#made.push(handle.accepted)
    return handle
  }

  get needs(): Readonly<Record<string, NeededJob>> {
    this.#needs ??= seenNeeds(this.#given.needs)
    return this.#needs
  }

  get others(): OtherJobs | null {
    return seenOthers(this.#given.others)
  }

  get children(): readonly ChildJob[] {
    this.#children ??= seenChildren(this.#given.children)
    return this.#children
  }

  waitForChildren(): WaitsForChildren {
    if (this.#made.length > 0 || this.#given.children.some(({ state }) => state === null))
      return new WaitsForChildren()
    throw new TypeError(
      'ctx.waitForChildren: this job has no child that has not ended: make one with ctx.enqueue(name, args, { child: true }), or read ctx.children',
    )
  }

  /** All children of this attempt are jobs. Rejects with what one of them was refused for. */
  async childrenAccepted(): Promise<void> {
    await Promise.all(this.#made)
  }

  progress(value: unknown): void {
    this.#host.progress(this.#run, value)
  }

  checkpoint(value: unknown): Promise<void> {
    return this.#host.checkpoint(this.#run, value)
  }

  snooze(duration: number | string): Snooze {
    return new Snooze(duration)
  }

  /** What an earlier attempt has saved, and what it is told of other jobs; empty: nothing. Before the job sees it. */
  give(saved: Buffer, given: Buffer): void {
    if (saved.length > 0) this.#packed = saved
    this.#given = readGiven(given)
  }

  /** Why this attempt was asked to end; null when it was not. */
  get aborted(): AbortReason | null {
    return this.#aborted
  }

  abort(reason: AbortReason): void {
    if (this.#aborted !== null) return
    this.#aborted = reason
    this.#controller?.abort(abortError(this.#run, reason))
  }

  /** The same facts as plain data, for `args.jobItself`. */
  facts(): JobItself {
    const { id, name, attempt, maxAttempts, node, run, scheduledFor, enqueuedAt, startedAt } = this
    return { id, name, attempt, maxAttempts, node, run, scheduledFor, enqueuedAt, startedAt }
  }

  #makeLog(): JobLog {
    const at = (level: keyof JobLog) => (text: string, facts?: Record<string, unknown>) =>
      this.#host.log(this.#run, level, asText(text), packFacts(facts))
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }
}

export function abortError(run: Run, reason: AbortReason): JrError {
  const what = `attempt ${run.attempt} of '${run.name}'`
  if (reason === 'timeout') return new JrError('JR_TIMEOUT', `${what} took longer than its timeout`)
  if (reason === 'cancel') return new JrError('JR_CANCELLED', `${what} was cancelled`)
  return new JrError('JR_STOPPED', `${what} was interrupted: the node stops`)
}
