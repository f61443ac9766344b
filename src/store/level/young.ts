import type { Lane } from '../../job/lane.js'
import { begun, comparePlaces, type JobRecord, type Outcome, type Place } from '../../job/record.js'
import type { Interrupted, LaneHead } from '../contract.js'
import type { Groups } from './groups.js'

export interface YoungJob {
  readonly job: JobRecord
  /** The group that has written it. */
  readonly group: number
  /** 0 while it waits. */
  startedAt: number
  /** Others of its lane, in no order that matters. Of `Young`, and of nobody else. */
  next: YoungJob | null
  previous: YoungJob | null
}

interface YoungOutcome {
  readonly outcome: Outcome
  readonly group: number
}

/** An attempt of a job that has a row of its own. */
export interface YoungMark {
  readonly key: string
  readonly seq: number
  readonly startedAt: number
  readonly group: number
}

export interface YoungLimits {
  /** What is young at most, and bytes of its args; the rest is given rows of its own at once. */
  readonly jobs: number
  readonly args: number
  readonly outcomes: number
  /** Notes, and bytes of their keys and values: each takes some 300 bytes of memory more. */
  readonly notes: number
  readonly noteBytes: number
  /** Of the journal, in all. When there are more, what the older half of it still has is given rows of its own. */
  readonly bytes: number
  /** Of one file of the log. */
  readonly segment: number
}

/** Lanes without young jobs that are kept, because the next one comes soon. */
const KEPT_LANES = 64

export const YOUNG_LIMITS: YoungLimits = {
  jobs: 32_768,
  args: 16 * 1024 * 1024,
  outcomes: 32_768,
  notes: 32_768,
  noteBytes: 8 * 1024 * 1024,
  bytes: 16 * 1024 * 1024,
  segment: 4 * 1024 * 1024,
}

/**
 * Jobs and outcomes that have no rows of their own: they are in memory, and on disk in the journal, to which each
 * group of changes adds one row. Most jobs live for less than a second: they come and go here, and cost one part of
 * one row instead of several rows.
 */
export class Young {
  readonly jobs = new Map<string, YoungJob>()
  /** The same by lane: one of them, from which the others are found. */
  readonly #lanes = new Map<Lane, { first: YoungJob | null }>()
  readonly #outcomes = new Map<string, Map<number, YoungOutcome>>()
  readonly marks = new Map<number, YoungMark>()
  readonly #limits: YoungLimits
  readonly #groups: Groups
  #outcomeCount = 0
  #argsBytes = 0
  #running = 0

  constructor(limits: YoungLimits, groups: Groups) {
    this.#limits = limits
    this.#groups = groups
  }

  /** Whether another job of so many bytes of args may be young, where this part of the room may be filled. */
  hasRoomFor(bytes: number, share: number): boolean {
    const { jobs, args } = this.#limits
    return this.jobs.size < jobs * share && this.#argsBytes + bytes <= args * share
  }

  get hasRoomForOutcome(): boolean {
    return this.#outcomeCount < this.#limits.outcomes
  }

  /** How many jobs of which an attempt has begun. */
  get running(): number {
    return this.#running
  }

  get outcomeCount(): number {
    return this.#outcomeCount
  }

  /** This job, if it is young and at this place. */
  find({ id, seq }: Pick<JobRecord, 'id' | 'seq'>): YoungJob | undefined {
    const young = this.jobs.get(id)
    return young?.job.seq === seq ? young : undefined
  }

  // What the group that is being built does.

  insert(job: JobRecord): void {
    const lane = this.#lanes.get(job.lane)
    const next = lane?.first ?? null
    const young = { job, group: this.#groups.enter(), startedAt: 0, next, previous: null }
    this.jobs.set(job.id, young)
    if (next !== null) next.previous = young
    if (lane === undefined) this.#lanes.set(job.lane, { first: young })
    else lane.first = young
    this.#argsBytes += job.args.length
  }

  begin(young: YoungJob, startedAt: number): void {
    young.startedAt = startedAt
    this.#running++
  }

  take(young: YoungJob): void {
    this.jobs.delete(young.job.id)
    this.#leaveLane(young)
    if (young.startedAt > 0) this.#running--
    this.#argsBytes -= young.job.args.length
    this.#groups.leave(young.group)
  }

  mark(key: string, seq: number, startedAt: number): void {
    this.marks.set(seq, { key, seq, startedAt, group: this.#groups.enter() })
  }

  /** False when it is not young. */
  unmark(seq: number): boolean {
    const mark = this.marks.get(seq)
    if (mark === undefined) return false
    this.marks.delete(seq)
    this.#groups.leave(mark.group)
    return true
  }

  outcome(outcome: Outcome): void {
    const of = this.#outcomes.get(outcome.distributor) ?? new Map<number, YoungOutcome>()
    this.#outcomes.set(outcome.distributor, of.set(outcome.seq, { outcome, group: this.#groups.enter() }))
    this.#outcomeCount++
  }

  hasOutcome(distributor: string, seq: number): boolean {
    return this.#outcomes.get(distributor)?.has(seq) ?? false
  }

  /** False when it is not young. */
  outcomeGone(distributor: string, seq: number): boolean {
    const of = this.#outcomes.get(distributor)
    const young = of?.get(seq)
    if (of === undefined || young === undefined) return false
    of.delete(seq)
    if (of.size === 0) this.#outcomes.delete(distributor)
    this.#outcomeCount--
    this.#groups.leave(young.group)
    return true
  }

  /** When the journal has grown too long: what keeps its older half from going. */
  stragglers(): { jobs: YoungJob[]; outcomes: Outcome[]; marks: YoungMark[]; last: number } | null {
    const last = this.#groups.olderHalf()
    if (last === null) return null
    return {
      last,
      jobs: [...this.jobs.values()].filter(({ group }) => group <= last),
      marks: [...this.marks.values()].filter(({ group }) => group <= last),
      outcomes: [...this.#outcomes.values()].flatMap((of) =>
        [...of.values()].filter(({ group }) => group <= last).map(({ outcome }) => outcome),
      ),
    }
  }

  // What those who read may see: only what is written.

  waiting(lane: Lane, after: Place | null): JobRecord[] {
    const found: JobRecord[] = []
    for (let young = this.#lanes.get(lane)?.first ?? null; young !== null; young = young.next) {
      if (this.#mayBegin(young) && (after === null || comparePlaces(after, young.job) < 0))
        found.push(young.job)
    }
    return found.sort(comparePlaces)
  }

  /** In no order. */
  heads(after: Lane | null): LaneHead[] {
    const heads: LaneHead[] = []
    for (const [lane, { first }] of this.#lanes) {
      if (after !== null && lane <= after) continue
      let due = Number.POSITIVE_INFINITY
      for (let young = first; young !== null; young = young.next) {
        if (young.job.due < due && this.#mayBegin(young)) due = young.job.due
      }
      if (due !== Number.POSITIVE_INFINITY) heads.push({ lane, due })
    }
    return heads
  }

  outcomes(distributor: string, after: number): Outcome[] {
    const found: Outcome[] = []
    for (const { outcome, group } of this.#outcomes.get(distributor)?.values() ?? []) {
      if (outcome.seq > after && this.#groups.isWritten(group)) found.push(outcome)
    }
    return found.sort((a, b) => a.seq - b.seq)
  }

  #leaveLane({ job, next, previous }: YoungJob): void {
    if (next !== null) next.previous = previous
    if (previous !== null) {
      previous.next = next
      return
    }
    const lane = this.#lanes.get(job.lane)
    if (lane === undefined) return
    lane.first = next
    if (next === null && this.#lanes.size > KEPT_LANES) this.#lanes.delete(job.lane)
  }

  #mayBegin({ group, startedAt }: YoungJob): boolean {
    return startedAt === 0 && this.#groups.isWritten(group)
  }

  /** Jobs of which an attempt has begun. */
  interrupted(): Interrupted[] {
    return [...this.jobs.values()]
      .filter(({ startedAt }) => startedAt > 0)
      .map(({ job, startedAt }) => ({ job: begun(job), startedAt }))
  }
}
