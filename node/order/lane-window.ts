import type { Now } from '../../src/clock.js'
import { Heap } from '../../src/heap.js'
import type { Lane } from '../../src/job/lane.js'
import { comparePlaces, type JobRecord, type Place } from '../../src/job/record.js'
import type { Held, WindowLimits } from './held.js'

/** What a waiting job costs in memory beside its args, roughly. */
const RECORD_BYTES = 400

const NEVER = Number.POSITIVE_INFINITY
const FOREVER: Now = { steady: NEVER, wall: NEVER }

/**
 * The head of one lane in memory; the rest waits in the store. Invariant: every waiting job of the lane up to
 * `frontier` is here, and when `more` is false, every one. So a job stored beyond the frontier need not be held,
 * and memory does not grow with the backlog.
 */
export class LaneWindow {
  readonly lane: Lane
  readonly limits: WindowLimits
  readonly #held: Held
  /** By the clock that a job waits for: where one of them was set, its jobs do not stand in the way of the others. */
  #steady: Heap<JobRecord> | null = null
  #walled: Heap<JobRecord> | null = null
  #size = 0
  #bytes = 0
  #more: boolean
  #frontier: Place | null = null
  /** Nothing beyond the frontier is due before this, by either clock. */
  #dueBeyond: number
  /** The last in the order of those that were given out: the store may still say that it waits. */
  #givenDue = Number.NEGATIVE_INFINITY
  #givenSeq = 0
  /** While a read is under way: what was stored beyond the frontier, which the read may have seen or not. */
  #arrivals: JobRecord[] | null = null
  #trimmedWhileReading = false

  /** `stored`: when the first is due that the store has of this lane; null when it has none. */
  constructor(lane: Lane, held: Held, stored: number | null, limits = held.limits) {
    this.lane = lane
    this.limits = limits
    this.#held = held
    this.#more = stored !== null
    this.#dueBeyond = stored ?? NEVER
  }

  get size(): number {
    return this.#size
  }

  /** Nothing that is only in the store is due before this, by either clock. */
  get dueBeyond(): number {
    return this.#dueBeyond
  }

  get isReading(): boolean {
    return this.#arrivals !== null
  }

  /** No job of the lane waits. */
  get isEmpty(): boolean {
    return this.#size === 0 && !this.#more
  }

  /** A job that has just been stored. */
  add(job: JobRecord): void {
    if (this.#more && (this.#frontier === null || comparePlaces(job, this.#frontier) > 0)) {
      this.storeHas(job.due)
      this.#arrivals?.push(job)
      return
    }
    this.#hold(job)
    const { jobs, bytes } = this.limits
    if (this.#size > jobs * 2 || this.#bytes > bytes * 2) this.trim(jobs, bytes)
  }

  /** The store has a job of this lane that is due then. */
  storeHas(due: number): void {
    if (this.#more && due < this.#dueBeyond) this.#dueBeyond = due
  }

  /** The first job that is due; without `now` the first of all. */
  due({ steady: bySteady, wall }: Now = FOREVER): JobRecord | null {
    const steady = this.#head(this.#steady)
    const walled = this.#walled === null ? null : this.#head(this.#walled)
    const first = steady !== null && steady.due <= bySteady ? steady : null
    if (walled === null || walled.due > wall) return first
    return first !== null && comparePlaces(first, walled) < 0 ? first : walled
  }

  /** How long until a job may be due, in milliseconds: 0 and below when one may be; Infinity when there is none. */
  wait(now: Now): number {
    const steady = this.#head(this.#steady)
    const walled = this.#head(this.#walled)
    const wait = Math.min(
      steady === null ? NEVER : steady.due - now.steady,
      walled === null ? NEVER : walled.due - now.wall,
    )
    return this.#more ? Math.min(wait, this.#beyond(now)) : wait
  }

  /** Gives out the job that `due` answers. */
  take(now: Now = FOREVER): JobRecord | null {
    const job = this.due(now)
    if (job === null) return null
    this.#out(job)
    // There may be very many of these.
    if (this.#size === 0 && this.limits !== this.#held.limits) this.#heaps()
    const { due, seq } = job
    if (due > this.#givenDue || (due === this.#givenDue && seq > this.#givenSeq)) {
      this.#givenDue = due
      this.#givenSeq = seq
    }
    return job
  }

  /** Takes a held job out of the count; the heap drops it when it comes up. */
  release(job: JobRecord): void {
    const bytes = job.args.length + RECORD_BYTES
    this.#held.jobs.delete(job.id)
    this.#held.bytes -= bytes
    this.#size--
    this.#bytes -= bytes
  }

  /** Nothing here is due, and what is in the store may be. */
  lacks(now: Now = FOREVER): boolean {
    return this.#more && this.#beyond(now) <= 0 && this.due(now) === null
  }

  /** `low`: with so few in memory it is read on. */
  needsRefill(now: Now, low: number): boolean {
    if (!this.#more || this.isReading) return false
    if (this.#size <= low) return true
    // The clocks are not one any more: what is here waits for one of them, and what is due by the other is in the store.
    const { jobs, bytes } = this.limits
    return this.#size <= jobs && this.#bytes <= bytes && this.lacks(now)
  }

  /** Reads on from the frontier, `most` jobs. */
  async refill(most: number): Promise<void> {
    const { read, jobs } = this.#held
    const { bytes: mostBytes } = this.limits
    const arrivals: JobRecord[] = []
    this.#arrivals = arrivals
    this.#trimmedWhileReading = false
    let rows: JobRecord[]
    try {
      rows = await read(this.lane, this.#frontier, most, mostBytes)
    } finally {
      this.#arrivals = null
    }
    // A trim moved the frontier back: what was read no longer joins on to it, and is read again when its turn comes.
    if (this.#trimmedWhileReading) return
    let bytes = 0
    for (const job of rows) {
      bytes += job.args.length
      this.#hold(job)
    }
    this.#more = rows.length >= most || bytes >= mostBytes
    const last = rows.at(-1)
    if (last !== undefined) this.#endAt(last, last.due)
    for (const job of arrivals) {
      if (jobs.get(job.id)?.seq !== job.seq) this.add(job)
    }
  }

  /** Keeps the first so many, at least one; the rest is in the store anyway. */
  trim(most: number, mostBytes: number): void {
    if (this.#size <= 1) return
    const held = this.#empty()
    let bytes = 0
    let kept = 0
    for (const job of held) {
      bytes += job.args.length + RECORD_BYTES
      if (kept > 0 && (kept >= most || bytes > mostBytes)) break
      this.#hold(job)
      kept++
    }
    const [last, beyond] = [held[kept - 1], held[kept]]
    if (last === undefined || beyond === undefined) return
    this.#more = true
    this.#endAt(last, beyond.due)
    this.#trimmedWhileReading = this.isReading
  }

  /** Keeps none; but where what was given out would be read again, all. */
  shed(): void {
    const given = { lane: this.lane, due: this.#givenDue, seq: this.#givenSeq }
    const heads = [this.#head(this.#steady), this.#head(this.#walled)].filter((job) => job !== null)
    if (this.isReading || heads.some((job) => comparePlaces(job, given) < 0)) return
    const [first] = this.#empty()
    if (first === undefined) return
    this.#more = true
    this.#endAt({ ...first, seq: first.seq - 1 }, first.due)
  }

  /** The frontier is at this place. `due`: of the first that may be beyond it. */
  #endAt({ due, seq }: Place, dueBeyond: number): void {
    // The record itself would keep its args.
    this.#frontier = { lane: this.lane, due, seq }
    this.#dueBeyond = dueBeyond
  }

  /** All of them, in order. */
  #empty(): JobRecord[] {
    const held: JobRecord[] = []
    for (let job = this.due(); job !== null; job = this.due()) {
      this.#out(job)
      held.push(job)
    }
    this.#heaps()
    return held
  }

  /** They are made anew when there is something to hold. */
  #heaps(): void {
    this.#steady = null
    this.#walled = null
  }

  /** It comes first in its heap. */
  #out(job: JobRecord): void {
    const heap = job.byWall ? this.#walled : this.#steady
    heap?.pop()
    this.release(job)
  }

  #hold(job: JobRecord): void {
    const bytes = job.args.length + RECORD_BYTES
    this.#held.jobs.set(job.id, job)
    this.#held.bytes += bytes
    this.#heapOf(job).push(job)
    this.#size++
    this.#bytes += bytes
  }

  #heapOf(job: JobRecord): Heap<JobRecord> {
    if (job.byWall) {
      this.#walled ??= new Heap<JobRecord>(comparePlaces)
      return this.#walled
    }
    this.#steady ??= new Heap<JobRecord>(comparePlaces)
    return this.#steady
  }

  /** How long until something beyond the frontier may be due. */
  #beyond(now: Now): number {
    return this.#dueBeyond - Math.max(now.steady, now.wall)
  }

  #head(heap: Heap<JobRecord> | null): JobRecord | null {
    if (heap === null) return null
    for (let job = heap.peek(); job !== undefined; job = heap.peek()) {
      if (this.#held.jobs.get(job.id) === job) return job
      heap.pop()
    }
    return null
  }
}
