import type { Now } from '../../src/clock.js'
import { Heap } from '../../src/heap.js'
import type { Kept } from './kept.js'

const NEVER = Number.POSITIVE_INFINITY
/** What is old is thrown away when there is more of it than of what counts, and more than this. */
const OLD = 1000

/** What does not say the same as its schedule is old. */
interface Wake {
  readonly kept: Kept
  readonly at: number
}

/** Schedules by when they are to be looked at: those that follow the wall clock, and those that follow the steady one. */
export class Wakes {
  readonly #byWall = new Sorted()
  readonly #bySteady = new Sorted()

  /** At this time of the clock that it follows, and no other; Infinity: not at all. */
  put(kept: Kept, at: number): void {
    ;(kept.byWall ? this.#byWall : this.#bySteady).put(kept, at)
  }

  /** One whose time has come, which waits no longer; null when there is none. */
  next({ wall, steady }: Now): Kept | null {
    return this.#byWall.next(wall) ?? this.#bySteady.next(steady)
  }

  /** When the first of all is due, on the steady clock, if nobody sets the other; Infinity: none is. */
  earliest({ wall, steady }: Now): number {
    return Math.min(this.#bySteady.earliest(), this.#byWall.earliest() + (steady - wall))
  }
}

class Sorted {
  #heap = new Heap<Wake>(soonest)
  #waiting = 0

  put(kept: Kept, at: number): void {
    if (at === kept.wakesAt) return
    if (kept.wakesAt !== NEVER) this.#waiting--
    kept.wakesAt = at
    if (at === NEVER) return
    this.#waiting++
    this.#heap.push({ kept, at })
    if (this.#heap.size > 2 * this.#waiting + OLD) this.#clean()
  }

  next(now: number): Kept | null {
    if (this.earliest() > now) return null
    const kept = this.#heap.pop()?.kept ?? null
    if (kept !== null) this.put(kept, NEVER)
    return kept
  }

  earliest(): number {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (first.kept.wakesAt === first.at) return first.at
      this.#heap.pop()
    }
    return NEVER
  }

  #clean(): void {
    const counting = new Set<Kept>()
    for (let wake = this.#heap.pop(); wake !== undefined; wake = this.#heap.pop())
      if (wake.kept.wakesAt === wake.at) counting.add(wake.kept)
    for (const kept of counting) this.#heap.push({ kept, at: kept.wakesAt })
  }
}

function soonest(a: Wake, b: Wake): number {
  return a.at - b.at
}
