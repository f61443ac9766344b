import { fits, type Limits } from '../../src/window.js'
import { countOf, lastNumberOf, restOf } from '../sending/bundle.js'
import type { OutJob } from '../sending/out-job.js'
import { Queue } from '../sending/queue.js'
import { SUSPECT } from './suspicion.js'

/** Jobs that were given to a node and that it has not accepted, in the order of their numbers. Those that are to be taken together are one. */
export class Ledger {
  readonly #jobs = new Queue<OutJob>()
  #size = 0
  #bytes = 0
  #careful = false

  /** Each of those that are to be taken together counts. */
  get size(): number {
    return this.#size
  }

  get first(): OutJob | undefined {
    return this.#jobs.peek()
  }

  /** Something that is sent may be what ends the connection: one job at a time, until all of these are accepted. */
  get careful(): boolean {
    return this.#careful
  }

  [Symbol.iterator](): Iterator<OutJob> {
    return this.#jobs[Symbol.iterator]()
  }

  count(test: (job: OutJob) => boolean): number {
    let count = 0
    for (const job of this.#jobs) {
      if (test(job)) count++
      for (const each of restOf(job)) if (test(each)) count++
    }
    return count
  }

  /** Whether one more of so many bytes may be sent. */
  fits(bytes: number, credit: Limits): boolean {
    return !this.#careful && fits(this.#size, this.#bytes, bytes, credit)
  }

  add(job: OutJob): void {
    this.#jobs.push(job)
    this.#size += countOf(job)
    this.#bytes += job.bytes
  }

  /** The first one, if no number of it is above this. */
  take(number: number): OutJob | undefined {
    const job = this.#jobs.peek()
    if (job === undefined || lastNumberOf(job) > number) return undefined
    this.#jobs.shift()
    this.#gone(job)
    return job
  }

  remove(test: (job: OutJob) => boolean): OutJob[] {
    const jobs = this.#jobs.remove(test)
    for (const job of jobs) this.#gone(job)
    return jobs
  }

  /**
   * The connection was lost with these on their way, but for those that are `unsent`. One that was alone is what ended it, as often
   * as that could be tried: it is answered, and taken out.
   */
  suspect(blame: number, unsent: ReadonlySet<OutJob>): OutJob | null {
    if (this.#careful) return this.take(Number.POSITIVE_INFINITY) ?? null
    for (const job of this.#jobs) if (!unsent.has(job)) job.suspicion += blame
    return null
  }

  /** There is a connection again, over which all are sent anew. True: one at a time. */
  begin(): boolean {
    this.#careful = false
    for (const { suspicion } of this.#jobs) this.#careful ||= suspicion >= SUSPECT
    return this.#careful
  }

  /** The one that was sent alone is accepted, or refused. */
  goOn(): void {
    this.#careful = this.#jobs.size > 0
  }

  #gone(job: OutJob): void {
    this.#size -= countOf(job)
    this.#bytes -= job.bytes
  }
}
