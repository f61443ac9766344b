import type { Now } from '../clock.js'
import { FRESH } from './course.js'
import { laneFor, lanePartsOf } from './lane.js'
import type { JobRecord } from './record.js'
import { standingOf } from './series.js'

/** An ended job as it runs again: what it was enqueued with, due at once, and nothing has happened to it yet. */
export function again(job: JobRecord, now: Now, seq: number): JobRecord {
  const lane = laneFor({ ...lanePartsOf(standingOf(job).lane), timed: false })
  return { ...job, lane, due: now.steady, byWall: false, seq, course: FRESH }
}
