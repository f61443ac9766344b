import { Heap } from '../../src/heap.js'

const NEVER = Number.POSITIVE_INFINITY
/** What is old is thrown away when there is more of it than of what counts, and more than this. */
const OLD = 1000

/** What sleeps. Until when is of `Sleepers`, and of nobody else. */
export interface Sleeping {
  wakesAt: number
}

/** What does not say the same as the one that sleeps is old. */
interface Sleeper<T> {
  readonly one: T
  readonly at: number
}

/** Those at whom there is nothing to look for now, by when to look at them again. */
export class Sleepers<T extends Sleeping> {
  #heap = new Heap<Sleeper<T>>(soonest)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Not later than at this time. */
  put(one: T, at: number): void {
    if (at >= one.wakesAt) return
    if (one.wakesAt === NEVER) this.#size++
    one.wakesAt = at
    this.#heap.push({ one, at })
    if (this.#heap.size > 2 * this.#size + OLD) this.#clean()
  }

  take(one: T): void {
    if (one.wakesAt === NEVER) return
    one.wakesAt = NEVER
    this.#size--
  }

  /** Who wakes first; null: nobody sleeps. */
  first(): T | null {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (first.one.wakesAt === first.at) return first.one
      this.#heap.pop()
    }
    return null
  }

  /** When the first wakes; Infinity: nobody sleeps. */
  earliest(): number {
    return this.first()?.wakesAt ?? NEVER
  }

  /** The first whose time has come, which sleeps no longer; null when there is none. */
  wake(now: number): T | null {
    const first = this.first()
    if (first === null || first.wakesAt > now) return null
    this.#heap.pop()
    this.take(first)
    return first
  }

  #clean(): void {
    const all = this.#heap
    const those = new Set<T>()
    for (let sleeper = all.pop(); sleeper !== undefined; sleeper = all.pop()) {
      if (sleeper.one.wakesAt === sleeper.at) those.add(sleeper.one)
    }
    this.#heap = new Heap<Sleeper<T>>(soonest)
    for (const one of those) this.#heap.push({ one, at: one.wakesAt })
  }
}

function soonest(a: { readonly at: number }, b: { readonly at: number }): number {
  return a.at - b.at
}
