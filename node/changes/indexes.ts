import type { NodeChange } from './journal.js'
import { keysAfter } from './keys.js'
import { tagsAfter } from './tags.js'

/**
 * The change itself, with what becomes of all indexes with it: its other fields are for those who wait for it. `now`: on the
 * wall clock.
 */
export function withNotes(change: NodeChange, now: () => number): NodeChange {
  const tags = tagsAfter(change)
  const keys = keysAfter(change, now)
  if (tags === undefined && keys === undefined) return change
  return Object.assign(change, { notes: [...(change.notes ?? []), ...(tags ?? []), ...(keys ?? [])] })
}
