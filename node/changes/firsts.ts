import type { JobRecord } from '../../src/job/record.js'
import type { Note } from '../../src/store/contract.js'
import { firstNote } from '../../src/store/serial.js'
import type { NodeChange } from './journal.js'

/** What becomes of the index of the first jobs of series; undefined where there is no series. */
export function firstsAfter(change: NodeChange): readonly Note[] | undefined {
  switch (change.kind) {
    case 'insert':
      return come(change.job)
    case 'move': {
      if (change.from.agreed.terms.serial === undefined) return undefined
      // The note of a neighbour's job is the neighbour's, and the one that comes is this node's.
      return [...(gone(change.from) ?? []), ...(come(change.to) ?? [])]
    }
    case 'end':
      return gone(change.from)
    default:
      return undefined
  }
}

function come(job: JobRecord): readonly Note[] | undefined {
  const name = firstNote(job)
  return name === null ? undefined : [{ ...name, value: Buffer.from(job.id) }]
}

function gone(job: JobRecord): readonly Note[] | undefined {
  const name = firstNote(job)
  return name === null ? undefined : [{ ...name, value: null }]
}
