import type { Clock } from '../../src/clock.js'
import type { JobRecord } from '../../src/job/record.js'
import { TERMS } from '../../src/job/terms/table.js'
import type { Note } from '../../src/store/notes.js'
import { firstsAfter } from './firsts.js'
import type { NodeChange, NodeSingle } from './journal.js'
import { keysAfter } from './keys.js'
import { savedAfter } from './saved.js'
import { tagsAfter } from './tags.js'

/** No term below this one puts a job into an index: most jobs have none, and are looked at no further. */
const FIRST_INDEXED = Math.min(TERMS.tags.no, TERMS.serial.no, TERMS.unique.no)

/** The change itself, with what becomes of all indexes with it: its other fields are for those who wait for it. */
export function withNotes<C extends NodeChange>(change: C, clock: Pick<Clock, 'now'>): C {
  if (change.kind === 'together') for (const each of change.changes) note(each, clock)
  else note(change, clock)
  return change
}

function note(change: NodeSingle, clock: Pick<Clock, 'now'>): void {
  const indexed = mayBeIndexed(change)
  const saved = savedAfter(change)
  if (!indexed && saved === null) return
  const notes: Note[] = []
  if (indexed) {
    tagsAfter(change, notes)
    keysAfter(change, clock, notes)
    firstsAfter(change, notes)
  }
  if (saved !== null) notes.push({ ...saved, value: null })
  if (notes.length === 0) return
  Object.assign(change, { notes: change.notes === undefined ? notes : [...change.notes, ...notes] })
}

function mayBeIndexed(change: NodeSingle): boolean {
  switch (change.kind) {
    case 'insert':
    case 'begin':
      return isBeyond(change.job)
    case 'move':
      return isBeyond(change.from) || isBeyond(change.to)
    case 'end':
      return isBeyond(change.from)
    default:
      // The notes of an ended job go with it, and an outcome has none.
      return false
  }
}

function isBeyond({ agreed }: JobRecord): boolean {
  return agreed.highest >= FIRST_INDEXED
}
