import { type Clock, type Now, nowOf, type Timer } from '../../src/clock.js'
import {
  IMMEDIATE,
  IMMEDIATE_DEFERRED,
  type JobRecord,
  LANES,
  TIMED,
  TIMED_DEFERRED,
} from '../../src/job/record.js'
import { LaneWindow, type ReadLane, type WindowLimits } from './lane-window.js'

/**
 * Timers follow the monotonic clock, and jobs with a `runAt` the wall clock, which may be set; and the machine may sleep. So even when
 * nothing is due for years the timer comes back after this long to compare them. It reads no store.
 */
const LONGEST_HOP_MS = 60_000

export interface SchedulerOptions {
  readonly read: ReadLane
  readonly clock: Clock
  readonly limits: WindowLimits
  /** Called when a job has come due, or when a read brought new ones. */
  readonly onDue: () => void
  readonly onError: (error: unknown) => void
}

/** Which job is next, and when: the heads of the lanes in memory, and one timer for the earliest of them. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #waiting = new Map<string, JobRecord>()
  readonly #windows: readonly LaneWindow[]
  #timer: Timer | null = null
  #armedFor = Number.POSITIVE_INFINITY
  #timedNext: readonly [boolean, boolean] = [false, false]
  /** Jobs that were due by then have been offered to the children; the rest still needs the timer. */
  #offeredAt: Now = { steady: 0, wall: 0 }
  #running = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#windows = LANES.map((lane) => new LaneWindow(lane, options.read, options.limits, this.#waiting))
  }

  /** Brings the heads of all lanes into memory. */
  async start(): Promise<void> {
    this.#running = true
    await Promise.all(this.#windows.map((window) => window.refill()))
    this.settle()
  }

  stop(): void {
    this.#running = false
    this.#disarm()
  }

  /** A job that has just been stored. Call `settle` after the last of a group. */
  add(job: JobRecord): void {
    this.#window(job.lane).add(job)
  }

  /** Waiting jobs in memory. */
  get held(): number {
    return this.#waiting.size
  }

  find(id: string): JobRecord | undefined {
    return this.#waiting.get(id)
  }

  values(): IterableIterator<JobRecord> {
    return this.#waiting.values()
  }

  /** Takes a waiting job out of the order, when it is in memory. */
  remove(id: string): JobRecord | undefined {
    const job = this.#waiting.get(id)
    if (job !== undefined) this.#window(job.lane).release(job)
    return job
  }

  /**
   * The next job that may run now. Jobs sent to run at once and jobs that waited for a time take turns while both
   * are due; within each, first come first started.
   */
  take(deferred: boolean, now: Now): JobRecord | null {
    const kind = deferred ? 1 : 0
    const immediate = this.#window(deferred ? IMMEDIATE_DEFERRED : IMMEDIATE)
    const timed = this.#window(deferred ? TIMED_DEFERRED : TIMED)
    const timedDue = timed.ready(now)
    if (timedDue && (this.#timedNext[kind] || immediate.size === 0)) {
      this.#turn(kind, false)
      return timed.take(now)
    }
    if (timedDue) this.#turn(kind, true)
    // A job of this lane was due when it was stored, whatever the wall clock has been set to since.
    return immediate.take()
  }

  /** Nothing of this kind waits to be taken, here or in the store. */
  idle(deferred: boolean, now: Now): boolean {
    const immediate = this.#window(deferred ? IMMEDIATE_DEFERRED : IMMEDIATE)
    return immediate.isEmpty && this.#window(deferred ? TIMED_DEFERRED : TIMED).ready(now) === false
  }

  /** Whoever takes jobs has just looked at all that were due at `now`. */
  offered(now: Now): void {
    this.#offeredAt = now
  }

  /** Arms the timer for the earliest job that is not due yet, and reads on where a window runs low. */
  settle(): void {
    if (!this.#running) return
    const now = nowOf(this.#options.clock)
    for (const window of this.#windows) {
      if (window.needsRefill(now)) {
        window.refill().then(() => this.#refilled(), this.#options.onError)
      }
    }
    // What has been offered waits for a child, not for time. What has come due since then was not offered yet.
    const waits = [TIMED, TIMED_DEFERRED].map((lane) =>
      this.#window(lane as JobRecord['lane']).wait(now, this.#offeredAt),
    )
    const wait = Math.min(...waits)
    const next = now.steady + wait
    if (next === this.#armedFor) return
    this.#disarm()
    if (next === Number.POSITIVE_INFINITY) return
    this.#armedFor = next
    this.#timer = this.#options.clock.setTimer(Math.min(Math.max(wait, 0), LONGEST_HOP_MS), () =>
      this.#wake(),
    )
  }

  #wake(): void {
    this.#timer = null
    this.#armedFor = Number.POSITIVE_INFINITY
    this.#options.onDue()
    this.settle()
  }

  #refilled(): void {
    this.#options.onDue()
    this.settle()
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #turn(kind: 0 | 1, timed: boolean): void {
    this.#timedNext = kind === 0 ? [timed, this.#timedNext[1]] : [this.#timedNext[0], timed]
  }

  #window(lane: JobRecord['lane']): LaneWindow {
    const window = this.#windows[lane]
    if (window === undefined) throw new RangeError(`no lane ${lane}`)
    return window
  }
}
