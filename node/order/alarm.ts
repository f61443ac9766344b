import type { Clock, Timer } from '../../src/clock.js'

/**
 * Timers follow the monotonic clock, and jobs with a `runAt` the wall clock, which may be set; and the machine may sleep.
 * So even when nothing is due for years the timer comes back after this long to compare them. It reads no store.
 */
const LONGEST_HOP_MS = 60_000

/** One timer, for the earliest of all that waits. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #timer: Timer | null = null
  #setFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at this time of the steady clock, or before; Infinity: never. */
  set(time: number): void {
    if (time === this.#setFor) return
    this.stop()
    if (time === Number.POSITIVE_INFINITY) return
    this.#setFor = time
    const wait = Math.min(Math.max(time - this.#clock.steady(), 0), LONGEST_HOP_MS)
    this.#timer = this.#clock.setTimer(wait, () => {
      this.#timer = null
      this.#setFor = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#setFor = Number.POSITIVE_INFINITY
  }
}
