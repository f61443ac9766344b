import { type Clock, nowOf } from '../clock.js'
import { JrError } from '../errors.js'
import { type KeptAs, keptBy } from '../job/kept.js'
import type { Lane } from '../job/lane.js'
import { liveView } from '../job/live-view.js'
import { bytesOfOutcome } from '../job/outcome.js'
import { begun, bytesOfJob, type JobRecord, type Outcome, type Place, type StoredJob } from '../job/record.js'
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
  type NoteRange,
  type Opened,
  type Shelf,
  type Store,
  type StoredNote,
} from './contract.js'
import type { Entry } from './entries.js'
import { firstOf } from './first-of.js'
import { MemoryJobs } from './memory-jobs.js'

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
  readonly #jobs = new MemoryJobs()

  constructor({ clock, chance }: Surroundings) {
    this.#clock = clock
    this.#id = chance.id()
  }

  async open(): Promise<Opened> {
    if (this.#open) throw new JrError('JR_STORE_LOCKED', 'the memory store is open already')
    this.#open = true
    this.#epoch++
    const interrupted = [...this.#jobs.running].flatMap((id) => {
      const entry = this.#jobs.entries.get(id)
      return entry === undefined ? [] : [{ job: begun(entry.job), startedAt: entry.startedAt }]
    })
    return { id: this.#id, epoch: this.#epoch, interrupted, notes: [] }
  }

  async commit(changes: readonly Change[]): Promise<readonly Answer[]> {
    this.#check()
    return changes.map((change) => this.#jobs.apply(change))
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    this.#check()
    const found: JobRecord[] = []
    let bytes = 0
    for (const job of this.#jobs.standing.after(lane, after)) {
      found.push(job)
      bytes += job.args.length
      if (found.length >= limit || bytes >= maxBytes) break
    }
    return found
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    this.#check()
    return this.#jobs.standing.heads(after, limit)
  }

  async load(id: string): Promise<StoredJob | null> {
    this.#check()
    const entry = this.#jobs.entries.get(id)
    return entry === undefined ? null : this.#view(entry)
  }

  async list(query: ListQuery): Promise<ListPage> {
    this.#check()
    const { after, limit } = query
    const jobs: StoredJob[] = []
    let bytes = 0
    for await (const entry of this.#jobs.entries.after(after === undefined ? 0 : Number(after))) {
      this.#check()
      const view = this.#view(entry)
      if (!meets(query, view)) continue
      jobs.push(view)
      bytes += bytesOfJob(view.job)
      if (jobs.length >= limit || bytes >= LIST_BYTES) return { jobs, next: String(entry.place) }
    }
    return { jobs, next: null }
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    this.#check()
    const all = [...(this.#jobs.outcomes.get(distributor)?.values() ?? [])]
    const wanted = all.filter(({ seq }) => seq > after).sort((a, b) => a.seq - b.seq)
    return firstOf(wanted, limit, maxBytes, bytesOfOutcome)
  }

  async taken(distributor: string, instance: string): Promise<number> {
    this.#check()
    return this.#jobs.taken(distributor, instance)
  }

  async notes(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    this.#check()
    return this.#jobs.notes.page(shelf, range, limit)
  }

  async countNotes(shelf: Shelf, range: NoteRange): Promise<number> {
    this.#check()
    return this.#jobs.notes.count(shelf, range)
  }

  async counts(): Promise<Counts> {
    this.#check()
    const running = this.#jobs.running.size
    let outcomes = 0
    for (const some of this.#jobs.outcomes.values()) outcomes += some.size
    return {
      waiting: this.#jobs.entries.live - running,
      running,
      completed: this.#jobs.entries.kept('completed') + this.#jobs.entries.kept('result'),
      failed: this.#jobs.entries.kept('failed'),
      cancelled: this.#jobs.entries.kept('cancelled'),
      outcomes,
    }
  }

  async prune(as: KeptAs, olderThan: number, keep: number): Promise<number> {
    this.#check()
    const ended = this.#jobs.entries.oldest(as)
    const gone = ended.filter((one, i) => keptBy(one) < olderThan || i < ended.length - keep)
    for (const { job } of gone) this.#jobs.entries.remove(job.id)
    return gone.length
  }

  async close(): Promise<void> {
    this.#open = false
  }

  #view({ job, startedAt, ended }: Entry): StoredJob {
    return ended ?? liveView(job, startedAt, nowOf(this.#clock))
  }

  #check(): void {
    if (!this.#open) throw new JrError('JR_STORE_CLOSED', 'the memory store is not open')
  }
}
