import type { JobRecord } from '../../src/job/record.js'
import type { End, Move, Note } from '../../src/store/contract.js'
import { type Stands, standsOf, tagNotes } from '../../src/store/tags.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the index of tags with a change; undefined where none of its jobs has tags. */
export function tagsAfter(change: NodeSingle): readonly Note[] | undefined {
  switch (change.kind) {
    case 'insert':
      return moved(null, 'waiting', change.job, 'waiting')
    case 'begin':
      return moved(change.job, 'waiting', change.job, 'running')
    case 'move':
      return moved(change.from, stoodSo(change), change.to, 'waiting')
    case 'end': {
      const { from, keep } = change
      return moved(from, stoodSo(change), keep?.job ?? null, keep === null ? 'waiting' : standsOf(keep.state))
    }
    default:
      // The notes of an ended job go with it, and an outcome has none.
      return undefined
  }
}

/** Null: there was no such job before, or is none after. */
function moved(
  before: JobRecord | null,
  stood: Stands,
  after: JobRecord | null,
  stands: Stands,
): readonly Note[] | undefined {
  if (before?.agreed.terms.tags === undefined && after?.agreed.terms.tags === undefined) return undefined
  const gone = before === null ? [] : tagNotes(before, stood).map((name) => ({ ...name, value: null }))
  const come = after === null ? [] : tagNotes(after, stands).map((name) => ({ ...name, value: NOTHING }))
  return [...gone, ...come]
}

function stoodSo({ running }: Move | End): Stands {
  return running ? 'running' : 'waiting'
}

const NOTHING = Buffer.alloc(0)
