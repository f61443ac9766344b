/** Taken out of the front of the run before the rest of it moves up. */
const MOVE_UP = 512

/**
 * A queue in order: `compare` below zero means that the first comes out before the second. What comes in order, as most does,
 * stands in a run and costs no comparison but one with the last of it; the rest is in a binary heap.
 */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #items: T[] = []
  #run: (T | undefined)[] = []
  /** Where the run begins. */
  #from = 0

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length + this.#run.length - this.#from
  }

  peek(): T | undefined {
    return this.#runIsFirst ? this.#run[this.#from] : this.#items[0]
  }

  push(item: T): void {
    const last = this.#run.at(-1)
    if (last === undefined || this.#compare(last, item) <= 0) this.#run.push(item)
    else this.#sift(item)
  }

  pop(): T | undefined {
    return this.#runIsFirst ? this.#shift() : this.#top()
  }

  get #runIsFirst(): boolean {
    if (this.#from === this.#run.length) return false
    if (this.#items.length === 0) return true
    return this.#compare(this.#run[this.#from] as T, this.#items[0] as T) <= 0
  }

  #shift(): T {
    const item = this.#run[this.#from] as T
    // It may hold much, and is not here any more.
    this.#run[this.#from++] = undefined
    if (this.#from === this.#run.length) {
      this.#run = []
      this.#from = 0
    } else if (this.#from >= MOVE_UP && this.#from * 2 >= this.#run.length) {
      this.#run = this.#run.slice(this.#from)
      this.#from = 0
    }
    return item
  }

  #sift(item: T): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent] as T
      if (this.#compare(item, above) >= 0) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  #top(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    const size = items.length
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= size) break
      if (child + 1 < size && this.#compare(items[child + 1] as T, items[child] as T) < 0) child++
      const below = items[child] as T
      if (this.#compare(last, below) <= 0) break
      items[at] = below
      at = child
    }
    items[at] = last
    return first
  }
}
