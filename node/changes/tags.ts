import type { JobRecord } from '../../src/job/record.js'
import type { End, Move, Note } from '../../src/store/contract.js'
import { type Stands, standsOf, TAGS, tagKey } from '../../src/store/tags.js'
import type { NodeSingle } from './journal.js'

/** What becomes of the index of tags with a change. */
export function tagsAfter(change: NodeSingle, notes: Note[]): void {
  switch (change.kind) {
    case 'insert':
      return come(change.job, 'waiting', notes)
    case 'begin':
      gone(change.job, 'waiting', notes)
      return come(change.job, 'running', notes)
    case 'move':
      gone(change.from, stoodSo(change), notes)
      return come(change.to, 'waiting', notes)
    case 'end': {
      const { from, keep } = change
      gone(from, stoodSo(change), notes)
      if (keep !== null) come(keep.job, standsOf(keep.state), notes)
    }
  }
}

function gone(job: JobRecord, stood: Stands, notes: Note[]): void {
  const { tags } = job.agreed.terms
  if (tags === undefined) return
  for (const tag of tags) notes.push({ shelf: TAGS, key: tagKey(tag, stood, job.id), value: null })
}

/** A job stands in one place, and this one has not stood there: its notes are new. */
function come(job: JobRecord, stands: Stands, notes: Note[]): void {
  const { tags } = job.agreed.terms
  if (tags === undefined) return
  for (const tag of tags)
    notes.push({ shelf: TAGS, key: tagKey(tag, stands, job.id), value: NOTHING, isNew: true })
}

function stoodSo({ running }: Move | End): Stands {
  return running ? 'running' : 'waiting'
}

const NOTHING = Buffer.alloc(0)
