import { checked, NOTE_KEY, NOTE_VALUE, NOTES, SHELF } from '../rules.js'

/**
 * Where notes of one kind stand, in the order of their keys. In a store that nodes share, the notes of all of them are one
 * shelf; `own`: each node has its own, and finds only those. A name is of one kind for good.
 */
export interface Shelf {
  readonly name: string
  readonly own: boolean
}

/** How a note is found. */
export interface NoteName {
  readonly shelf: Shelf
  readonly key: string
}

/**
 * An entry of an index, written with a change: never one without the other. Bounds: `src/rules.ts`, looked at before a store
 * is given the change.
 */
export interface Note extends NoteName {
  /** In place of what is there; null: what is there goes. */
  readonly value: Buffer | null
  /** Whoever makes it knows that none of this name is there, so that nobody has to look. */
  readonly isNew?: true
  /** Where a note is there already, the whole change is not done, and is answered with that. */
  readonly unless?: 'taken'
  /**
   * A note that is there, and whose value begins with a time that is not after this one, is as good as gone: both in
   * milliseconds, the one in the value as `timeBytes` has it.
   */
  readonly at?: number
}

const TIME_BYTES = 8

/** Milliseconds as a value begins with them where its note ends by itself; Infinity: it does not. */
export function timeBytes(ms: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES)
  bytes.writeDoubleBE(ms)
  return bytes
}

/** Such a value: a time, and a text behind it. */
export function timedValue(ms: number, text: string): Buffer {
  const bytes = Buffer.allocUnsafe(TIME_BYTES + Buffer.byteLength(text))
  bytes.writeDoubleBE(ms)
  bytes.write(text, TIME_BYTES)
  return bytes
}

/** The time in such a value; Infinity: it has none. */
export function timeOf(value: Buffer): number {
  return value.length < TIME_BYTES ? Number.POSITIVE_INFINITY : value.readDoubleBE()
}

/** What is behind the time in such a value. */
export function behindTime(value: Buffer): Buffer {
  return value.subarray(TIME_BYTES)
}

/** Whether a note with this value is in the way of one that comes `unless` it is taken. */
export function isTaken({ at }: { readonly at?: number | undefined }, value: Buffer | null): value is Buffer {
  if (value === null) return false
  return at === undefined || timeOf(value) > at
}

export interface StoredNote {
  readonly key: string
  readonly value: Buffer
}

/** Which notes of a shelf: all those for which everything given here is true. */
export interface NoteRange {
  /** How their keys begin. */
  readonly prefix?: string | undefined
  /** They stand behind this one. */
  readonly after?: string | null | undefined
  /** They stand in front of this one. */
  readonly before?: string | undefined
}

/** Notes that are read at once of all that a shelf has. */
const ALL_AT_ONCE = 1000

/** What notes are read from: a store, or a Redis that nodes share. */
export interface Noted {
  notes(shelf: Shelf, range: NoteRange, limit: number): Promise<readonly StoredNote[]>
}

/** All notes of a range of a shelf, or of all of it, in the order of their keys, read in pages. */
export async function* allNotes(
  store: Noted,
  shelf: Shelf,
  range: NoteRange = {},
): AsyncGenerator<StoredNote> {
  for (let after = range.after; ; ) {
    const page = await store.notes(shelf, { ...range, after }, ALL_AT_ONCE)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

/** What the notes of one page carry, about. */
export const NOTES_BYTES = 4 * 1024 * 1024

/** There are few, and each is looked at once. */
const knownShelves = new WeakSet<Shelf>()

/** Throws a TypeError for what no store is to be given: notes come from this node's own code. */
export function checkNotes(notes: readonly Note[]): void {
  checked(NOTES, notes, 'notes')
  for (const { shelf, key, value } of notes) {
    if (!knownShelves.has(shelf)) {
      checked(SHELF, shelf.name, 'notes: shelf')
      knownShelves.add(shelf)
    }
    // Texts for errors are made where there is one: this is done for each note of each job.
    if (!NOTE_KEY.meets(key)) checked(NOTE_KEY, key, `notes: key on ${shelf.name}`)
    if (value !== null && !NOTE_VALUE.meets(value))
      checked(NOTE_VALUE, value, `notes: value on ${shelf.name}`)
  }
}

export function bytesOfNotes(notes: readonly Note[]): number {
  let bytes = 0
  for (const { key, value } of notes) bytes += key.length + (value === null ? 0 : value.length)
  return bytes
}

/** Those that go with a job that has ended, when it is kept no longer. */
export function lasting(notes: readonly Note[] | undefined): readonly NoteName[] {
  if (notes === undefined) return NONE
  return notes.filter(({ value }) => value !== null).map(({ shelf, key }) => ({ shelf, key }))
}

const NONE: readonly NoteName[] = []

/** Of all shelves: no name of one has a NUL. */
export function pathOf({ shelf, key }: NoteName): string {
  return `${shelf.name}\0${key}`
}

/** The order of keys: that of their bytes in UTF-8, which is that of code points. JavaScript's own is another one. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (one !== other) return rank(one) - rank(other)
  }
  return a.length - b.length
}

/** Halves of pairs stand for what is behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Whether a key that stands behind `after` is in the range. */
export function isIn({ prefix, before }: NoteRange, key: string): boolean {
  return (
    (prefix === undefined || key.startsWith(prefix)) && (before === undefined || compareKeys(key, before) < 0)
  )
}

/** Whether a key is in the range. */
export function isWithin(range: NoteRange, key: string): boolean {
  const { after = null } = range
  return isIn(range, key) && (after === null || compareKeys(key, after) > 0)
}

/** Where a range begins: at this key, or behind it. */
export function startOf({ prefix = '', after = null }: NoteRange): {
  readonly key: string
  readonly behind: boolean
} {
  return after === null || compareKeys(after, prefix) < 0
    ? { key: prefix, behind: false }
    : { key: after, behind: true }
}
