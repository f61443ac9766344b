import type { Now } from '../../src/clock.js'
import { type Lane, lanePartsOf, twinLane } from '../../src/job/lane.js'
import { comparePlaces, type JobRecord } from '../../src/job/record.js'
import { type Held, LaneWindow } from './lane-window.js'
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
  /** The lane beside this one, when it is there: of jobs that wait for a time, where these do not, or the other way round. */
  twin: Line | null = null
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

/** All lanes that have jobs, or had some a moment ago, by name. */
export class Lines {
  readonly #held: Held
  readonly #all = new Map<Lane, Line>()

  constructor(held: Held) {
    this.#held = held
  }

  get size(): number {
    return this.#all.size
  }

  get(lane: Lane): Line | undefined {
    return this.#all.get(lane)
  }

  values(): Iterable<Line> {
    return this.#all.values()
  }

  /** `stored`: see `LaneWindow`. */
  make(lane: Lane, stored: number | null): Line {
    const line = new Line(lane, new LaneWindow(lane, this.#held, stored))
    this.#all.set(lane, line)
    line.twin = this.#all.get(twinLane(lane)) ?? null
    if (line.twin !== null) line.twin.twin = line
    return line
  }

  remove({ lane, twin }: Line): void {
    this.#all.delete(lane)
    if (twin !== null) twin.twin = null
  }
}
