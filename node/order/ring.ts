/** What stands in a ring. The links are of `Ring`, and of nobody else. */
export interface Linked<T> {
  /** The one whose turn comes after this one's; null when it stands in no ring. */
  next: T | null
  previous: T | null
}

/** Who take turns. Each step takes the same time, however many they are. */
export class Ring<T extends Linked<T>> {
  #first: T | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Whose turn it is. */
  first(): T | null {
    return this.#first
  }

  /** Stands behind all others. Nothing happens when it stands there already. */
  enter(one: T): void {
    if (one.next !== null) return
    this.#size++
    if (this.#first === null) {
      one.next = one
      one.previous = one
      this.#first = one
    } else link(one, this.#first)
  }

  leave(one: T): void {
    if (one.next === null) return
    this.#size--
    if (this.#first === one) this.#first = one.next === one ? null : one.next
    unlink(one)
    one.next = null
    one.previous = null
  }

  /** It has had its turn, and stands behind all others. */
  served(one: T): void {
    if (one.next === null || one.next === one) return
    if (this.#first === one) this.#first = one.next
    else if (this.#first !== null) {
      unlink(one)
      link(one, this.#first)
    }
  }

  /** The one behind it; null at the end. */
  after(one: T): T | null {
    return one.next === this.#first ? null : one.next
  }
}

/** In front of another, in the same ring. */
function link<T extends Linked<T>>(one: T, before: T): void {
  const last = before.previous ?? before
  one.previous = last
  one.next = before
  last.next = one
  before.previous = one
}

function unlink<T extends Linked<T>>({ next, previous }: T): void {
  if (next === null || previous === null) return
  previous.next = next
  next.previous = previous
}
