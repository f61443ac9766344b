import { createHash } from 'node:crypto'
import { laneBlocked } from './lane.js'
import type { JobRecord } from './record.js'
import { standingOf } from './series.js'

/** Which flow a job is of, and under which key. */
export interface Membership {
  /** Text without NUL, of any job that has children, too. */
  readonly flow: string
  readonly key: string
}

type Named = Pick<JobRecord, 'id' | 'edition'>

/** Null: it is of none. Children of a job are a flow of their own. */
export function membershipOf({ id, agreed }: Pick<JobRecord, 'id' | 'agreed'>): Membership | null {
  const { flow, parent } = agreed.terms
  if (flow !== undefined) return { flow: flowNamed(flow.id), key: flow.key }
  return parent === undefined ? null : { flow: familyOf(parent), key: id }
}

/** The flow that was given this id. */
export function flowNamed(id: string): string {
  return `f${id}`
}

/** The flow of the children of a job. */
export function familyOf({ id, edition }: Named): string {
  const short = id.length <= LONGEST_ID && !id.includes('\0')
  const name = short ? id : createHash('sha256').update(id).digest('base64url')
  return `c${edition.toString(36)}.${name}`
}

/** So that its name, and what is found by it, are keys of notes. */
const LONGEST_ID = 128

/** The same job while it waits for others of a flow. */
export function blockedBy(flow: string, job: JobRecord): JobRecord {
  return { ...job, lane: laneBlocked(flow), due: 0, course: { ...job.course, behind: standingOf(job) } }
}
