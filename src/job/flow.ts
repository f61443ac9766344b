import { createHash } from 'node:crypto'
import { laneBlocked } from './lane.js'
import type { JobRecord } from './record.js'
import { standingOf } from './series.js'
import type { Parent } from './terms/flow.js'

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

/** The id that a flow was given. */
export function idOfFlow(flow: string): string {
  return flow.slice(1)
}

/** The flow of the children of a job. */
export function familyOf({ id, edition }: Named): string {
  const short = id.length <= LONGEST_ID && !id.includes('\0') && !id.startsWith(DIGEST)
  const name = short ? id : DIGEST + createHash('sha256').update(id).digest('base64url')
  return `c${edition.toString(36)}.${name}`
}

/** The job of whose children a flow is; null: it is none of these, or its id is too long to be found like this. */
export function parentOf(flow: string): Parent | null {
  const end = flow.indexOf('.')
  if (!isFamily(flow) || flow.startsWith(DIGEST, end + 1)) return null
  return { id: flow.slice(end + 1), edition: Number.parseInt(flow.slice(1, end), 36) }
}

/** It is that of the children of a job. */
export function isFamily(flow: string): boolean {
  return flow.startsWith('c')
}

const DIGEST = '#'
/** So that its name, and what is found by it, are keys of notes. */
const LONGEST_ID = 128

/** The same job while it waits for others of a flow. */
export function blockedBy(flow: string, job: JobRecord): JobRecord {
  return { ...job, lane: laneBlocked(flow), due: 0, course: { ...job.course, behind: standingOf(job) } }
}
