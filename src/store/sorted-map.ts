import { compareKeys } from './notes.js'

/** Keys that stand together: so many are moved, at most, when another comes between them. */
const PART = 512
/** Where keys have none of these, their order is that of JavaScript's own strings, which is found much faster. */
const HALVES = /[\ud800-\udfff]/

/** Values by key, and keys in order. */
export class SortedMap<Value> {
  readonly #values = new Map<string, Value>()
  /** None is empty, but the only one. */
  #parts: string[][] = [[]]
  /** A key has halves of pairs. */
  #hasHalves = false

  get size(): number {
    return this.#values.size
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: Value): void {
    const isNew = !this.#values.has(key)
    this.#values.set(key, value)
    if (!isNew) return
    this.#hasHalves ||= HALVES.test(key)
    const at = this.#partOf(key)
    const part = this.#parts[at] as string[]
    part.splice(this.#placeIn(part, key), 0, key)
    if (part.length > PART) this.#parts.splice(at + 1, 0, part.splice(PART / 2))
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return
    const at = this.#partOf(key)
    const part = this.#parts[at] as string[]
    part.splice(this.#placeIn(part, key), 1)
    if (part.length === 0 && this.#parts.length > 1) this.#parts.splice(at, 1)
  }

  /** From this key on, in order. Not to be changed meanwhile. */
  *from(key: string): Generator<readonly [key: string, value: Value]> {
    const first = this.#partOf(key)
    for (let at = first; at < this.#parts.length; at++) {
      const part = this.#parts[at] as string[]
      for (let i = at === first ? this.#placeIn(part, key) : 0; i < part.length; i++) {
        const found = part[i] as string
        yield [found, this.#values.get(found) as Value]
      }
    }
  }

  /** In which part it is, or would be. */
  #partOf(key: string): number {
    const isBefore = this.#orderFor(key)
    let [from, to] = [0, this.#parts.length - 1]
    while (from < to) {
      const middle = (from + to + 1) >> 1
      if (isBefore(key, this.#parts[middle]?.[0] ?? '')) to = middle - 1
      else from = middle
    }
    return from
  }

  /** Where it is in the order, or would be. */
  #placeIn(keys: readonly string[], key: string): number {
    const isBefore = this.#orderFor(key)
    let [from, to] = [0, keys.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (isBefore(keys[middle] as string, key)) from = middle + 1
      else to = middle
    }
    return from
  }

  #orderFor(key: string): (a: string, b: string) => boolean {
    return this.#hasHalves || HALVES.test(key) ? isBeforeInBytes : isBeforeInUnits
  }
}

function isBeforeInUnits(a: string, b: string): boolean {
  return a < b
}

function isBeforeInBytes(a: string, b: string): boolean {
  return compareKeys(a, b) < 0
}
