import {
  compareKeys,
  isIn,
  isWithin,
  NOTES_BYTES,
  type NoteRange,
  pathOf,
  type Shelf,
  type StoredNote,
  startOf,
} from '../notes.js'
import type { Database, KeyRange } from './database.js'
import { noteKey } from './keys.js'
import type { Notes } from './notes.js'

/** Keys or rows that are read at once. */
const PART = 1000

interface YoungOne {
  readonly key: string
  /** Null: it is gone. */
  readonly value: Buffer | null
}

/** Reads the rows of notes, and what is young, which is looked at in the step in which LevelDB takes its snapshot. */
export class NoteReader {
  readonly #db: Database
  readonly #young: Notes['young']

  constructor(db: Database, young: Notes['young']) {
    this.#db = db
    this.#young = young
  }

  async page(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    const page: StoredNote[] = []
    let bytes = 0
    for await (const note of this.#inOrder(shelf, range, Math.min(limit, PART))) {
      if (page.push(note) >= limit) break
      bytes += note.value.length
      if (bytes >= NOTES_BYTES) break
    }
    return page
  }

  async count(shelf: Shelf, range: NoteRange): Promise<number> {
    const young = new Map(this.#youngIn(shelf, range).map(({ key, value }) => [key, value]))
    const keys = this.#db.keys(rowsOf(shelf, range))
    const start = startOfShelf(shelf).length
    let count = [...young.values()].filter((value) => value !== null).length
    try {
      for (;;) {
        const found = await keys.next(PART)
        if (found.length === 0) return count
        for (const row of found) {
          const key = row.slice(start)
          if (!isIn(range, key)) return count
          if (!young.has(key)) count++
        }
      }
    } finally {
      await keys.close()
    }
  }

  async *#inOrder(shelf: Shelf, range: NoteRange, part: number): AsyncGenerator<StoredNote> {
    const young = this.#youngIn(shelf, range)
    const start = startOfShelf(shelf).length
    let next = 0
    for await (const [row, value] of this.#db.rows(rowsOf(shelf, range), part)) {
      const key = row.slice(start)
      if (!isIn(range, key)) break
      let one = young[next]
      for (; one !== undefined && compareKeys(one.key, key) < 0; one = young[++next])
        if (isThere(one)) yield one
      if (one?.key !== key) yield { key, value }
      else {
        next++
        if (isThere(one)) yield one
      }
    }
    for (const one of young.slice(next)) if (isThere(one)) yield one
  }

  #youngIn(shelf: Shelf, range: NoteRange): YoungOne[] {
    const start = pathOf({ shelf, key: '' })
    const found: YoungOne[] = []
    for (const [path, { value }] of this.#young) {
      if (!path.startsWith(start)) continue
      const key = path.slice(start.length)
      if (isWithin(range, key)) found.push({ key, value })
    }
    return found.sort((a, b) => compareKeys(a.key, b.key))
  }
}

function isThere(one: YoungOne): one is StoredNote {
  return one.value !== null
}

/** How the keys of rows of a shelf begin. */
function startOfShelf(shelf: Shelf): string {
  return noteKey(pathOf({ shelf, key: '' }))
}

/** No further than the shelf; where a prefix ends is seen on the way. */
function rowsOf(shelf: Shelf, range: NoteRange): KeyRange {
  const start = startOfShelf(shelf)
  const { key, behind } = startOf(range)
  const lt = range.before === undefined ? `${start.slice(0, -1)}\x01` : start + range.before
  return behind ? { gt: start + key, lt } : { gte: start + key, lt }
}
