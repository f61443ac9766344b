import type { Lane } from '../../src/job/lane.js'
import type { JobRecord, Place } from '../../src/job/record.js'

export interface WindowLimits {
  /** Jobs held in memory for a lane, and bytes of their args: twice as many at most. */
  readonly jobs: number
  readonly bytes: number
  /** Jobs read from the store at a time. */
  readonly read: number
}

export type ReadLane = (lane: Lane, after: Place | null, limit: number, bytes: number) => Promise<JobRecord[]>

/** What the windows of a scheduler share. */
export class Held {
  /** A job that is in a heap and not here was taken out. */
  readonly jobs = new Map<string, JobRecord>()
  bytes = 0
  readonly read: ReadLane
  readonly limits: WindowLimits

  constructor(read: ReadLane, limits: WindowLimits) {
    this.read = read
    this.limits = limits
  }
}
