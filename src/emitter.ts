type Listener<T> = (event: T) => void

/** Typed events. A listener that throws is reported and stops nothing. */
export class Emitter<Events extends { [name: string]: unknown }> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()
  readonly #onThrow: (name: keyof Events, error: unknown) => void
  readonly #onListeners: () => void

  /** `onListeners`: somebody listens to an event, or does no longer. */
  constructor(onThrow: (name: keyof Events, error: unknown) => void, onListeners: () => void = () => {}) {
    this.#onThrow = onThrow
    this.#onListeners = onListeners
  }

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener as Listener<never>))
    this.#onListeners()
  }

  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener as Listener<never>)
    this.#onListeners()
  }

  /** Whether anybody listens: the event need not be made otherwise. */
  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as Listener<Events[Name]>)(event)
      } catch (error) {
        this.#onThrow(name, error)
      }
    }
  }
}
