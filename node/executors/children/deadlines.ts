import type { Clock, Timer } from '../../../src/clock.js'
import { Heap } from '../../../src/heap.js'

interface Deadline {
  readonly at: number
  readonly fire: () => void
}

/** Many deadlines on one timer. One that is not needed any more is left to find that out itself when it fires. */
export class Deadlines {
  readonly #clock: Clock
  readonly #heap = new Heap<Deadline>((a, b) => a.at - b.at)
  #timer: Timer | null = null
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  in(ms: number, fire: () => void): void {
    this.#heap.push({ at: this.#clock.mono() + ms, fire })
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    while (this.#heap.pop() !== undefined);
  }

  #arm(): void {
    const next = this.#heap.peek()
    if (next === undefined || next.at >= this.#armedFor) return
    this.#timer?.cancel()
    this.#armedFor = next.at
    this.#timer = this.#clock.setTimer(next.at - this.#clock.mono(), () => this.#wake())
  }

  #wake(): void {
    this.#timer = null
    this.#armedFor = Number.POSITIVE_INFINITY
    for (;;) {
      const next = this.#heap.peek()
      if (next === undefined || next.at > this.#clock.mono()) break
      this.#heap.pop()
      next.fire()
    }
    this.#arm()
  }
}
