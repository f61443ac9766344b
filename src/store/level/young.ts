import { comparePlaces, type JobRecord, type Lane, type Outcome, type Place } from '../../job/record.js'
import type { Interrupted } from '../contract.js'
import { type JournalEntries, readJournal } from './journal.js'

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

/** Groups of the journal that go together: those in one segment of the log, or one that is a row of LevelDB. */
interface Part {
  /** 0 for a row. */
  readonly segment: number
  bytes: number
  /** Jobs, outcomes and marks that only this part has. */
  live: number
}

/** What of the journal is not needed any more. */
export interface Gone {
  /** Groups with rows of their own. */
  readonly rows: readonly number[]
  /** The first segment that is needed; null when none is. */
  readonly oldest: number | null
}

export interface YoungLimits {
  /** What is young at most, and bytes of its args; the rest is given rows of its own at once. */
  readonly jobs: number
  readonly args: number
  readonly outcomes: number
  /** Of the journal, in all. When there are more, what the older half of it still has is given rows of its own. */
  readonly bytes: number
  /** Of one file of the log. */
  readonly segment: number
}

/** Where a group would be that nothing is known of. */
const GAP: Part = { segment: 0, bytes: 0, live: 0 }

export const YOUNG_LIMITS: YoungLimits = {
  jobs: 32_768,
  args: 16 * 1024 * 1024,
  outcomes: 32_768,
  bytes: 16 * 1024 * 1024,
  segment: 4 * 1024 * 1024,
}

/**
 * Jobs and outcomes that have no rows of their own: they are in memory, and on disk in the journal, to which each
 * group of changes adds one row. Most jobs live for less than a second: they come and go here, and cost one part of
 * one row instead of several rows. Parts of the journal go when nothing of them is left, oldest first.
 */
export class Young {
  readonly jobs = new Map<string, YoungJob>()
  readonly #outcomes = new Map<string, Map<number, YoungOutcome>>()
  readonly marks = new Map<number, YoungMark>()
  readonly #limits: YoungLimits
  #outcomeCount = 0
  #argsBytes = 0
  #running = 0
  /** By group, from `#first` on: the part that has it. */
  #groups: Part[] = []
  #first = 1
  #bytes = 0
  /** The part of the segment that is written to. */
  #segment: Part | null = null
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

  /** How many jobs of which an attempt has begun. */
  get running(): number {
    return this.#running
  }

  get outcomeCount(): number {
    return this.#outcomeCount
  }

  get journalIsEmpty(): boolean {
    return this.#groups.length === 0
  }

  /** This job, if it is young and at this place. */
  find({ id, seq }: JobRecord): YoungJob | undefined {
    const young = this.jobs.get(id)
    return young?.job.seq === seq ? young : undefined
  }

  // What the group that is being built does.

  insert(job: JobRecord): void {
    this.jobs.set(job.id, { job, group: this.#current, startedAt: 0 })
    this.#argsBytes += job.args.length
    this.#currentLive++
  }

  begin(young: YoungJob, startedAt: number): void {
    young.startedAt = startedAt
    this.#running++
  }

  take(young: YoungJob): void {
    this.jobs.delete(young.job.id)
    if (young.startedAt > 0) this.#running--
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

  /** Whether nothing of the group that is being built lives. */
  get leavesNothing(): boolean {
    return this.#currentLive === 0
  }

  /** The group that is being built is written to this segment of the log; 0: as a row. Answers its number. */
  settle(bytes: number, segment: number): number {
    const part = this.#partOf(segment)
    part.bytes += bytes
    part.live += this.#currentLive
    this.#bytes += bytes
    this.#groups.push(part)
    this.#currentLive = 0
    return this.#current++
  }

  /** All groups up to this one are on disk. */
  written(group: number): void {
    if (group > this.#written) this.#written = group
  }

  /** Lets go of the oldest parts of which nothing is left. */
  release(): Gone {
    const alive = this.#groups.findIndex(({ live }) => live > 0)
    const rest = alive < 0 ? undefined : this.#groups.find(({ segment }, i) => i >= alive && segment > 0)
    // A file that stays has all that it had: what says that jobs in it are gone has to stay, too.
    const count = alive < 0 ? this.#groups.length : Math.min(alive, rest ? this.#groups.indexOf(rest) : alive)
    const rows: number[] = []
    const gone = new Set(this.#groups.slice(0, count))
    for (let i = 0; i < count; i++) if (this.#groups[i]?.segment === 0) rows.push(this.#first + i)
    for (const part of gone) this.#bytes -= part.bytes
    this.#groups = this.#groups.slice(count)
    this.#first += count
    return { rows, oldest: this.#groups.find(({ segment }) => segment > 0)?.segment ?? null }
  }

  /** When the journal has grown too long: what keeps its older half from going. */
  stragglers(): { jobs: YoungJob[]; outcomes: Outcome[]; marks: YoungMark[] } | null {
    if (this.#bytes <= this.#limits.bytes) return null
    // Whole files: what is left in one keeps all of it, also what says of a mark that the attempt has begun.
    let end = 0
    let bytes = 0
    for (const [i, part] of this.#groups.entries()) {
      if (i < end && part.segment > 0) continue
      if (i >= end) {
        if (bytes > this.#limits.bytes / 2) break
        end = (part.segment > 0 ? this.#groups.lastIndexOf(part) : i) + 1
      }
      bytes += part.bytes
    }
    const last = this.#first + end - 1
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

  /** The rows are given in the order of their groups. Throws JR_STORE_CORRUPT. */
  replay(group: number, row: Buffer, segment: number, taken: JournalEntries['taken']): void {
    // Of groups between the last and this one nothing was left, or nothing has come to the disk.
    if (this.#groups.length === 0) this.#first = group
    while (this.#first + this.#groups.length < group) this.#groups.push(GAP)
    this.#current = group
    readJournal(row, {
      insert: (job) => {
        // A view would keep the whole row.
        this.insert({ ...job, args: Buffer.from(job.args) })
        this.#read.set(job.seq, job.id)
      },
      begin: (seq, startedAt) => {
        const young = this.#found(seq)
        if (young !== undefined && young.startedAt === 0) this.begin(young, startedAt)
      },
      gone: (seq) => {
        const young = this.#found(seq)
        if (young !== undefined) this.take(young)
      },
      mark: (key, seq, startedAt) => this.mark(key, seq, startedAt),
      outcome: (outcome) =>
        this.outcome({ ...outcome, args: Buffer.from(outcome.args), error: Buffer.from(outcome.error) }),
      outcomeGone: (distributor, seq) => this.outcomeGone(distributor, seq),
      taken,
    })
    this.written(this.settle(row.length, segment))
  }

  /** The last row has been replayed. */
  replayed(): void {
    this.#read.clear()
  }

  #found(seq: number): YoungJob | undefined {
    const young = this.jobs.get(this.#read.get(seq) ?? '')
    return young?.job.seq === seq ? young : undefined
  }

  /**
   * Rows may have been written between the groups of a segment. They are one part all the same: as long as the file is
   * there, so is what says that jobs in it are gone.
   */
  #partOf(segment: number): Part {
    if (segment > 0 && this.#segment?.segment === segment) return this.#segment
    const part = { segment, bytes: 0, live: 0 }
    if (segment > 0) this.#segment = part
    return part
  }

  #leave(group: number): void {
    if (group === this.#current) {
      this.#currentLive--
      return
    }
    const part = this.#groups[group - this.#first]
    if (part === undefined) throw new Error(`group ${group} of the journal is gone before what it has`)
    part.live--
  }
}
