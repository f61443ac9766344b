import type { JobRecord } from '../job/record.js'
import type { NoteName, Shelf } from './contract.js'

/** The job of each series that is its first: no other of it may run until it has ended. */
export const SERIAL: Shelf = { name: 'serial', own: true }

/** The note of a job that is the first of its series; null: it has none, or is behind another. */
export function firstNote({ agreed, course }: JobRecord): NoteName | null {
  const { serial } = agreed.terms
  return serial === undefined || course.behind !== null ? null : { shelf: SERIAL, key: serial }
}
