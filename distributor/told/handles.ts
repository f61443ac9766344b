import type { DoneArgs } from '../../src/job/types.js'
import { type HandleOwner, JobHandle, type WaitOptions, wait } from './handle.js'
import type { Ticket, Waiter } from './ticket.js'

/** Jobs that were enqueued together, in the order of their args. */
export class JobHandles<Name extends string = string> implements Iterable<JobHandle<Name>> {
  readonly #tickets: readonly Ticket[]
  readonly #owner: HandleOwner
  #accepted: Promise<void> | null = null

  constructor(tickets: readonly Ticket[], owner: HandleOwner) {
    this.#tickets = tickets
    this.#owner = owner
  }

  get length(): number {
    return this.#tickets.length
  }

  /** Their ids, as `JobHandle.id` says them. */
  get ids(): string[] {
    return this.#tickets.map(({ now }) => now.id)
  }

  /**
   * Resolves when nodes have all of them on disk. Rejects, once it is known of each, with why the first was refused
   * that was (see `JobHandle.accepted`); the others are accepted all the same.
   */
  get accepted(): Promise<void> {
    this.#accepted ??= this.#waitAccepted()
    return this.#accepted
  }

  /** The handle of one of them: from 0, or from the end when it is below 0. */
  at(index: number): JobHandle<Name> | undefined {
    const ticket = this.#tickets.at(index)
    return ticket === undefined ? undefined : new JobHandle<Name>(ticket, this.#owner)
  }

  *[Symbol.iterator](): IterableIterator<JobHandle<Name>> {
    for (const ticket of this.#tickets) yield new JobHandle<Name>(ticket, this.#owner)
  }

  /** What `JobHandle.result` answers for each, in order. Rejects with what the first of them rejects with. */
  results(options: WaitOptions = {}): Promise<DoneArgs<Name>[]> {
    return wait(this.#owner.clock, options, `the results of ${this.length} jobs`, ({ resolve, reject }) => {
      const given = new AbortController()
      const { signal } = given
      Promise.all(Array.from(this, (handle) => handle.result({ signal }))).then(resolve, reject)
      return () => given.abort()
    })
  }

  #waitAccepted(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      let left = 1
      let refused: { readonly error: unknown } | null = null
      const settle = () => {
        if (--left > 0) return
        if (refused === null) resolve()
        else reject(refused.error)
      }
      // One for all of them: a promise each would cost more than the jobs.
      const waiter: Waiter<void> = {
        resolve: settle,
        reject: (error) => {
          refused ??= { error }
          settle()
        },
      }
      for (const ticket of this.#tickets) {
        left++
        ticket.whenAccepted(waiter)
      }
      settle()
    })
    // Whoever reads it decides whether to wait; a rejection that nobody waits for is in the error feedbacks too.
    promise.catch(() => {})
    return promise
  }
}
