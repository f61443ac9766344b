import {
  isIn,
  NOTES_BYTES,
  type Note,
  type NoteName,
  type NoteRange,
  type Shelf,
  type StoredNote,
  startOf,
} from './notes.js'
import { SortedMap } from './sorted-map.js'

/** Notes in memory: of each its key, its value, and about 150 bytes more. */
export class Shelves {
  readonly #shelves = new Map<string, SortedMap<Buffer>>()

  get({ shelf, key }: NoteName): Buffer | null {
    return this.#shelves.get(shelf.name)?.get(key) ?? null
  }

  write(notes: readonly Note[]): void {
    for (const { shelf, key, value } of notes) {
      if (value === null) this.#shelves.get(shelf.name)?.delete(key)
      else this.#of(shelf).set(key, value)
    }
  }

  drop(names: readonly NoteName[]): void {
    for (const { shelf, key } of names) this.#shelves.get(shelf.name)?.delete(key)
  }

  page(shelf: Shelf, range: NoteRange, limit: number): StoredNote[] {
    const page: StoredNote[] = []
    let bytes = 0
    for (const [key, value] of this.#in(shelf, range)) {
      if (page.push({ key, value }) >= limit) break
      bytes += value.length
      if (bytes >= NOTES_BYTES) break
    }
    return page
  }

  count(shelf: Shelf, range: NoteRange): number {
    let count = 0
    for (const _ of this.#in(shelf, range)) count++
    return count
  }

  *#in(shelf: Shelf, range: NoteRange): Generator<readonly [key: string, value: Buffer]> {
    const from = startOf(range)
    for (const found of this.#shelves.get(shelf.name)?.from(from.key) ?? []) {
      if (from.behind && found[0] === from.key) continue
      if (!isIn(range, found[0])) return
      yield found
    }
  }

  #of({ name }: Shelf): SortedMap<Buffer> {
    const there = this.#shelves.get(name)
    if (there !== undefined) return there
    const made = new SortedMap<Buffer>()
    this.#shelves.set(name, made)
    return made
  }
}
