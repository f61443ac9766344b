interface Errand {
  readonly weight: number
  readonly held: number
  readonly run: () => Promise<unknown>
}

export interface ErrandsDeps {
  /** False: nothing is begun, until `go`. */
  readonly writable: () => boolean
  /** True: no more should be asked for; false: more may be. */
  readonly onFull: (full: boolean) => void
}

/** Weight of all that is done at once for one connection. */
export const AT_ONCE = 64
/** What waits beyond this, and the peer is not listened to. */
const MOST_WAITING = 256

/**
 * What one connection has asked for and is being done, each by its weight. What is too much waits, in order; as long as too much
 * waits, and as long as its peer does not read the answers, the peer is not listened to. What waits is counted by what it holds,
 * and not by what it will cost: an app that asks for lists has jobs to send as well.
 */
export class Errands {
  readonly #deps: ErrandsDeps
  #waiting: Errand[] = []
  #weight = 0
  #held = 0
  #full = false
  #closed = false

  constructor(deps: ErrandsDeps) {
    this.#deps = deps
  }

  /** `run` does not reject. `held`: ids, or requests, that are in memory until it has begun. */
  add(weight: number, run: () => Promise<unknown>, held = 1): void {
    if (this.#closed) return
    const errand = { weight, held, run }
    if (this.#waiting.length === 0 && this.#fits(errand)) return this.#begin(errand)
    this.#waiting.push(errand)
    this.#held += held
    this.#look()
  }

  /** There may be room now. */
  go(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held -= next.held
      this.#begin(next)
    }
    this.#look()
  }

  /** What waits is forgotten. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#full = false
  }

  #look(): void {
    const full = this.#waiting.length > 0 && (this.#held > MOST_WAITING || !this.#deps.writable())
    if (full === this.#full) return
    this.#full = full
    this.#deps.onFull(full)
  }

  #fits({ weight }: Errand): boolean {
    return (this.#weight === 0 || this.#weight + weight <= AT_ONCE) && this.#deps.writable()
  }

  #begin({ weight, run }: Errand): void {
    this.#weight += weight
    run().finally(() => {
      this.#weight -= weight
      this.go()
    })
  }
}
