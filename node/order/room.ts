import type { Held, WindowLimits } from './held.js'
import type { Line } from './line.js'

/** So many lanes in front are read ahead, and looked at for a job before somebody has to wait for a read. */
export const FRONT = 64
/** Where more than that share the room, so many jobs of a lane are read at a time: what it does not give it keeps. */
const FEW = 16
/** So many lanes may keep some of their jobs until their next turn. */
const MANY = 2048
/** Where there are more, a lane gives so many jobs in a turn, and keeps none: else it would be read for each. */
const TURN = 6
/** Jobs of a lane that are read at a time where no more than `FRONT` share the room, and that such a lane keeps. */
const SHARE = 256
/** Windows as large as the limits allow that are held at most. */
const FULL_WINDOWS = 4

/** Of `read` jobs, those of one lane that are read at a time: the more share the room, the fewer. */
export function shareOf(lanes: number, read: number): number {
  if (lanes > FRONT) return Math.min(read, lanes > MANY ? TURN : FEW)
  return lanes <= FULL_WINDOWS ? read : Math.min(read, Math.max(SHARE, Math.floor(read / lanes)))
}

/** Jobs that one of so many gives before it is another's turn. */
export function turnOf(lanes: number): number {
  return lanes > MANY ? TURN : 1
}

/** With so few jobs in memory a lane is read on. */
export function lowMark(lanes: number, read: number): number {
  return lanes > FRONT ? 0 : Math.floor(shareOf(lanes, read) / 4)
}

/** What jobs in memory may take. */
export class Room {
  readonly #held: Held
  readonly #jobs: number
  readonly #bytes: number
  /** What was left when room was last made. */
  #least = { jobs: 0, bytes: 0 }

  constructor(held: Held, { jobs, bytes }: WindowLimits) {
    this.#held = held
    this.#jobs = jobs * FULL_WINDOWS
    this.#bytes = bytes * FULL_WINDOWS
  }

  /** Where too many are held, keeps those that are taken first. */
  make(lines: { readonly size: number; values(): Iterable<Line> }, first: () => readonly Line[]): void {
    const { jobs, bytes } = this.#held
    // Very many lines take room themselves.
    const most = lines.size > MANY ? this.#jobs / 8 : this.#jobs
    const { jobs: leastJobs, bytes: leastBytes } = this.#least
    if (jobs.size <= Math.max(most, leastJobs * 2) && bytes <= Math.max(this.#bytes, leastBytes * 2)) return
    const front = new Set(first())
    for (const line of lines.values()) {
      if (this.#isHalfOf(most)) break
      if (!front.has(line)) line.window.shed()
    }
    for (const line of front) {
      if (this.#isHalfOf(most)) break
      line.window.trim(SHARE, this.#bytes / (4 * FRONT))
    }
    this.#least = { jobs: this.#held.jobs.size, bytes: this.#held.bytes }
  }

  #isHalfOf(most: number): boolean {
    return this.#held.jobs.size * 2 <= most && this.#held.bytes * 2 <= this.#bytes
  }
}
