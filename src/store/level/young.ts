import { comparePlaces, type JobRecord, type Lane, type Outcome, type Place } from '../../job/record.js'
import type { Interrupted } from '../contract.js'
import { readJournal } from './journal.js'

export interface YoungJob {
  readonly job: JobRecord
  /** The group that has written it. */
  readonly group: number
  /** 0 while it waits. */
  startedAt: number
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

interface Group {
  readonly number: number
  readonly bytes: number
  /** Jobs, outcomes and marks that only this row has. */
  live: number
}

export interface YoungLimits {
  /** What is young at most, and bytes of its args; the rest is given rows of its own at once. */
  readonly jobs: number
  readonly args: number
  readonly outcomes: number
  /**
   * Rows of the journal at most, and bytes of them all together. When there are more, what the older half of them
   * still has is given rows of its own.
   */
  readonly groups: number
  readonly bytes: number
}

export const YOUNG_LIMITS: YoungLimits = {
  jobs: 32_768,
  args: 16 * 1024 * 1024,
  outcomes: 32_768,
  groups: 4096,
  bytes: 16 * 1024 * 1024,
}

/**
 * Jobs and outcomes that have no rows of their own: they are in memory, and on disk in the journal, of which each
 * group of changes writes one row. Most jobs live for less than a second: they come and go here, and cost one part of
 * one row instead of several rows. A journal row goes when nothing of it is left, oldest first.
 */
export class Young {
  readonly jobs = new Map<string, YoungJob>()
  readonly #outcomes = new Map<string, Map<number, YoungOutcome>>()
  readonly marks = new Map<number, YoungMark>()
  readonly #limits: YoungLimits
  #outcomeCount = 0
  #argsBytes = 0
  readonly #groups: Group[] = []
  #journalBytes = 0
  /** The group that is being built, and what of it lives. */
  #current = 1
  #currentLive = 0
  /** Up to this group all is on disk. */
  #written = 0
  /** By seq, while the journal is being read. */
  readonly #read = new Map<number, string>()

  constructor(limits: YoungLimits = YOUNG_LIMITS) {
    this.#limits = limits
  }

  /** Whether another job of so many bytes of args may be young. */
  hasRoomFor(bytes: number): boolean {
    return this.jobs.size < this.#limits.jobs && this.#argsBytes + bytes <= this.#limits.args
  }

  get hasRoomForOutcome(): boolean {
    return this.#outcomeCount < this.#limits.outcomes
  }

  // What the group that is being built does.

  insert(job: JobRecord): void {
    this.jobs.set(job.id, { job, group: this.#current, startedAt: 0 })
    this.#argsBytes += job.args.length
    this.#currentLive++
  }

  take(young: YoungJob): void {
    this.jobs.delete(young.job.id)
    this.#argsBytes -= young.job.args.length
    this.#leave(young.group)
  }

  mark(key: string, seq: number, startedAt: number): void {
    this.marks.set(seq, { key, seq, startedAt, group: this.#current })
    this.#currentLive++
  }

  /** False when it is not young. */
  unmark(seq: number): boolean {
    const mark = this.marks.get(seq)
    if (mark === undefined) return false
    this.marks.delete(seq)
    this.#leave(mark.group)
    return true
  }

  outcome(outcome: Outcome): void {
    const of = this.#outcomes.get(outcome.distributor) ?? new Map<number, YoungOutcome>()
    this.#outcomes.set(outcome.distributor, of.set(outcome.seq, { outcome, group: this.#current }))
    this.#outcomeCount++
    this.#currentLive++
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
    this.#leave(young.group)
    return true
  }

  /** Groups of which nothing is left, and the number of the one that was built, when it has to be written. */
  settle(bytes: number): { readonly gone: readonly number[]; readonly write: number | null } {
    const gone: number[] = []
    while (this.#groups[gone.length]?.live === 0) gone.push((this.#groups[gone.length] as Group).number)
    for (const { bytes: freed } of this.#groups.splice(0, gone.length)) this.#journalBytes -= freed
    const number = this.#current
    const live = this.#currentLive
    // What it says of older groups does not matter any more when there are none.
    if (bytes === 0 || (live === 0 && this.#groups.length === 0)) return { gone, write: null }
    this.#current++
    this.#currentLive = 0
    this.#groups.push({ number, bytes, live })
    this.#journalBytes += bytes
    return { gone, write: number }
  }

  /** All groups that were settled are on disk. */
  written(): void {
    this.#written = this.#current - 1
  }

  /** When the journal has grown too long: what keeps its older half from going. */
  stragglers(): { jobs: YoungJob[]; outcomes: Outcome[]; marks: YoungMark[] } | null {
    const most = this.#limits
    if (this.#journalBytes <= most.bytes && this.#groups.length <= most.groups) return null
    let bytes = 0
    let last = 0
    for (const [i, group] of this.#groups.entries()) {
      if (i > 0 && bytes > most.bytes / 2) break
      if (i > most.groups / 2 && this.#journalBytes - bytes <= most.bytes) break
      bytes += group.bytes
      last = group.number
    }
    return {
      jobs: [...this.jobs.values()].filter(({ group }) => group <= last),
      marks: [...this.marks.values()].filter(({ group }) => group <= last),
      outcomes: [...this.#outcomes.values()].flatMap((of) =>
        [...of.values()].filter(({ group }) => group <= last).map(({ outcome }) => outcome),
      ),
    }
  }

  // What those who read may see: only what is on disk.

  waiting(lane: Lane, after: Place | null): JobRecord[] {
    const found: JobRecord[] = []
    for (const { job, group, startedAt } of this.jobs.values()) {
      if (job.lane !== lane || startedAt > 0 || group > this.#written) continue
      if (after === null || comparePlaces(after, job) < 0) found.push(job)
    }
    return found.sort(comparePlaces)
  }

  outcomes(distributor: string, after: number): Outcome[] {
    const found: Outcome[] = []
    for (const { outcome, group } of this.#outcomes.get(distributor)?.values() ?? []) {
      if (outcome.seq > after && group <= this.#written) found.push(outcome)
    }
    return found.sort((a, b) => a.seq - b.seq)
  }

  /** Jobs of which an attempt has begun. */
  interrupted(): Interrupted[] {
    return [...this.jobs.values()]
      .filter(({ startedAt }) => startedAt > 0)
      .map(({ job, startedAt }) => ({ job: { ...job, attempt: job.attempt + 1 }, startedAt }))
  }

  // When the journal is read again.

  /** The rows are given in order. Throws JR_STORE_CORRUPT. */
  replay(number: number, row: Buffer): void {
    this.#current = number
    readJournal(row, {
      insert: (job) => {
        // A view would keep the whole row.
        this.insert({ ...job, args: Buffer.from(job.args) })
        this.#read.set(job.seq, job.id)
      },
      begin: (seq, startedAt) => {
        const young = this.#found(seq)
        if (young !== undefined) young.startedAt = startedAt
      },
      gone: (seq) => {
        const young = this.#found(seq)
        if (young !== undefined) this.take(young)
      },
      mark: (key, seq, startedAt) => this.mark(key, seq, startedAt),
      outcome: (outcome) =>
        this.outcome({ ...outcome, args: Buffer.from(outcome.args), error: Buffer.from(outcome.error) }),
      outcomeGone: (distributor, seq) => this.outcomeGone(distributor, seq),
    })
    this.#groups.push({ number, bytes: row.length, live: this.#currentLive })
    this.#journalBytes += row.length
    this.#current = number + 1
    this.#currentLive = 0
    this.#written = number
  }

  /** The last row has been replayed. */
  replayed(): void {
    this.#read.clear()
  }

  #found(seq: number): YoungJob | undefined {
    const young = this.jobs.get(this.#read.get(seq) ?? '')
    return young?.job.seq === seq ? young : undefined
  }

  #leave(group: number): void {
    if (group === this.#current) {
      this.#currentLive--
      return
    }
    // Groups go from the front only, so that there are no gaps.
    const found = this.#groups[group - (this.#groups[0]?.number ?? 0)]
    if (found === undefined) throw new Error(`group ${group} of the journal is gone before what it has`)
    found.live--
  }
}
