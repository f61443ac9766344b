import type { Clock } from '../../src/clock.js'
import { firstsAfter } from './firsts.js'
import type { NodeChange, NodeSingle } from './journal.js'
import { keysAfter } from './keys.js'
import { tagsAfter } from './tags.js'

/** The change itself, with what becomes of all indexes with it: its other fields are for those who wait for it. */
export function withNotes<C extends NodeChange>(change: C, clock: Pick<Clock, 'now'>): C {
  if (change.kind === 'together') for (const each of change.changes) note(each, clock)
  else note(change, clock)
  return change
}

function note(change: NodeSingle, clock: Pick<Clock, 'now'>): void {
  const tags = tagsAfter(change)
  const keys = keysAfter(change, clock)
  const firsts = firstsAfter(change)
  if (tags === undefined && keys === undefined && firsts === undefined) return
  Object.assign(change, {
    notes: [...(change.notes ?? []), ...(tags ?? []), ...(keys ?? []), ...(firsts ?? [])],
  })
}
