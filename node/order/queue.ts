import type { Place } from '../../src/job/record.js'
import type { Family, Line } from './line.js'

/**
 * Families that have something to take, in the order of their priorities and of what they would give: as far as that is
 * known, for each stands at its place or in front of it, and whoever comes first is looked at. Few: a list will do.
 */
export class Queue {
  readonly #all: Family[] = []
  /** Goes down: who comes in front stands in front of those who came there before. */
  #front = 0

  get size(): number {
    return this.#all.length
  }

  first(): Family | null {
    return this.#all[0] ?? null
  }

  enter(family: Family): void {
    family.stands = 'queued'
    this.#put(family, Number.NEGATIVE_INFINITY, --this.#front)
  }

  leave(family: Family, stands: 'idle' | 'closed'): void {
    family.stands = stands
    // Most of the time there is one.
    if (this.#all.length === 1) this.#all.pop()
    else this.#all.splice(this.#find(family), 1)
  }

  /** It may give something that stands in front of what it would have given. */
  advance(family: Family): void {
    if (family.stands !== 'queued' || family.due === Number.NEGATIVE_INFINITY) return
    this.#all.splice(this.#find(family), 1)
    this.#put(family, Number.NEGATIVE_INFINITY, --this.#front)
  }

  /** A job came to it. */
  came(family: Family, { due, seq }: Place): void {
    if (due < family.due || (due === family.due && seq < family.seq)) this.advance(family)
  }

  /**
   * The first would give a job of this place, or not before this time. Whether that is the next of all; else the family
   * stands there.
   */
  isNext(family: Family, due: number, seq = --this.#front): boolean {
    const second = this.#all[1]
    if (second === undefined || second.priority !== family.priority) return true
    if (due < second.due || (due === second.due && seq < second.seq)) return true
    this.#all.shift()
    this.#put(family, due, seq)
    return false
  }

  /** The first lines of it, so many at most. */
  lines(most: number): Line[] {
    const lines: Line[] = []
    for (const { ring } of this.#all) {
      for (let line = ring.first(); line !== null; line = ring.after(line)) {
        if (lines.length >= most) return lines
        lines.push(line)
      }
    }
    return lines
  }

  #put(family: Family, due: number, seq: number): void {
    family.due = due
    family.seq = seq
    if (this.#all.length === 0) this.#all.push(family)
    else this.#all.splice(this.#find(family), 0, family)
  }

  /** Where it stands, or would. */
  #find({ priority, due, seq }: Family): number {
    const all = this.#all
    let from = 0
    let to = all.length
    while (from < to) {
      const middle = (from + to) >> 1
      const one = all[middle] as Family
      const order = one.priority - priority || compare(one.due, due) || one.seq - seq
      if (order < 0) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** A difference of infinities is no number. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
