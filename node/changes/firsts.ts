import type { JobRecord } from '../../src/job/record.js'
import { gone, type Note } from '../../src/store/notes.js'
import { firstNote } from '../../src/store/serial.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the index of the first jobs of series; undefined where there is no series. */
export function firstsAfter(change: NodeSingle): readonly Note[] | undefined {
  switch (change.kind) {
    case 'insert':
      return come(change.job)
    case 'move': {
      if (change.from.agreed.terms.serial === undefined) return undefined
      // The note of a neighbour's job is the neighbour's, and the one that comes is this node's.
      return [...(gone(firstNote(change.from)) ?? []), ...(come(change.to) ?? [])]
    }
    case 'end':
      return gone(firstNote(change.from))
    default:
      return undefined
  }
}

function come(job: JobRecord): readonly Note[] | undefined {
  const name = firstNote(job)
  return name === null ? undefined : [{ ...name, value: Buffer.from(job.id) }]
}
