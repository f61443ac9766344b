import { ByteReader } from '../../src/bytes/byte-reader.js'
import { ByteWriter } from '../../src/bytes/byte-writer.js'
import { type Limits, readLimits, writeLimits } from '../../src/job/limits.js'
import type { Note, Shelf, Store } from '../../src/store/contract.js'
import { allNotes } from '../../src/store/notes.js'
import type { Said } from '../../src/verbs/controls.js'
import type { Paused } from './pauses.js'

/** What was set for a name in place of the limits of its job file. */
export interface SetLimits extends Said {
  readonly limits: Limits
}

/** Limits that were set, by name. */
const LIMITS: Shelf = { name: 'limits', own: true }
const PAUSES: Shelf = { name: 'pauses', own: true }

/** Null: they go. */
export function limitsNote(name: string, set: SetLimits | null): Note {
  const value = set === null ? null : written(set, (w) => writeLimits(w, set.limits))
  return { shelf: LIMITS, key: name, value }
}

/** Null: it goes. */
export function pauseNote(what: Paused, said: Said | null): Note {
  return { shelf: PAUSES, key: keyOf(what), value: said === null ? null : written(said) }
}

export async function readControls(
  store: Pick<Store, 'notes'>,
  each: {
    readonly limits: (name: string, set: SetLimits) => void
    readonly pause: (what: Paused, said: Said) => void
  },
): Promise<void> {
  for await (const { key, value } of allNotes(store, LIMITS)) {
    const r = new ByteReader(value)
    const said = readSaid(r)
    each.limits(key, { ...said, limits: readLimits(r) })
  }
  for await (const { key, value } of allNotes(store, PAUSES))
    each.pause(pausedOf(key), readSaid(new ByteReader(value)))
}

function written({ since, by }: Said, more?: (w: ByteWriter) => void): Buffer {
  const w = new ByteWriter(64)
  w.uint(since)
  w.text(by)
  more?.(w)
  return w.take()
}

function readSaid(r: ByteReader): Said {
  return { since: r.uint(), by: r.text() }
}

/** What kind it is, and of what. No group has a NUL. */
function keyOf(what: Paused): string {
  if (what === null) return 'node'
  return what.group === null ? `name ${what.name}` : `group ${what.group}\0${what.name}`
}

function pausedOf(key: string): Paused {
  if (key === 'node') return null
  if (key.startsWith('name ')) return { name: key.slice(5), group: null }
  const end = key.indexOf('\0')
  return { name: key.slice(end + 1), group: key.slice(6, end) }
}
