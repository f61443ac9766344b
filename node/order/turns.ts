/** What takes turns. The links are of `Turns`, and of nobody else. */
export interface Turn<T> {
  /** Lower first. */
  readonly priority: number
  /** The one whose turn comes after this one's; null when it stands in no ring. */
  next: T | null
  previous: T | null
}

/** Those of one priority, in a ring. `front` is next. */
interface Ring<T> {
  readonly priority: number
  front: T
  size: number
}

/** Who is next: the lowest priority first, and those of one priority in turn. Each step takes the same time, however many. */
export class Turns<T extends Turn<T>> {
  /** By priority. */
  readonly #rings: Ring<T>[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  has(one: T): boolean {
    return one.next !== null
  }

  /** How many of its priority there are. */
  beside(one: T): number {
    const ring = this.#rings[this.#find(one.priority)]
    return ring?.priority === one.priority ? ring.size : 0
  }

  /** Stands behind all others of its priority. Nothing happens when it stands there already. */
  enter(one: T): void {
    if (one.next !== null) return
    this.#size++
    const at = this.#find(one.priority)
    const ring = this.#rings[at]
    if (ring?.priority === one.priority) {
      ring.size++
      link(one, ring.front)
      return
    }
    one.next = one
    one.previous = one
    this.#rings.splice(at, 0, { priority: one.priority, front: one, size: 1 })
  }

  leave(one: T): void {
    if (one.next === null) return
    this.#size--
    const at = this.#find(one.priority)
    const ring = this.#rings[at] as Ring<T>
    if (one.next === one) this.#rings.splice(at, 1)
    else {
      ring.size--
      if (ring.front === one) ring.front = one.next
      unlink(one)
    }
    one.next = null
    one.previous = null
  }

  /** It has had its turn, and stands behind all others of its priority. */
  served(one: T): void {
    if (one.next === null || one.next === one) return
    const ring = this.#rings[this.#find(one.priority)] as Ring<T>
    if (ring.front === one) ring.front = one.next
    else {
      unlink(one)
      link(one, ring.front)
    }
  }

  first(): T | null {
    return this.#rings[0]?.front ?? null
  }

  /** The one behind it in the whole order; null at the end. */
  after(one: T): T | null {
    const at = this.#find(one.priority)
    const { next } = one
    return next !== null && next !== this.#rings[at]?.front ? next : (this.#rings[at + 1]?.front ?? null)
  }

  /** Where the ring of this priority is, or would be. */
  #find(priority: number): number {
    const rings = this.#rings
    let from = 0
    let to = rings.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((rings[middle] as Ring<T>).priority < priority) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** In front of another, in the same ring. */
function link<T extends Turn<T>>(one: T, before: T): void {
  const last = before.previous ?? before
  one.previous = last
  one.next = before
  last.next = one
  before.previous = one
}

function unlink<T extends Turn<T>>({ next, previous }: T): void {
  if (next === null || previous === null) return
  previous.next = next
  next.previous = previous
}
