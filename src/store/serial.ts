import type { JobRecord } from '../job/record.js'
import { mayBeFirst } from '../job/series.js'
import type { NoteName, Shelf } from './contract.js'

/** The job of each series that is its first: no other of it may run until it has ended. */
export const SERIAL: Shelf = { name: 'serial', own: true }

/** The note of a job that is the first of its series; null: it has none, or is behind another. */
export function firstNote(job: JobRecord): NoteName | null {
  const { serial } = job.agreed.terms
  return serial === undefined || !mayBeFirst(job) ? null : { shelf: SERIAL, key: serial }
}
