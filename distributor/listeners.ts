import type { Emitter } from '../src/emitter.js'
import type { DistributorEvents } from './events.js'

type Name = keyof DistributorEvents
type Listener<N extends Name> = (event: DistributorEvents[N]) => void

/** Who listens to a distributor, in each of its lives. */
export class Listeners {
  readonly #all = new Map<Name, Set<Listener<never>>>()
  #emitter: Emitter<DistributorEvents> | null = null

  /** It has begun a life. */
  attach(emitter: Emitter<DistributorEvents>): void {
    this.#emitter = emitter
    for (const [event, listeners] of this.#all)
      for (const listener of listeners) emitter.on(event, listener as Listener<Name>)
  }

  add<N extends Name>(event: N, listener: Listener<N>): void {
    const listeners = this.#all.get(event) ?? new Set()
    this.#all.set(event, listeners.add(listener))
    this.#emitter?.on(event, listener)
  }

  remove<N extends Name>(event: N, listener: Listener<N>): void {
    this.#all.get(event)?.delete(listener)
    this.#emitter?.off(event, listener)
  }
}
