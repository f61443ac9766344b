import type { Clock, Timer } from '../../src/clock.js'

/** Longer than a short job takes. */
const TOGETHER_MS = 1
/** Longer than a job that follows at once takes to come. */
const LEISURE_MS = 20

/** When a sender is told that its jobs are stored: one word for many, and with the outcome where that comes at once. */
export class Acceptance {
  readonly #clock: Pick<Clock, 'now' | 'setTimer'>
  readonly #send: (number: number) => void
  /** The highest number of which everything up to it is stored, and the one that was told last. */
  #settled = 0
  #told = 0
  /** Of what is stored and not told: whether its sender waits for it, and whether there may be an outcome soon. */
  #awaited = false
  #running = false
  #tellSoon: Timer | null = null
  /** Not cleared by what was told before: with each job there would be a new one. */
  #tellLater: Timer | null = null

  constructor(clock: Pick<Clock, 'now' | 'setTimer'>, send: (number: number) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** The sender knows that all up to this number is stored. */
  begin(number: number): void {
    this.#settled = number
    this.#told = number
  }

  /** `attempt`: the one that had begun before; undefined when it is over, null when there was none. */
  stored(number: number | null, attempt: { readonly startedAt: number } | undefined | null): void {
    this.#settled = number ?? this.#settled
    // What has ended has been told by its outcome.
    if (attempt === undefined) return
    // What runs may have an outcome in a moment, to go with it, when it is a short job.
    if (attempt !== null && this.#clock.now() - attempt.startedAt < TOGETHER_MS) this.#running = true
    else this.#awaited = true
  }

  /** Call when all of a group has been stored. */
  settle(): void {
    if (this.#awaited) this.tell()
    else if (this.#running) this.#tellSoon ??= this.#clock.setTimer(TOGETHER_MS, this.tell)
    else this.#tellLater ??= this.#clock.setTimer(LEISURE_MS, this.#waited)
  }

  readonly tell = (): void => {
    this.#tellSoon?.cancel()
    this.#tellSoon = null
    this.#awaited = false
    this.#running = false
    if (this.#settled === this.#told) return
    this.#told = this.#settled
    this.#send(this.#settled)
  }

  readonly #waited = (): void => {
    this.#tellLater = null
    this.tell()
  }
}
