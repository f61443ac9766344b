import { WINDOWS } from '../../src/window.js'
import type { Refused } from '../../src/wire/messages.js'

/** Lives of apps of which it is remembered. */
const LIVES = 100

/**
 * What this node has refused, and cannot know whether the app has read. When the connection is lost with the word of it, a
 * job that came later and is on the disk would make the app believe that this one is there, too: so it is said again ahead
 * of the next welcome. A node that is started anew has forgotten it; by then the word is on its way, for it goes out before
 * anything that came later is on the disk.
 */
export class Refusals {
  /** By the life of the app; in the order of their numbers. */
  readonly #byInstance = new Map<string, Refused[]>()

  add(instance: string, refused: Refused): void {
    const list = this.#byInstance.get(instance) ?? this.#begin(instance)
    list.push(refused)
    // An app has no more than so many jobs on their way: of those before it has read.
    if (list.length >= 2 * WINDOWS.jobs.count) list.splice(0, WINDOWS.jobs.count)
  }

  /** Those that the app may not know of, up to what it will be told has been taken. */
  of(instance: string, taken: number): readonly Refused[] {
    return this.#byInstance.get(instance)?.filter(({ number }) => number <= taken) ?? []
  }

  /** Nothing more comes from this life. */
  forget(instance: string): void {
    this.#byInstance.delete(instance)
  }

  #begin(instance: string): Refused[] {
    const list: Refused[] = []
    this.#byInstance.set(instance, list)
    const [oldest] = this.#byInstance.keys()
    if (this.#byInstance.size > LIVES && oldest !== undefined) this.#byInstance.delete(oldest)
    return list
  }
}
