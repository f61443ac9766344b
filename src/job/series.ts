import { laneBehind, type Standing } from './lane.js'
import type { JobRecord } from './record.js'

/** The same job behind the others of its series that are there, which have lower orders. */
export function behind(job: JobRecord, serial: string, order: number): JobRecord {
  const { lane, due, course } = job
  return { ...job, lane: laneBehind(serial), due: order, course: { ...course, behind: { lane, due } } }
}

/** The same job when it is its turn: where it was to stand. `seq`: of its place there. */
export function inFront(job: JobRecord, seq: number): JobRecord {
  return { ...job, ...standingOf(job), seq, course: { ...job.course, behind: null } }
}

/** Where it stands, or is to stand. */
export function standingOf({ lane, due, course }: JobRecord): Standing {
  return course.behind ?? { lane, due }
}
