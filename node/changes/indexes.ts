import type { Clock } from '../../src/clock.js'
import { firstsAfter } from './firsts.js'
import type { NodeChange } from './journal.js'
import { keysAfter } from './keys.js'
import { tagsAfter } from './tags.js'

/** The change itself, with what becomes of all indexes with it: its other fields are for those who wait for it. */
export function withNotes(change: NodeChange, clock: Pick<Clock, 'now'>): NodeChange {
  const tags = tagsAfter(change)
  const keys = keysAfter(change, clock)
  const firsts = firstsAfter(change)
  if (tags === undefined && keys === undefined && firsts === undefined) return change
  return Object.assign(change, {
    notes: [...(change.notes ?? []), ...(tags ?? []), ...(keys ?? []), ...(firsts ?? [])],
  })
}
