/** Outcomes of one connection that came one after the other. */
interface Run {
  readonly first: number
  count: number
}

/**
 * Which outcomes of one connection have been told to the app, so that the node may forget them, and send more. Those
 * whose feedbacks are still at work are not: so the app is never given more at once than the node may have on its way.
 */
export class Receipts {
  readonly #send: (first: number, count: number) => void
  #received = 0
  readonly #open = new Set<number>()
  #told: Run[] = []
  #due = false

  constructor(send: (first: number, count: number) => void) {
    this.#send = send
  }

  /** The next outcome of the connection. `told` resolves when its feedback is done; null: it is. */
  add(told: Promise<unknown> | null): void {
    const place = ++this.#received
    if (told === null) return this.#done(place)
    this.#open.add(place)
    told.then(() => {
      if (this.#open.delete(place)) this.#done(place)
    })
  }

  /** Feedbacks that are at work are not waited for any longer. */
  settle(): void {
    for (const place of this.#open) this.#done(place)
    this.#open.clear()
    this.#flush()
  }

  #done(place: number): void {
    const last = this.#told.at(-1)
    if (last !== undefined && last.first + last.count === place) last.count++
    else this.#told.push({ first: place, count: 1 })
    if (this.#due) return
    this.#due = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#due = false
    const told = this.#told
    this.#told = []
    for (const { first, count } of told) this.#send(first, count)
  }
}
