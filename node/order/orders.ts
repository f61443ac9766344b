import type { Lane } from '../../src/job/lane.js'
import type { Place } from '../../src/job/record.js'

/**
 * Orders of a life of the node begin at its first number divided by this: 16 for each millisecond, more than jobs can come. Numbers
 * themselves have more digits than a due time, in whose place orders stand.
 */
const NUMBERS_OF_ORDER = 256

/** The order of jobs that were put behind others: each has a higher one than those before it, also than those of earlier lives. */
export class Orders {
  #last = 0

  /** `seq`: the number of the place that the job was to have. */
  next(seq: number): number {
    this.#last = Math.max(this.#last + 1, Math.floor(seq / NUMBERS_OF_ORDER))
    return this.#last
  }
}

/** In front of the jobs of such a lane that are taken up; null: all are. `oldest`: the least number of those; 0: any. */
export function behindOld(lane: Lane, oldest: number): Place | null {
  return oldest === 0
    ? null
    : { lane, due: Math.floor(oldest / NUMBERS_OF_ORDER) - 1, seq: Number.MAX_SAFE_INTEGER }
}
