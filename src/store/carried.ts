import { bytesOfOutcome } from '../job/outcome.js'
import type { Outcome } from '../job/record.js'
import { checked, TOGETHER } from '../rules.js'
import type { SharedChange } from './contract.js'
import { bytesOfNotes, checkNotes } from './notes.js'

/** What waits for the store: with an outcome to tell, whether the store keeps it or not. */
export type Waiting = SharedChange & { readonly report?: Outcome | null }

/** Bytes of what it carries. */
export function bytesOf(change: Waiting): number {
  if (change.kind === 'together') return change.changes.reduce((bytes, each) => bytes + bytesOf(each), 0)
  const notes = change.notes === undefined ? 0 : bytesOfNotes(change.notes)
  if (change.kind === 'insert') return notes + change.job.args.length
  if (change.kind !== 'end' && change.kind !== 'move' && change.kind !== 'adopt') return notes
  const outcome = change.outcome ?? change.report ?? null
  const kept = change.kind === 'end' ? (change.keep?.result?.args.length ?? 0) : 0
  return notes + kept + (outcome === null ? 0 : bytesOfOutcome(outcome))
}

/** Throws a TypeError for notes beyond their bounds, or for too many changes together. */
export function checkBounds(change: SharedChange): void {
  if (change.kind === 'together') {
    checked(TOGETHER, change.changes, 'together')
    change.changes.forEach(checkBounds)
  } else if (change.notes !== undefined) checkNotes(change.notes)
}
