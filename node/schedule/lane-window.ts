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
  readonly #heap = new Heap<JobRecord>(comparePlaces)
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

  /** The earliest time at which a job of this window is due; Infinity when it is empty. */
  headDue(): number {
    return this.#head()?.due ?? Number.POSITIVE_INFINITY
  }

  take(): JobRecord | null {
    const job = this.#head()
    if (job === null) return null
    this.#heap.pop()
    this.release(job)
    return job
  }

  /** Takes a held job out of the count; the heap drops it when it comes up. */
  release(job: JobRecord): void {
    this.#waiting.delete(job.id)
    this.#size--
    this.#bytes -= job.args.length + RECORD_BYTES
  }

  get needsRefill(): boolean {
    return this.#more && !this.#reading && this.#size * 4 <= this.#limits.read
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
    this.#heap.push(job)
    this.#size++
    this.#bytes += job.args.length + RECORD_BYTES
  }

  #head(): JobRecord | null {
    for (;;) {
      const job = this.#heap.peek()
      if (job === undefined) return null
      if (this.#waiting.get(job.id) === job) return job
      this.#heap.pop()
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
