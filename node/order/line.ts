import type { Now } from '../../src/clock.js'
import { type Lane, lanePartsOf } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { LaneWindow } from './lane-window.js'
import type { Turn } from './turns.js'

/**
 * A lane that has jobs, or had some a moment ago. While it has something to take, or may have, it stands in the turns;
 * else it sleeps. There may be very many: all that it has is small, but what its window holds.
 */
export class Line implements Turn<Line> {
  readonly lane: Lane
  readonly window: LaneWindow
  readonly priority: number
  readonly deferred: boolean
  readonly timed: boolean
  next: Line | null = null
  previous: Line | null = null
  /** Jobs that it gave since its turn began. */
  given = 0
  /** By the steady clock: when to look at it again. Of `Sleepers`, and of nobody else. */
  wakesAt = Number.POSITIVE_INFINITY

  constructor(lane: Lane, window: LaneWindow) {
    const { priority, deferred, timed } = lanePartsOf(lane)
    this.lane = lane
    this.window = window
    this.priority = priority
    this.deferred = deferred
    this.timed = timed
  }

  // A job that was to run at once was due when it was stored, whatever the wall clock has been set to since.

  /** A job may be taken. */
  ready(now: Now): boolean {
    return this.window.ready(this.timed ? now : undefined)
  }

  /** None may be taken here, and the store may have one. */
  lacks(now: Now): boolean {
    return this.window.lacks(this.timed ? now : undefined)
  }

  take(now: Now): JobRecord | null {
    return this.window.take(this.timed ? now : undefined)
  }
}
