import type { JobRecord } from '../../src/job/record.js'
import type { Note } from '../../src/store/notes.js'
import { firstNote } from '../../src/store/serial.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the index of the first jobs of series. */
export function firstsAfter(change: NodeSingle, notes: Note[]): void {
  switch (change.kind) {
    case 'insert':
      return come(change.job, notes)
    case 'move':
      // The note of a neighbour's job is the neighbour's, and the one that comes is this node's.
      gone(change.from, notes)
      return come(change.to, notes)
    case 'end':
      gone(change.from, notes)
  }
}

function come(job: JobRecord, notes: Note[]): void {
  const name = firstNote(job)
  if (name !== null) notes.push({ ...name, value: Buffer.from(job.id) })
}

function gone(job: JobRecord, notes: Note[]): void {
  const name = firstNote(job)
  if (name !== null) notes.push({ ...name, value: null })
}
