import type { OutJob } from './out-job.js'
import { Queue } from './queue.js'

/**
 * Jobs that wait for a node, in queues of jobs that the same nodes can take: so the head of each queue speaks for all
 * of it, and a node that comes or has room again does not have to be tried with every job.
 */
export class HeldJobs {
  readonly #queues = new Map<string, Queue<OutJob>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(job: OutJob): void {
    const key = keyOf(job)
    const queue = this.#queues.get(key) ?? new Queue<OutJob>()
    this.#queues.set(key, queue)
    queue.push(job)
    this.#size++
  }

  /** Offers the head of each queue until it is refused. */
  release(take: (job: OutJob) => boolean): void {
    for (const [key, queue] of this.#queues) {
      for (let job = queue.peek(); job !== undefined && take(job); job = queue.peek()) {
        queue.shift()
        this.#size--
      }
      if (queue.size === 0) this.#queues.delete(key)
    }
  }

  /** Takes out what `test` answers true for. */
  remove(test: (job: OutJob) => boolean): OutJob[] {
    const removed: OutJob[] = []
    for (const [key, queue] of this.#queues) {
      removed.push(...queue.remove(test))
      if (queue.size === 0) this.#queues.delete(key)
    }
    this.#size -= removed.length
    return removed
  }
}

/** Jobs with ids of their own may belong to different nodes: each has a queue of its own. */
function keyOf({ name, node, strictNode, notNode, edition, id }: OutJob): string {
  if (node === null && notNode.length === 0 && edition === 0) return name
  return JSON.stringify([name, node, strictNode, notNode, edition > 0 ? id : null])
}
