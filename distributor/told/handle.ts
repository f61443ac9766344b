import type { Clock, Timer } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import type { DoneArgs } from '../../src/job/types.js'
import { shown } from '../../src/options/duration.js'
import { type ProgressFeed, valuesOf } from './progress.js'
import { onAbort } from './signals.js'
import type { Ticket, Waiter } from './ticket.js'

/** How long to wait: a signal that ends it, a number of milliseconds, or both. */
export interface WaitOptions {
  readonly signal?: AbortSignal
  /** Milliseconds, 0 or more. Default: Infinity. Rejects with JR_TIMEOUT. */
  readonly timeout?: number
}

export type CancelAnswer = 'cancelled' | 'cancelling' | 'not-found'

/** What a handle needs of its distributor. */
export interface HandleOwner {
  readonly clock: Clock
  cancel(ticket: Ticket): Promise<CancelAnswer>
  watch(ticket: Ticket): void
  /** Why nothing has been heard of its end so far, for people. */
  explain(ticket: Ticket): string
  readonly progress: ProgressFeed
}

/** One enqueued job. */
export class JobHandle<Name extends string = string> {
  readonly #enqueued: Ticket
  readonly #owner: HandleOwner
  #accepted: Promise<void> | null = null

  constructor(ticket: Ticket, owner: HandleOwner) {
    this.#enqueued = ticket
    this.#owner = owner
  }

  get #ticket(): Ticket {
    return this.#enqueued.now
  }

  /** Of a job with the option `unique` it may be another job's once it is accepted: that with which it is one. */
  get id(): string {
    return this.#ticket.id
  }

  get name(): Name {
    return this.#ticket.name as Name
  }

  /**
   * Resolves when a node has the job on disk, or when it is over: the result of a quick job does not wait for the disk.
   * Rejects when no node will have it: JR_BACKLOG_FULL, JR_NO_SUCH_JOB,
   * JR_ARGS_TOO_LARGE, JR_DUPLICATE (`error.job`: the id of the one that is there), JR_CANCELLED, JR_STOPPED. Need not be waited for.
   */
  get accepted(): Promise<void> {
    this.#accepted ??= this.#waitAccepted()
    return this.#accepted
  }

  /**
   * The job's args with everything that it added, when it has completed; of a periodic job, those of its next run.
   * Rejects with the job's error when it has failed, with JR_CANCELLED, with what `accepted` rejects with, with
   * JR_OUTCOME_UNKNOWN when the job had ended before anybody asked and its outcome was lost with a connection, and with
   * JR_STORE_LOST when its node came back with a store that does not have it any more.
   */
  result(options: WaitOptions = {}): Promise<DoneArgs<Name>> {
    const ticket = this.#ticket
    if (ticket.status === 'over') {
      const answer = ticket.result === null ? Promise.reject(ticket.error) : Promise.resolve(ticket.result)
      return answer as Promise<DoneArgs<Name>>
    }
    this.#owner.watch(ticket)
    return wait(
      this.#owner.clock,
      options,
      `the result of job ${ticket.id}`,
      (waiter) => ticket.whenEnded(waiter as Waiter<unknown>),
      () => `: ${this.#owner.explain(ticket)}`,
    ) as Promise<DoneArgs<Name>>
  }

  /**
   * Ends the job: one that waits at once, one that runs by its signal. Its error feedback is called with
   * JR_CANCELLED. `not-found`: it had ended already, or is lost. Waits for the node when that is away.
   */
  cancel(options: WaitOptions = {}): Promise<CancelAnswer> {
    return wait(
      this.#owner.clock,
      options,
      `the cancelling of job ${this.#ticket.id}`,
      ({ resolve, reject }) => {
        this.#owner.cancel(this.#ticket).then(resolve, reject)
        return () => {}
      },
    )
  }

  /**
   * What the job tells with `ctx.progress`, from the latest value on that is known here: `for await (const value of
   * handle.progress())`. Ends when the job has ended, or its run of a schedule. Who is slow gets the latest. At most ten a second.
   */
  progress<Value = unknown>(): AsyncGenerator<Value, void> {
    const ticket = this.#ticket
    if (ticket.status !== 'over') this.#owner.watch(ticket)
    return valuesOf(ticket, this.#owner.progress)
  }

  #waitAccepted(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => this.#enqueued.whenAccepted({ resolve, reject }))
    // Whoever reads it decides whether to wait; a rejection that nobody waits for is in the error feedback too.
    promise.catch(() => {})
    return promise
  }
}

/**
 * A promise that can be given up: by a signal, or after a time. `begin` answers how to let go of what it holds,
 * which is called when the promise has settled; `explain` what is added to the words of a time-out. Rejects with a TypeError
 * for another time or signal.
 */
export function wait<T>(
  clock: Clock,
  options: WaitOptions,
  what: string,
  begin: (waiter: Waiter<T>) => () => void,
  explain: () => string = () => '',
): Promise<T> {
  const { signal, timeout = Number.POSITIVE_INFINITY } = options
  return new Promise<T>((resolve, reject) => {
    if (typeof timeout !== 'number' || !(timeout >= 0)) {
      throw new TypeError(`options.timeout: expected milliseconds, 0 or more, got ${shown(timeout)}`)
    }
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new TypeError(`options.signal: expected an AbortSignal, got ${shown(signal)}`)
    }
    if (signal?.aborted) return reject(signal.reason)
    let over = false
    let timer: Timer | null = null
    let forget: (() => void) | null = null
    let unlisten: (() => void) | null = null
    const end = (settle: () => void) => {
      if (over) return
      over = true
      timer?.cancel()
      unlisten?.()
      forget?.()
      settle()
    }
    if (signal !== undefined) unlisten = onAbort(signal, () => end(() => reject(signal.reason)))
    if (timeout !== Number.POSITIVE_INFINITY) {
      const late = () =>
        reject(new JrError('JR_TIMEOUT', `${what} took longer than ${timeout} ms${explain()}`))
      timer = clock.setTimer(timeout, () => end(late))
    }
    forget = begin({
      resolve: (value) => end(() => resolve(value)),
      reject: (error) => end(() => reject(error)),
    })
    if (over) forget?.()
  })
}
