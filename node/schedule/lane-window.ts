import type { Now } from '../../src/clock.js'
import { Heap } from '../../src/heap.js'
import { comparePlaces, type JobRecord, type Lane, type Place } from '../../src/job/record.js'

export interface WindowLimits {
  /** Jobs held in memory for a lane, and bytes of their args: twice as many at most. */
  readonly jobs: number
  readonly bytes: number
  /** Jobs read from the store at a time. */
  readonly read: number
}

export type ReadLane = (lane: Lane, after: Place | null, limit: number, bytes: number) => Promise<JobRecord[]>

/** What a waiting job costs in memory beside its args, roughly. */
const RECORD_BYTES = 400

const FOREVER: Now = { steady: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY }

/**
 * The head of one lane in memory; the rest waits in the store. Invariant: every waiting job of the lane up to
 * `frontier` is here, and when `more` is false, every one. So a job stored beyond the frontier need not be held,
 * and memory does not grow with the backlog.
 */
export class LaneWindow {
  readonly lane: Lane
  readonly #read: ReadLane
  readonly #limits: WindowLimits
  /** Shared by the windows of a scheduler; a job that is in the heap but not here was taken out. */
  readonly #waiting: Map<string, JobRecord>
  /** By the clock that a job waits for: where one of them was set, its jobs do not stand in the way of the others. */
  readonly #steady = new Heap<JobRecord>(comparePlaces)
  readonly #walled = new Heap<JobRecord>(comparePlaces)
  #size = 0
  #bytes = 0
  #more = true
  #frontier: Place | null = null
  #reading = false
  /** Stored beyond the frontier while a read was under way: the read may or may not have seen them. */
  #arrivals: JobRecord[] = []
  #trimmedWhileReading = false

  constructor(lane: Lane, read: ReadLane, limits: WindowLimits, waiting: Map<string, JobRecord>) {
    this.lane = lane
    this.#read = read
    this.#limits = limits
    this.#waiting = waiting
  }

  get size(): number {
    return this.#size
  }

  /** No job of the lane waits. */
  get isEmpty(): boolean {
    return this.#size === 0 && !this.#more
  }

  /** A job that has just been stored. */
  add(job: JobRecord): void {
    if (this.#more && (this.#frontier === null || comparePlaces(job, this.#frontier) > 0)) {
      if (this.#reading) this.#arrivals.push(job)
      return
    }
    this.#hold(job)
    if (this.#size > this.#limits.jobs * 2 || this.#bytes > this.#limits.bytes * 2) this.#trim()
  }

  /** A job of this window is due. */
  ready(now: Now): boolean {
    return this.#due(now) !== null
  }

  /**
   * How long until a job is due that was not at `offered`, in milliseconds: below 0 when it has come due since; Infinity
   * when there is none.
   */
  wait(now: Now, offered: Now): number {
    const steady = this.#head(this.#steady)?.due ?? Number.POSITIVE_INFINITY
    const walled = this.#head(this.#walled)?.due ?? Number.POSITIVE_INFINITY
    return Math.min(
      steady > offered.steady ? steady - now.steady : Number.POSITIVE_INFINITY,
      walled > offered.wall ? walled - now.wall : Number.POSITIVE_INFINITY,
    )
  }

  /** The first job that is due; without `now` the first of all. */
  take(now: Now = FOREVER): JobRecord | null {
    const job = this.#due(now)
    if (job === null) return null
    this.#heapOf(job).pop()
    this.release(job)
    return job
  }

  /** Takes a held job out of the count; the heap drops it when it comes up. */
  release(job: JobRecord): void {
    this.#waiting.delete(job.id)
    this.#size--
    this.#bytes -= job.args.length + RECORD_BYTES
  }

  needsRefill(now: Now): boolean {
    if (!this.#more || this.#reading) return false
    if (this.#size * 4 <= this.#limits.read) return true
    // The clocks are not one any more: what is here waits for one of them, and what is due by the other is in the store.
    const { jobs, bytes } = this.#limits
    const beyond = this.#frontier !== null && this.#frontier.due <= Math.max(now.steady, now.wall)
    return beyond && this.#size <= jobs && this.#bytes <= bytes && !this.ready(now)
  }

  /** Reads on from the frontier. */
  async refill(): Promise<void> {
    const { read: most, bytes } = this.#limits
    this.#reading = true
    this.#trimmedWhileReading = false
    let rows: JobRecord[]
    try {
      rows = await this.#read(this.lane, this.#frontier, most, bytes)
    } finally {
      this.#reading = false
    }
    const arrivals = this.#arrivals
    this.#arrivals = []
    // A trim moved the frontier back: what was read no longer joins on to it, and is read again when its turn comes.
    if (this.#trimmedWhileReading) return
    let read = 0
    for (const job of rows) {
      read += job.args.length
      this.#hold(job)
    }
    this.#more = rows.length >= most || read >= bytes
    this.#frontier = rows.at(-1) ?? this.#frontier
    for (const job of arrivals) {
      if (this.#waiting.get(job.id)?.seq !== job.seq) this.add(job)
    }
  }

  #hold(job: JobRecord): void {
    this.#waiting.set(job.id, job)
    this.#heapOf(job).push(job)
    this.#size++
    this.#bytes += job.args.length + RECORD_BYTES
  }

  #heapOf(job: JobRecord): Heap<JobRecord> {
    return job.byWall ? this.#walled : this.#steady
  }

  #due({ steady: bySteady, wall }: Now): JobRecord | null {
    const steady = this.#head(this.#steady)
    const walled = this.#head(this.#walled)
    const first = steady !== null && steady.due <= bySteady ? steady : null
    if (walled === null || walled.due > wall) return first
    return first !== null && comparePlaces(first, walled) < 0 ? first : walled
  }

  #head(heap: Heap<JobRecord>): JobRecord | null {
    for (;;) {
      const job = heap.peek()
      if (job === undefined) return null
      if (this.#waiting.get(job.id) === job) return job
      heap.pop()
    }
  }

  /** Keeps the earliest half; the rest is in the store anyway. */
  #trim(): void {
    const held: JobRecord[] = []
    for (let job = this.take(); job !== null; job = this.take()) held.push(job)
    let bytes = 0
    let kept = 0
    for (const job of held) {
      bytes += job.args.length + RECORD_BYTES
      if (kept > 0 && (kept >= this.#limits.jobs || bytes > this.#limits.bytes)) break
      this.#hold(job)
      kept++
    }
    this.#more = true
    this.#frontier = held[kept - 1] ?? this.#frontier
    this.#trimmedWhileReading = this.#reading
  }
}
