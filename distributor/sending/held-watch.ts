import type { Clock, Timer } from '../../src/clock.js'
import { RARELY_MS } from '../../src/counted-lines.js'

/** Longer than an app and its nodes take to find each other. */
const FIRST_MS = 5000

/** Sees to it that jobs which no node takes are told of: after some seconds, and then rarely, as long as there are any. */
export class HeldWatch {
  readonly #clock: Clock
  readonly #held: () => number
  readonly #tell: (held: number) => void
  #timer: Timer | null = null

  constructor(clock: Clock, held: () => number, tell: (held: number) => void) {
    this.#clock = clock
    this.#held = held
    this.#tell = tell
  }

  /** There are jobs that are held. */
  begin(): void {
    if (this.#timer === null) this.#wait(FIRST_MS)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.setTimer(ms, () => {
      this.#timer = null
      const held = this.#held()
      if (held === 0) return
      this.#tell(held)
      this.#wait(RARELY_MS)
    })
    this.#timer.unref()
  }
}
