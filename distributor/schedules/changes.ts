import type { Clock, Timer } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'

/** Calls that wait until there is another node, or one that can do more. */
export class Changes {
  readonly #clock: Pick<Clock, 'setTimer'>
  readonly #waiting = new Set<(changed: boolean | JrError) => void>()

  constructor(clock: Pick<Clock, 'setTimer'>) {
    this.#clock = clock
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Whether there is, within so many milliseconds. Rejects with JR_STOPPED. */
  next(ms: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let timer: Timer | null = null
      const done = (changed: boolean | JrError) => {
        timer?.cancel()
        this.#waiting.delete(done)
        if (changed instanceof JrError) reject(changed)
        else resolve(changed)
      }
      this.#waiting.add(done)
      if (ms !== Number.POSITIVE_INFINITY) timer = this.#clock.setTimer(ms, () => done(false))
    })
  }

  come(): void {
    if (this.#waiting.size === 0) return
    for (const done of [...this.#waiting]) done(true)
  }

  stop(): void {
    const stopped = new JrError('JR_STOPPED', 'the distributor was stopped before a node was there')
    for (const done of [...this.#waiting]) done(stopped)
  }
}
