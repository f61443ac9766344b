import { NOTES_BYTES, type NoteRange, pathOf, type Shelf, type StoredNote, startOf } from '../notes.js'
import type { NoteKeys, Range } from './keys.js'
import type { Readable } from './reader.js'

/** Notes that one script reads: Redis serves nobody else meanwhile. */
const READ_AT_ONCE = 500
/** Behind all bytes of UTF-8. */
const LAST = Buffer.from([0xff])

/** Notes in Redis: those of all nodes, or of one. */
export class NoteReader {
  readonly #server: Readable

  constructor(server: Readable) {
    this.#server = server
  }

  async page(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    const { names, values } = this.#keysOf(shelf)
    const page: StoredNote[] = []
    let bytes = 0
    for (let from = range; ; from = { ...range, after: page.at(-1)?.key }) {
      const part = {
        set: names,
        rows: values,
        range: rangeOf(shelf, from),
        limit: Math.min(limit - page.length, READ_AT_ONCE),
        maxBytes: NOTES_BYTES - bytes,
        places: false,
      }
      const found = await this.#ask(() => this.#server.read(part))
      for (const { member, row } of found) {
        const value = row ?? Buffer.alloc(0)
        page.push({ key: member.slice(shelf.name.length + 1), value })
        bytes += value.length
      }
      if (found.length < part.limit || page.length >= limit || bytes >= NOTES_BYTES) return page
    }
  }

  async count(shelf: Shelf, range: NoteRange): Promise<number> {
    const { min, max } = rangeOf(shelf, range)
    const { names } = this.#keysOf(shelf)
    return Number(await this.#ask(() => this.#server.watcher.call('ZLEXCOUNT', names, min, max)))
  }

  #keysOf({ own }: Shelf): NoteKeys {
    return own ? this.#server.keys.notes : this.#server.shared.notes
  }

  #ask<T>(what: () => Promise<T>): Promise<T> {
    return this.#server.persist(this.#server.watcher, what)
  }
}

function rangeOf(shelf: Shelf, range: NoteRange): Range {
  const nameOf = (key: string) => pathOf({ shelf, key })
  const { key, behind } = startOf(range)
  const end = Buffer.concat([Buffer.from(`(${nameOf(range.prefix ?? '')}`), LAST])
  const before = range.before === undefined ? end : Buffer.from(`(${nameOf(range.before)}`)
  return { min: `${behind ? '(' : '['}${nameOf(key)}`, max: Buffer.compare(before, end) < 0 ? before : end }
}
