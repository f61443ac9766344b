import type { JobRecord, Outcome } from '../job/record.js'
import type { Answer, Change, Single } from './contract.js'
import { Entries, type Entry } from './entries.js'
import { lasting } from './notes.js'
import { type Doing, type Ground, performed } from './refusal.js'
import { Shelves } from './shelves.js'
import { StandingJobs } from './standing.js'

/** Jobs, outcomes and notes in memory, and what each change does to them. */
export class MemoryJobs {
  readonly notes = new Shelves()
  readonly entries = new Entries((notes) => this.notes.drop(notes))
  readonly outcomes = new Map<string, Map<number, Outcome>>()
  readonly #taken = new Map<string, number>()
  readonly running = new Set<string>()
  readonly standing = new StandingJobs((job) => this.#waits(job))
  readonly #ground: Ground = {
    isAt: (from, running) => this.#at(from, running) !== null,
    isLive: (id) => this.entries.get(id)?.ended === null,
    kept: (id) => this.entries.keptNotes(id),
    note: (name) => this.notes.get(name),
  }
  readonly #doing: Doing = { take: (change) => this.#take(change), do: (change) => this.#do(change) }

  /** The highest number taken from this life of this distributor. */
  taken(distributor: string, instance: string): number {
    return this.#taken.get(JSON.stringify([distributor, instance])) ?? 0
  }

  apply(change: Change): Answer {
    return performed(change, this.#ground, this.#doing)
  }

  #take(change: Single): void {
    if (change.kind !== 'insert' || change.number === null) return
    const key = JSON.stringify([change.job.distributor, change.job.instance])
    this.#taken.set(key, Math.max(change.number, this.#taken.get(key) ?? 0))
  }

  #do(change: Single): 'ok' | 'duplicate' | 'stale' {
    const answer = this.#doToJob(change)
    if (change.notes !== undefined && answer === 'ok') this.notes.write(change.notes)
    return answer
  }

  #doToJob(change: Single): 'ok' | 'duplicate' | 'stale' {
    switch (change.kind) {
      case 'insert': {
        const { job, ownId } = change
        if (ownId && this.entries.get(job.id)?.ended === null) return 'duplicate'
        this.entries.add(job)
        this.standing.add(job)
        return 'ok'
      }
      case 'begin': {
        const entry = this.#at(change.job, false)
        if (entry === null) return 'stale'
        entry.startedAt = change.startedAt
        this.standing.left(entry.job)
        this.running.add(entry.job.id)
        return 'ok'
      }
      case 'move': {
        const entry = this.#at(change.from, change.running)
        if (entry === null) return 'stale'
        const { job } = entry
        entry.job = change.to
        entry.startedAt = 0
        this.#left(job, change.running)
        this.standing.add(change.to)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'end': {
        const entry = this.#at(change.from, change.running)
        if (entry === null) return 'stale'
        if (change.keep === null) this.entries.remove(entry.job.id)
        else this.entries.keep(entry.job.id, change.keep, lasting(change.notes))
        this.#left(entry.job, change.running)
        this.#report(change.outcome)
        return 'ok'
      }
      case 'remove': {
        if ((this.entries.get(change.id)?.ended ?? null) === null) return 'stale'
        this.entries.remove(change.id)
        return 'ok'
      }
      case 'acknowledge': {
        const outcomes = this.outcomes.get(change.distributor)
        for (const seq of change.seqs) outcomes?.delete(seq)
        return 'ok'
      }
      case 'note':
        return 'ok'
    }
  }

  /** It is no longer where it was. */
  #left(job: JobRecord, running: boolean): void {
    if (running) this.running.delete(job.id)
    else this.standing.left(job)
  }

  #waits(job: JobRecord): boolean {
    const entry = this.entries.get(job.id)
    return entry?.job === job && entry.startedAt === 0 && entry.ended === null
  }

  #at(from: JobRecord, running: boolean): Entry | null {
    const entry = this.entries.get(from.id)
    if (entry === undefined || entry.ended !== null || entry.job.seq !== from.seq) return null
    return entry.startedAt > 0 === running ? entry : null
  }

  #report(outcome: Outcome | null): void {
    if (outcome === null) return
    const outcomes = this.outcomes.get(outcome.distributor) ?? new Map<number, Outcome>()
    this.outcomes.set(outcome.distributor, outcomes.set(outcome.seq, outcome))
  }
}
