import {
  isBlocked,
  isParked,
  type Lane,
  laneBehind,
  laneParked,
  type Standing,
  waitsForChildren,
} from './lane.js'
import type { JobRecord } from './record.js'

/** The same job behind the others of its series that are there, which have lower orders. */
export function behind(job: JobRecord, serial: string, order: number): JobRecord {
  const { lane, due, course } = job
  return { ...job, lane: laneBehind(serial), due: order, course: { ...course, behind: { lane, due } } }
}

/** The same job while it waits for its key. `order`: higher than those of the others that do. */
export function parked(job: JobRecord, key: string, order: number): JobRecord {
  return { ...job, lane: laneParked(key), due: order, course: { ...job.course, behind: standingOf(job) } }
}

/** The same job when it is its turn: where it was to stand. `seq`: of its place there. */
export function inFront(job: JobRecord, seq: number): JobRecord {
  return { ...job, ...standingOf(job), seq, course: { ...job.course, behind: null } }
}

/** It may be the first of its series: it is not behind another, and has not begun to be of the series by waiting for its needs. */
export function mayBeFirst({ lane, course }: Pick<JobRecord, 'lane' | 'course'>): boolean {
  return course.behind === null || waitsForChildren(lane)
}

/** It has waited for others of its flow, or for its key, and comes to its series with this. */
export function comesToSeries(from: Pick<JobRecord, 'lane'>, to: Pick<JobRecord, 'lane'>): boolean {
  return standsApart(from.lane) && !waitsForChildren(from.lane) && !standsApart(to.lane)
}

/** It waits for what comes before its series. */
export function standsApart(lane: Lane): boolean {
  return isBlocked(lane) || isParked(lane)
}

/** A waiting job was given to another series, or was taken out of one. */
export function changesSeries(from: JobRecord, to: JobRecord): boolean {
  return from.agreed !== to.agreed && from.agreed.terms.serial !== to.agreed.terms.serial
}

/** The same job at another place, or to stand there when it is no longer behind others. `seq`: of its place now. */
export function placedAt(job: JobRecord, standing: Standing, seq: number): JobRecord {
  const { course } = job
  if (course.behind === null) return { ...job, ...standing, seq }
  return { ...job, seq, course: { ...course, behind: standing } }
}

/** Where it stands, or is to stand. */
export function standingOf({ lane, due, course }: JobRecord): Standing {
  return course.behind ?? { lane, due }
}
