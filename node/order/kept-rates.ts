import { ByteReader } from '../../src/bytes/byte-reader.js'
import { ByteWriter } from '../../src/bytes/byte-writer.js'
import type { Now } from '../../src/clock.js'
import type { Owner } from '../../src/job/lane.js'
import type { Note, NoteRange, Shelf, StoredNote } from '../../src/store/contract.js'
import type { Begun } from './rate-window.js'

/** For each name, and each group of a name, that has a rate: what began. */
export const RATES: Shelf = { name: 'rates', own: true }

const AT_ONCE = 1000
/** With each note that is written, so many that may be of no use any more are looked at: more than there come to be. */
const LOOKED_AT = 2

export type ReadNotes = (shelf: Shelf, range: NoteRange, limit: number) => Promise<readonly StoredNote[]>
/** Writes them. `done` is called when they outlive this process. */
export type KeepNotes = (notes: readonly Note[], done: () => void) => void

/** What a life of the node keeps for the next, so that a rate holds across both. Times are of the wall clock there. */
export class KeptRates {
  readonly #keep: KeepNotes
  readonly #onOld: (owner: Owner) => void
  /** What was found at the start, until somebody asks for it. */
  readonly #found = new Map<string, readonly Begun[]>()
  /** What was kept, and on the steady clock until when it counts; as it was looked at last. */
  readonly #until = new Map<string, number>()
  readonly #writer = new ByteWriter()

  /** `onOld`: what was kept of it counts no more. */
  constructor(keep: KeepNotes, onOld: (owner: Owner) => void) {
    this.#keep = keep
    this.#onOld = onOld
  }

  /** What earlier lives have kept. What counts no more goes. */
  async read(read: ReadNotes, { steady, wall }: Now): Promise<void> {
    for (let after: string | null = null; ; ) {
      const page: readonly StoredNote[] = await read(RATES, { after }, AT_ONCE)
      const old: Note[] = []
      for (const { key, value } of page) {
        const { perMs, begun } = unpack(value, steady - wall, steady)
        const last = begun.at(-1)?.last ?? 0
        if (last + perMs < steady) old.push({ shelf: RATES, key, value: null })
        else {
          this.#found.set(key, begun)
          this.#until.set(key, last + perMs)
        }
      }
      if (old.length > 0) this.#keep(old, () => {})
      const last = page.at(-1)
      if (last === undefined) return
      after = last.key
    }
  }

  /** What began in earlier lives; once. */
  take(owner: Owner): readonly Begun[] {
    const key = keyFor(owner)
    const found = this.#found.get(key) ?? []
    this.#found.delete(key)
    return found
  }

  put(owner: Owner, perMs: number, begun: readonly Begun[], { steady, wall }: Now, done: () => void): void {
    const key = keyFor(owner)
    const notes: Note[] = [{ shelf: RATES, key, value: this.#pack(perMs, begun, wall - steady) }]
    this.#until.delete(key)
    this.#until.set(key, (begun.at(-1)?.last ?? steady) + perMs)
    for (const old of this.#old(steady)) {
      notes.push({ shelf: RATES, key: old, value: null })
      this.#onOld(ownerFor(old))
    }
    this.#keep(notes, done)
  }

  /** Of those that were looked at longest ago the keys of what counts no more. */
  #old(now: number): string[] {
    const old: string[] = []
    let left = LOOKED_AT
    for (const [key, until] of this.#until) {
      if (left-- === 0) break
      this.#until.delete(key)
      if (until < now) old.push(key)
      else this.#until.set(key, until)
    }
    return old
  }

  #pack(perMs: number, begun: readonly Begun[], ahead: number): Buffer {
    const w = this.#writer
    w.cut(0)
    w.uint(perMs)
    w.uint(begun.length)
    let before = 0
    for (const { last, count } of begun) {
      w.uint(last + ahead - before)
      w.uint(count)
      before = last + ahead
    }
    return w.peek((bytes, from, end) => Buffer.from(bytes.subarray(from, end)))
  }
}

/** No group has a NUL. */
function keyFor({ name, group }: Owner): string {
  return `${group ?? ''}\0${name}`
}

function ownerFor(key: string): Owner {
  const end = key.indexOf('\0')
  return { name: key.slice(end + 1), group: end === 0 ? null : key.slice(0, end) }
}

/** Nothing began after now, whatever the wall clock was then. */
function unpack(value: Buffer, ahead: number, now: number): { perMs: number; begun: Begun[] } {
  const r = new ByteReader(value)
  const perMs = r.uint()
  let before = 0
  const begun = Array.from({ length: r.uint() }, () => {
    before += r.uint()
    return { last: Math.min(before + ahead, now), count: r.uint() }
  })
  return { perMs, begun }
}
