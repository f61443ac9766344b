import type { NoteName } from '../../src/store/notes.js'
import { savedNote } from '../../src/store/saved.js'
import type { NodeSingle } from './journal.js'

/** What a job has saved goes when it ends, and when the next slot of a period begins: null when nothing does. */
export function savedAfter(change: NodeSingle): NoteName | null {
  if ((change.kind !== 'end' && change.kind !== 'move') || !change.from.course.saved) return null
  return change.kind === 'move' && change.to.course.saved ? null : savedNote(change.from.id)
}
