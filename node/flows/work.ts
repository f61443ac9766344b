/** Work under way for which there may be changes that wait. */
export class Work {
  readonly #all = new Set<Promise<void>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  add(work: Promise<void>): void {
    const done = work.catch(this.#onError).finally(() => this.#all.delete(done))
    this.#all.add(done)
  }

  get isIdle(): boolean {
    return this.#all.size === 0
  }

  async idle(): Promise<void> {
    while (this.#all.size > 0) await Promise.allSettled(this.#all)
  }
}
