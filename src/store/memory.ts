import { type Clock, nowOf } from '../clock.js'
import { JrError } from '../errors.js'
import { nowFor } from '../job/due.js'
import type { Lane } from '../job/lane.js'
import { bytesOfOutcome } from '../job/outcome.js'
import { bytesOfJob, type EndedJob, type JobRecord, type Outcome, type Place } from '../job/record.js'
import { type TerminalState, waitingState } from '../job/states.js'
import { type Surroundings, SYSTEM } from '../surroundings.js'
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
  type StoredJob,
} from './contract.js'
import { firstOf } from './first-of.js'
import { StandingJobs } from './standing.js'

/** Jobs in the memory of this process: fast, and gone with it. Closed and opened again, it has what it had. */
export function memoryStore(surroundings: Surroundings = SYSTEM): Store {
  return new MemoryStore(surroundings)
}

interface Live {
  job: JobRecord
  /** 0 while it waits. */
  startedAt: number
}

class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly busy = true
  #open = false
  #epoch = 0
  readonly #clock: Clock
  readonly #id: string
  readonly #live = new Map<string, Live>()
  readonly #ended = new Map<string, EndedJob>()
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
      const live = this.#live.get(id)
      return live === undefined ? [] : [{ job: runningView(live).job, startedAt: live.startedAt }]
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
    const live = this.#live.get(id)
    if (live !== undefined) return this.#view(live)
    return this.#ended.get(id) ?? null
  }

  async list({ state, name, after, limit }: ListQuery): Promise<ListPage> {
    this.#check()
    const jobs: StoredJob[] = []
    let last = ''
    let bytes = 0
    for (const id of [...this.#live.keys(), ...this.#ended.keys()].sort()) {
      if (after !== undefined && id <= after) continue
      if (jobs.length === limit || bytes >= LIST_BYTES) return { jobs, next: last }
      const view = await this.load(id)
      if (view === null || (state !== undefined && view.state !== state)) continue
      if (name !== undefined && view.job.name !== name) continue
      jobs.push(view)
      bytes += bytesOfJob(view.job)
      last = id
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
    const counts = {
      waiting: 0,
      running: this.#running.size,
      completed: 0,
      failed: 0,
      cancelled: 0,
      outcomes: 0,
    }
    counts.waiting = this.#live.size - this.#running.size
    for (const { state } of this.#ended.values()) counts[state]++
    for (const outcomes of this.#outcomes.values()) counts.outcomes += outcomes.size
    return counts
  }

  async prune(state: TerminalState, olderThan: number, keep: number): Promise<number> {
    this.#check()
    const ended = [...this.#ended.values()].filter((one) => one.state === state)
    ended.sort((a, b) => a.finishedAt - b.finishedAt || a.job.seq - b.job.seq)
    const gone = ended.filter((one, i) => one.finishedAt < olderThan || i < ended.length - keep)
    for (const { job } of gone) this.#ended.delete(job.id)
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
        if (ownId) {
          if (this.#live.has(job.id)) return 'duplicate'
          this.#ended.delete(job.id)
        }
        this.#stand(job)
        return 'ok'
      }
      case 'begin': {
        const live = this.#at(change.job, false)
        if (live === null) return 'stale'
        live.startedAt = change.startedAt
        this.#standing.left(live.job)
        this.#running.add(live.job.id)
        return 'ok'
      }
      case 'move': {
        if (!this.#take(change.from, change.running)) return 'stale'
        this.#stand(change.to)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'end': {
        if (!this.#take(change.from, change.running)) return 'stale'
        if (change.keep !== null) this.#ended.set(change.from.id, change.keep)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'remove':
        return this.#ended.delete(change.id) ? 'ok' : 'stale'
      case 'acknowledge': {
        const outcomes = this.#outcomes.get(change.distributor)
        for (const seq of change.seqs) outcomes?.delete(seq)
        return 'ok'
      }
    }
  }

  #stand(job: JobRecord): void {
    this.#live.set(job.id, { job, startedAt: 0 })
    this.#standing.add(job)
  }

  /** Takes a job from where it is said to be; false when it is not there. */
  #take(from: JobRecord, running: boolean): boolean {
    const live = this.#at(from, running)
    if (live === null) return false
    this.#live.delete(from.id)
    this.#running.delete(from.id)
    if (!running) this.#standing.left(live.job)
    return true
  }

  #waits(job: JobRecord): boolean {
    const live = this.#live.get(job.id)
    return live?.job === job && live.startedAt === 0
  }

  #at(from: JobRecord, running: boolean): Live | null {
    const live = this.#live.get(from.id)
    return live?.job.seq === from.seq && live.startedAt > 0 === running ? live : null
  }

  #report(outcome: Outcome | null): void {
    if (outcome === null) return
    const outcomes = this.#outcomes.get(outcome.distributor) ?? new Map<number, Outcome>()
    this.#outcomes.set(outcome.distributor, outcomes.set(outcome.seq, outcome))
  }

  #view(live: Live): StoredJob {
    const { job, startedAt } = live
    if (startedAt > 0) return runningView(live)
    return { job, state: waitingState(job, nowFor(job, nowOf(this.#clock))), startedAt, finishedAt: 0 }
  }

  #check(): void {
    if (!this.#open) throw new JrError('JR_STORE_CLOSED', 'the memory store is not open')
  }
}

function runningView({ job, startedAt }: Live): StoredJob {
  return { job: { ...job, attempt: job.attempt + 1 }, state: 'running', startedAt, finishedAt: 0 }
}
