import { type Clock, nowOf } from '../clock.js'
import { JrError } from '../errors.js'
import type { Lane } from '../job/lane.js'
import { liveView } from '../job/live-view.js'
import { bytesOfOutcome } from '../job/outcome.js'
import { begun, bytesOfJob, type JobRecord, type Outcome, type Place, type StoredJob } from '../job/record.js'
import type { TerminalState } from '../job/states.js'
import { type Surroundings, SYSTEM } from '../surroundings.js'
import { meets } from '../verbs/query.js'
import {
  type Answer,
  type Change,
  type Counts,
  type LaneHead,
  LIST_BYTES,
  type ListPage,
  type ListQuery,
  type Opened,
  type Store,
} from './contract.js'
import { Entries, type Entry } from './entries.js'
import { firstOf } from './first-of.js'
import { StandingJobs } from './standing.js'

/** Jobs in the memory of this process: fast, and gone with it. Closed and opened again, it has what it had. */
export function memoryStore(surroundings: Surroundings = SYSTEM): Store {
  return new MemoryStore(surroundings)
}

class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly busy = true
  #open = false
  #epoch = 0
  readonly #clock: Clock
  readonly #id: string
  readonly #jobs = new Entries()
  readonly #outcomes = new Map<string, Map<number, Outcome>>()
  readonly #taken = new Map<string, number>()
  readonly #running = new Set<string>()
  readonly #standing = new StandingJobs((job) => this.#waits(job))

  constructor({ clock, chance }: Surroundings) {
    this.#clock = clock
    this.#id = chance.id()
  }

  async open(): Promise<Opened> {
    if (this.#open) throw new JrError('JR_STORE_LOCKED', 'the memory store is open already')
    this.#open = true
    this.#epoch++
    const interrupted = [...this.#running].flatMap((id) => {
      const entry = this.#jobs.get(id)
      return entry === undefined ? [] : [{ job: begun(entry.job), startedAt: entry.startedAt }]
    })
    return { id: this.#id, epoch: this.#epoch, interrupted, notes: [] }
  }

  async commit(changes: readonly Change[]): Promise<readonly Answer[]> {
    this.#check()
    return changes.map((change) => this.#apply(change))
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    this.#check()
    const found: JobRecord[] = []
    let bytes = 0
    for (const job of this.#standing.after(lane, after)) {
      found.push(job)
      bytes += job.args.length
      if (found.length >= limit || bytes >= maxBytes) break
    }
    return found
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    this.#check()
    return this.#standing.heads(after, limit)
  }

  async load(id: string): Promise<StoredJob | null> {
    this.#check()
    const entry = this.#jobs.get(id)
    return entry === undefined ? null : this.#view(entry)
  }

  async list(query: ListQuery): Promise<ListPage> {
    this.#check()
    const { after, limit } = query
    const jobs: StoredJob[] = []
    let bytes = 0
    for await (const entry of this.#jobs.after(after === undefined ? 0 : Number(after))) {
      this.#check()
      const view = this.#view(entry)
      if (!meets(query, view.state, view.job)) continue
      jobs.push(view)
      bytes += bytesOfJob(view.job)
      if (jobs.length >= limit || bytes >= LIST_BYTES) return { jobs, next: String(entry.place) }
    }
    return { jobs, next: null }
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    this.#check()
    const all = [...(this.#outcomes.get(distributor)?.values() ?? [])]
    const wanted = all.filter(({ seq }) => seq > after).sort((a, b) => a.seq - b.seq)
    return firstOf(wanted, limit, maxBytes, bytesOfOutcome)
  }

  async taken(distributor: string, instance: string): Promise<number> {
    this.#check()
    return this.#taken.get(JSON.stringify([distributor, instance])) ?? 0
  }

  async counts(): Promise<Counts> {
    this.#check()
    const running = this.#running.size
    let outcomes = 0
    for (const some of this.#outcomes.values()) outcomes += some.size
    return {
      waiting: this.#jobs.live - running,
      running,
      completed: this.#jobs.kept('completed'),
      failed: this.#jobs.kept('failed'),
      cancelled: this.#jobs.kept('cancelled'),
      outcomes,
    }
  }

  async prune(state: TerminalState, olderThan: number, keep: number): Promise<number> {
    this.#check()
    const ended = this.#jobs.oldest(state)
    const gone = ended.filter(({ finishedAt }, i) => finishedAt < olderThan || i < ended.length - keep)
    for (const { job } of gone) this.#jobs.remove(job.id)
    return gone.length
  }

  async close(): Promise<void> {
    this.#open = false
  }

  #apply(change: Change): Answer {
    switch (change.kind) {
      case 'insert': {
        const { job, ownId, number } = change
        if (number !== null) {
          const key = JSON.stringify([job.distributor, job.instance])
          this.#taken.set(key, Math.max(number, this.#taken.get(key) ?? 0))
        }
        if (ownId && this.#jobs.get(job.id)?.ended === null) return 'duplicate'
        this.#jobs.add(job)
        this.#standing.add(job)
        return 'ok'
      }
      case 'begin': {
        const entry = this.#at(change.job, false)
        if (entry === null) return 'stale'
        entry.startedAt = change.startedAt
        this.#standing.left(entry.job)
        this.#running.add(entry.job.id)
        return 'ok'
      }
      case 'move': {
        const entry = this.#at(change.from, change.running)
        if (entry === null) return 'stale'
        const { job } = entry
        entry.job = change.to
        entry.startedAt = 0
        this.#left(job, change.running)
        this.#standing.add(change.to)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'end': {
        const entry = this.#at(change.from, change.running)
        if (entry === null) return 'stale'
        if (change.keep === null) this.#jobs.remove(entry.job.id)
        else this.#jobs.keep(entry.job.id, change.keep)
        this.#left(entry.job, change.running)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'remove': {
        if ((this.#jobs.get(change.id)?.ended ?? null) === null) return 'stale'
        this.#jobs.remove(change.id)
        return 'ok'
      }
      case 'acknowledge': {
        const outcomes = this.#outcomes.get(change.distributor)
        for (const seq of change.seqs) outcomes?.delete(seq)
        return 'ok'
      }
    }
  }

  /** It is no longer where it was. */
  #left(job: JobRecord, running: boolean): void {
    if (running) this.#running.delete(job.id)
    else this.#standing.left(job)
  }

  #waits(job: JobRecord): boolean {
    const entry = this.#jobs.get(job.id)
    return entry?.job === job && entry.startedAt === 0 && entry.ended === null
  }

  #at(from: JobRecord, running: boolean): Entry | null {
    const entry = this.#jobs.get(from.id)
    if (entry === undefined || entry.ended !== null || entry.job.seq !== from.seq) return null
    return entry.startedAt > 0 === running ? entry : null
  }

  #report(outcome: Outcome | null): void {
    if (outcome === null) return
    const outcomes = this.#outcomes.get(outcome.distributor) ?? new Map<number, Outcome>()
    this.#outcomes.set(outcome.distributor, outcomes.set(outcome.seq, outcome))
  }

  #view({ job, startedAt, ended }: Entry): StoredJob {
    return ended ?? liveView(job, startedAt, nowOf(this.#clock))
  }

  #check(): void {
    if (!this.#open) throw new JrError('JR_STORE_CLOSED', 'the memory store is not open')
  }
}
