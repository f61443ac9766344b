import type { Now } from '../../src/clock.js'
import { type Lane, lanePartsOf, ownerOf } from '../../src/job/lane.js'
import { comparePlaces, type JobRecord } from '../../src/job/record.js'
import type { LaneWindow } from './lane-window.js'
import { type Linked, Ring } from './ring.js'

/**
 * A lane that has jobs, or had some a moment ago. There may be very many: all that it has is small, but what its window
 * holds.
 */
export class Line implements Linked<Line> {
  readonly lane: Lane
  readonly window: LaneWindow
  readonly family: Family
  /** Of its jobs; null: they have none. */
  readonly group: string | null
  readonly timed: boolean
  /** The lane beside this one, when it is there: of jobs that wait for a time, where these do not, or the other way round. */
  twin: Line | null = null
  next: Line | null = null
  previous: Line | null = null
  /** Jobs that it gave since its turn began. */
  given = 0
  /** It waits at the gate of its group. */
  closed = false
  /** By the steady clock: when to look at it again. Of `Sleepers`, and of nobody else. */
  wakesAt = Number.POSITIVE_INFINITY

  constructor(lane: Lane, window: LaneWindow, family: Family) {
    const { timed, key } = lanePartsOf(lane)
    this.lane = lane
    this.window = window
    this.family = family
    this.group = ownerOf(key)?.group ?? null
    this.timed = timed
  }

  // A job that was to run at once was due when it was stored, whatever the wall clock has been set to since.

  /** A job may be taken. */
  ready(now: Now): boolean {
    return this.first(now) !== null
  }

  /** None may be taken here, and the store may have one. */
  lacks(now: Now): boolean {
    return this.window.lacks(this.timed ? now : undefined)
  }

  /** The job that it would give. */
  first(now: Now): JobRecord | null {
    return this.window.due(this.timed ? now : undefined)
  }

  /** Of this one and its twin, the one whose job was due first. Null while the twin is being read, which `readOn` begins. */
  earlier(now: Now, readOn: (line: Line, now: Now) => void): Line | null {
    const { twin } = this
    // Asleep, or empty.
    if (twin === null || twin.next === null) return this
    if (twin.lacks(now)) {
      readOn(twin, now)
      return twin.window.isReading ? null : this
    }
    const [job, other] = [this.first(now), twin.first(now)]
    return job !== null && other !== null && comparePlaces(other, job) < 0 ? twin : this
  }

  take(now: Now): JobRecord | null {
    return this.window.take(this.timed ? now : undefined)
  }
}

/**
 * Lanes of one kind and priority that have one place in the order: those of all jobs that stand with others, those of a
 * name, or those of all groups of a name, which take turns.
 */
export class Family {
  readonly key: string
  readonly deferred: boolean
  readonly priority: number
  /** Null: of any name. */
  readonly name: string | null
  readonly grouped: boolean
  /** Lines that have something to take, or may have. */
  readonly ring = new Ring<Line>()
  /** Lines that are known, whether they have jobs or not. */
  lines = 0
  /** `closed`: it waits at the gate of its name. `idle`: nothing to take. */
  stands: 'idle' | 'queued' | 'closed' = 'idle'
  /** What it would give does not stand in front of this place. Of `Queue`, and of nobody else. */
  due = Number.NEGATIVE_INFINITY
  seq = 0
  /** By the steady clock: when to look at its gate again. Of `Sleepers`, and of nobody else. */
  wakesAt = Number.POSITIVE_INFINITY

  /** Of one of its lanes. */
  constructor(key: string, lane: Lane) {
    const { deferred, priority, key: own } = lanePartsOf(lane)
    const owner = ownerOf(own)
    this.key = key
    this.deferred = deferred
    this.priority = priority
    this.name = owner?.name ?? null
    this.grouped = owner !== null && owner.group !== null
  }
}
