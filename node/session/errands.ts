interface Errand {
  readonly weight: number
  readonly run: () => Promise<unknown>
}

export interface ErrandsDeps {
  /** False: nothing is begun, until `go`. */
  readonly writable: () => boolean
  /** True: some wait, so no more should be asked for; false: none wait any more. */
  readonly onWaiting: (some: boolean) => void
}

/** Weight of all that is done at once for one connection. */
export const MOST = 64

/**
 * What one connection has asked for and is being done, each by its weight. What is too much waits, in order; as long as some
 * wait, and as long as its peer does not read the answers, the peer is not listened to.
 */
export class Errands {
  readonly #deps: ErrandsDeps
  #waiting: Errand[] = []
  /** Of the waiting ones, the first that has not begun. */
  #next = 0
  #weight = 0
  #closed = false

  constructor(deps: ErrandsDeps) {
    this.#deps = deps
  }

  /** `run` does not reject. */
  add(weight: number, run: () => Promise<unknown>): void {
    if (this.#closed) return
    const errand = { weight, run }
    if (this.#next === this.#waiting.length && this.#fits(errand)) return this.#begin(errand)
    if (this.#waiting.push(errand) === 1) this.#deps.onWaiting(true)
  }

  /** There may be room now. */
  go(): void {
    for (let next = this.#waiting[this.#next]; next !== undefined; next = this.#waiting[this.#next]) {
      if (!this.#fits(next)) return
      this.#next++
      this.#begin(next)
    }
    if (this.#waiting.length === 0) return
    this.#waiting = []
    this.#next = 0
    this.#deps.onWaiting(false)
  }

  /** What waits is forgotten. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#next = 0
  }

  #fits({ weight }: Errand): boolean {
    return (this.#weight === 0 || this.#weight + weight <= MOST) && this.#deps.writable()
  }

  #begin({ weight, run }: Errand): void {
    this.#weight += weight
    run().finally(() => {
      this.#weight -= weight
      this.go()
    })
  }
}
