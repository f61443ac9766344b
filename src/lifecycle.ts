export interface Step {
  readonly name: string
  start(): Promise<void> | void
  stop(): Promise<void> | void
}

/** Opens parts in order and closes them in reverse, also when one of them does not open. */
export class Lifecycle {
  #started = false
  #opened: Step[] = []
  #stopping: Promise<void> | null = null

  /** Rejects with what the failing step threw, after the steps before it were closed again. */
  async start(steps: readonly Step[]): Promise<void> {
    if (this.#started) throw new Error('started twice')
    this.#started = true
    for (const step of steps) {
      this.#opened.push(step)
      try {
        await step.start()
      } catch (error) {
        await this.stop().catch(() => {
          // What kept it from starting is what the caller must hear of.
        })
        throw error
      }
      if (this.#stopping !== null) return this.#stopping
    }
  }

  /** Closes every opened step, even when one of them throws; rejects with the first error. Tolerates repeats. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async #close(): Promise<void> {
    const errors: unknown[] = []
    for (let step = this.#opened.pop(); step !== undefined; step = this.#opened.pop()) {
      try {
        await step.stop()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
