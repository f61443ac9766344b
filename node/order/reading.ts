import { type Clock, type Now, nowOf } from '../../src/clock.js'
import type { Line } from './line.js'
import { FRONT, lowMark, shareOf } from './room.js'
import type { Standing } from './standing.js'

export interface ReadingOptions {
  readonly clock: Clock
  /** Jobs that are read at a time at most. */
  readonly most: number
  /** A read has brought what there was. */
  readonly onRead: (line: Line, now: Now) => void
  readonly onError: (error: unknown) => void
}

/** Reads on where a window runs low. */
export class Reading {
  readonly #standing: Standing
  readonly #options: ReadingOptions

  constructor(standing: Standing, options: ReadingOptions) {
    this.#standing = standing
    this.#options = options
  }

  /** One of those in front that run low, and the one that wakes first: it must not wait for the disk then. */
  ahead(now: Now): Promise<void>[] {
    const reads: Promise<void>[] = []
    const { queues, sleepers } = this.#standing
    for (const queue of queues) {
      let held = 0
      for (const line of queue.lines(FRONT)) {
        if (held >= this.#options.most) break
        if (line.window.needsRefill(now, this.#low(line))) reads.push(this.#read(line))
        held += line.window.size
      }
    }
    const first = sleepers.first()
    if (first?.window.needsRefill(now, this.#low(first)) === true) reads.push(this.#read(first))
    return reads
  }

  readonly on = (line: Line, now: Now): void => {
    if (line.window.needsRefill(now, this.#low(line))) this.#read(line)
  }

  async #read(line: Line): Promise<void> {
    const { clock, onRead, onError } = this.#options
    try {
      await line.window.refill(shareOf(this.#beside(line), line.window.limits.read))
    } catch (error) {
      onError(error)
      return
    }
    onRead(line, nowOf(clock))
  }

  /** With so few jobs in memory this lane is read on. */
  #low(line: Line): number {
    return lowMark(this.#beside(line), line.window.limits.read)
  }

  /** Who share the room with it. */
  #beside(line: Line): number {
    const { family } = line
    if (line.next === null) return this.#standing.sleepers.size
    return family.ring.size + this.#standing.queueOf(family).size - 1
  }
}
