/** Keeps the process of the app as long as there is work on its way; else connections that we made do not keep it. */
export class Presence {
  readonly #isBusy: () => boolean
  readonly #hold: (on: boolean) => void
  readonly #onChange: () => void
  #holding = true
  /** Somebody may wait for so many answers: of the monitor, of cancelling, or that a node comes. */
  #answers = 0

  /** `hold`: whether connections keep the process. `onChange`: an answer is waited for, or no longer. */
  constructor(isBusy: () => boolean, hold: (on: boolean) => void, onChange: () => void) {
    this.#isBusy = isBusy
    this.#hold = hold
    this.#onChange = onChange
  }

  /** There may be more work, or less. */
  look(): void {
    const busy = this.#answers > 0 || this.#isBusy()
    if (busy === this.#holding) return
    this.#holding = busy
    this.#hold(busy)
  }

  /** There is more work. */
  come(): void {
    if (!this.#holding) this.look()
  }

  /** As long as this is waited for. */
  async during<T>(answer: Promise<T>): Promise<T> {
    this.#answers++
    this.#onChange()
    try {
      return await answer
    } finally {
      this.#answers--
      this.#onChange()
    }
  }
}
