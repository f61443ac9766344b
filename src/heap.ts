/** A binary heap: `compare` below zero means that the first comes out before the second. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #items: T[] = []

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
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

  pop(): T | undefined {
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
