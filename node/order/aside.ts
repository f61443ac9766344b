import { laneOfName } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Family } from './line.js'
import type { Queue } from './queue.js'

/** Jobs on their way into the lanes of their names at most. */
const MOST = 500

/**
 * Puts jobs that stand with those of other names, and may not begin for now, into lanes of their names, so that those behind
 * them may. Where there are very many it does so in parts: the others of the family wait for each.
 */
export class Aside {
  readonly #put: (job: JobRecord, done: () => void) => void
  #moving = 0
  readonly #waiting = new Map<Family, Queue>()

  /** `put`: writes that it stands there now, and tells when that is done. */
  constructor(put: (job: JobRecord, done: () => void) => void) {
    this.#put = put
  }

  /** A part is under way: the family leaves the order until that is done. */
  isFull(family: Family, queue: Queue): boolean {
    if (this.#moving < MOST) return false
    queue.leave(family, 'closed')
    this.#waiting.set(family, queue)
    return true
  }

  put(job: JobRecord): void {
    this.#moving++
    this.#put(job, this.#done)
  }

  readonly #done = (): void => {
    if (--this.#moving > 0) return
    for (const [family, queue] of this.#waiting) {
      family.stands = 'idle'
      if (family.ring.size > 0) queue.enter(family)
    }
    this.#waiting.clear()
  }
}

/** The same job in the lane of its name. `seq`: of its place there. */
export function asideOf(job: JobRecord, seq: number): JobRecord {
  return { ...job, lane: laneOfName(job.lane, job.name), seq }
}
