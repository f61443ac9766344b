import { homeKeyOf } from '../../src/job/home.js'
import { countOf, kindOf } from './bundle.js'
import type { OutJob } from './out-job.js'
import { Queue } from './queue.js'

/**
 * Jobs that wait for a node, in queues of jobs that the same nodes can take: so the head of each queue speaks for all
 * of it, and a node that comes or has room again does not have to be tried with every job.
 */
export class HeldJobs {
  readonly #queues = new Map<string, Queue<OutJob>>()
  #size = 0
  #bytes = 0

  get size(): number {
    return this.#size
  }

  /** Of their args. */
  get bytes(): number {
    return this.#bytes
  }

  add(job: OutJob): void {
    const key = keyOf(job)
    const queue = this.#queues.get(key) ?? new Queue<OutJob>()
    this.#queues.set(key, queue)
    queue.push(job)
    this.#size += countOf(job)
    this.#bytes += job.bytes
  }

  /** Offers the head of each queue until it is refused, as long as there is room for any. */
  release(take: (job: OutJob) => boolean, isFull: () => boolean): void {
    for (const [key, queue] of this.#queues) {
      // There may be as many queues as jobs.
      if (isFull()) return
      for (let job = queue.peek(); job !== undefined && take(job); job = queue.peek()) {
        queue.shift()
        this.#size -= countOf(job)
        this.#bytes -= job.bytes
      }
      if (queue.size === 0) this.#queues.delete(key)
    }
  }

  /** The first that `test` answers true for, of so many that are looked at. */
  find(test: (job: OutJob) => boolean, most: number): OutJob | undefined {
    let looked = 0
    for (const queue of this.#queues.values()) {
      for (const job of queue) {
        if (test(job)) return job
        if (++looked === most) return undefined
      }
    }
    return undefined
  }

  /** Takes out all jobs of each queue whose head `test` answers true for. */
  removeAlike(test: (job: OutJob) => boolean): OutJob[] {
    const removed: OutJob[] = []
    for (const [key, queue] of this.#queues) {
      const head = queue.peek()
      if (head === undefined || !test(head)) continue
      for (const job of queue) removed.push(job)
      this.#queues.delete(key)
    }
    return this.#without(removed)
  }

  /** Takes out what `test` answers true for. */
  remove(test: (job: OutJob) => boolean): OutJob[] {
    const removed: OutJob[] = []
    for (const [key, queue] of this.#queues) {
      for (const job of queue.remove(test)) removed.push(job)
      if (queue.size === 0) this.#queues.delete(key)
    }
    return this.#without(removed)
  }

  #without(removed: OutJob[]): OutJob[] {
    for (const job of removed) {
      this.#size -= countOf(job)
      this.#bytes -= job.bytes
    }
    return removed
  }
}

/** Jobs that have different homes may belong to different nodes: those of each key have a queue of their own. */
function keyOf(job: OutJob): string {
  // Together they may need more of a node than each of them.
  if (job.bundle !== null) return `together ${job.id}`
  const home = homeKeyOf(job)
  return home === null ? kindOf(job) : `${kindOf(job)} of ${home}`
}
