import { Heap } from '../../src/heap.js'
import type { Line } from './line.js'

const NEVER = Number.POSITIVE_INFINITY
/** What is old is thrown away when there is more of it than of what counts, and more than this. */
const OLD = 1000

/** What does not say the same as its line is old. */
interface Sleeper {
  readonly line: Line
  readonly at: number
}

/** Lanes whose first job is not due yet, by when to look at them again. */
export class Sleepers {
  #heap = new Heap<Sleeper>(soonest)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Not later than at this time of the steady clock. */
  put(line: Line, at: number): void {
    if (at >= line.wakesAt) return
    if (line.wakesAt === NEVER) this.#size++
    line.wakesAt = at
    this.#heap.push({ line, at })
    if (this.#heap.size > 2 * this.#size + OLD) this.#clean()
  }

  take(line: Line): void {
    if (line.wakesAt === NEVER) return
    line.wakesAt = NEVER
    this.#size--
  }

  /** Who wakes first; null: nobody sleeps. */
  first(): Line | null {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (first.line.wakesAt === first.at) return first.line
      this.#heap.pop()
    }
    return null
  }

  /** When the first wakes; Infinity: nobody sleeps. */
  earliest(): number {
    return this.first()?.wakesAt ?? NEVER
  }

  /** The first whose time has come, which sleeps no longer; null when there is none. */
  wake(now: number): Line | null {
    const first = this.first()
    if (first === null || first.wakesAt > now) return null
    this.#heap.pop()
    this.take(first)
    return first
  }

  #clean(): void {
    const all = this.#heap
    const lines = new Set<Line>()
    for (let sleeper = all.pop(); sleeper !== undefined; sleeper = all.pop()) {
      if (sleeper.line.wakesAt === sleeper.at) lines.add(sleeper.line)
    }
    this.#heap = new Heap<Sleeper>(soonest)
    for (const line of lines) this.#heap.push({ line, at: line.wakesAt })
  }
}

function soonest(a: Sleeper, b: Sleeper): number {
  return a.at - b.at
}
