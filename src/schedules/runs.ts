import type { JobRecord } from '../job/record.js'

/** The edition of every run of a schedule: no `enqueue` draws it. */
export const RUN_EDITION = 2 ** 48
/** A sign, and an ISO 8601 time. */
const LENGTH_OF_SLOT = 25

/** The id of the job that is the run of a slot. */
export function runId(schedule: string, slot: number): string {
  return `${schedule}@${new Date(slot).toISOString()}`
}

/** Of which schedule, and which slot, a job is the run; null: of none. */
export function runOf({
  id,
  edition,
}: Pick<JobRecord, 'id' | 'edition'>): { readonly schedule: string; readonly slot: number } | null {
  if (edition !== RUN_EDITION) return null
  const slot = Date.parse(id.slice(1 - LENGTH_OF_SLOT))
  return Number.isNaN(slot) ? null : { schedule: id.slice(0, -LENGTH_OF_SLOT), slot }
}
