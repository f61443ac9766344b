import { keptAs, keptBy } from '../../job/kept.js'
import type { JobRecord } from '../../job/record.js'
import type { Answer, Begin, Change, End, Insert, Move, Single } from '../contract.js'
import { lasting, type NoteName } from '../notes.js'
import { encodeEnded } from '../records.js'
import { type Doing, type Ground, performed } from '../refusal.js'
import { Attempts, putMark } from './attempts.js'
import type { Books } from './books.js'
import { endedKey, idKey, isEndedKey, keptAsOf, markKey } from './keys.js'
import { Outcomes } from './outcomes.js'
import { Places } from './places.js'
import type { RowBatch } from './row-batch.js'
import type { YoungJob } from './young.js'

/** What each change does. Knows which jobs run, so that the common changes need no reading. */
export class Changes {
  readonly #books: Books
  readonly attempts = new Attempts()
  readonly #outcomes: Outcomes
  readonly #places: Places
  readonly #ground: Ground

  constructor(books: Books) {
    this.#books = books
    this.#outcomes = new Outcomes(books)
    this.#places = new Places(books)
    const { young, rows, notes } = books
    this.#ground = {
      isAt: (from, running) => this.#isAt(from, running),
      isLive: (id) => young.jobs.has(id) || (rows.get(idKey(id)) !== null && rows.kept(id) === null),
      kept: (id) => rows.kept(id),
      note: (name) => notes.get(name),
    }
  }

  /** Rows of jobs and notes that have gone. */
  get dropped(): number {
    return this.#places.dropped + this.#books.notes.dropped
  }

  /** A young job that was found to have a row. */
  overtaken(job: YoungJob): void {
    this.#places.takeYoung(job)
  }

  /** Gives rows of their own to those that keep the journal from growing shorter; false when it is short enough. */
  makeRoom(batch: RowBatch): boolean {
    const { young, journal, notes } = this.#books
    if (notes.areMany) notes.giveRows(batch, journal)
    const stragglers = young.stragglers()
    if (stragglers === null) return false
    notes.giveRows(batch, journal, stragglers.last)
    for (const found of stragglers.jobs) {
      const { job, startedAt } = found
      this.#places.takeYoung(found)
      this.#places.putRow(batch, job)
      if (startedAt === 0) continue
      putMark(batch, this.attempts.began(job, startedAt), job.seq, startedAt)
    }
    for (const { key, seq, startedAt } of stragglers.marks) {
      young.unmark(seq)
      putMark(batch, key, seq, startedAt)
    }
    for (const outcome of stragglers.outcomes) this.#outcomes.giveRow(batch, outcome)
    return true
  }

  apply(batch: RowBatch, changes: readonly Change[]): Answer[] {
    const doing: Doing = { take: (change) => this.#take(change), do: (change) => this.#do(batch, change) }
    return changes.map((change) => performed(change, this.#ground, doing))
  }

  #take(change: Single): void {
    if (change.kind !== 'insert' || change.number === null) return
    const { job, number } = change
    this.#books.taken.take(job.distributor, job.instance, number)
  }

  #do(batch: RowBatch, change: Single): 'ok' | 'duplicate' | 'stale' {
    const answer = this.#doToJob(batch, change)
    if (change.notes === undefined || answer !== 'ok') return answer
    const { notes, journal } = this.#books
    notes.write(batch, journal, change.notes)
    return 'ok'
  }

  #doToJob(batch: RowBatch, change: Single): 'ok' | 'duplicate' | 'stale' {
    switch (change.kind) {
      case 'insert':
        return this.#insert(batch, change)
      case 'begin':
        return this.#begin(change)
      case 'move':
        return this.#move(batch, change)
      case 'end':
        return this.#end(batch, change)
      case 'remove':
        return this.#remove(batch, change.id)
      case 'acknowledge':
        this.#outcomes.acknowledge(batch, change)
        return 'ok'
      case 'note':
        return 'ok'
    }
  }

  #insert(batch: RowBatch, change: Insert): 'ok' | 'duplicate' {
    const { young, rows } = this.#books
    const { job, ownId } = change
    if (ownId) {
      if (young.jobs.has(job.id)) return 'duplicate'
      const there = rows.get(idKey(job.id))?.toString()
      if (there !== undefined && !isEndedKey(there)) return 'duplicate'
      // One of this id that has ended makes way.
      if (there !== undefined) this.#forget(batch, job.id, there)
    }
    this.#places.put(batch, job)
    return 'ok'
  }

  #begin({ job, startedAt }: Begin): 'ok' | 'stale' {
    const { young, journal, rows } = this.#books
    const found = young.find(job)
    if (found !== undefined) {
      if (found.startedAt > 0) return 'stale'
      young.begin(found, startedAt)
      journal.begin(job.seq, startedAt)
      return 'ok'
    }
    if (this.attempts.has(job.id) || !rows.hasJob(job)) return 'stale'
    const key = this.attempts.began(job, startedAt)
    young.mark(key, job.seq, startedAt)
    journal.mark(key, job.seq, startedAt)
    return 'ok'
  }

  #move(batch: RowBatch, { from, running, to, outcome }: Move): 'ok' | 'stale' {
    if (!this.#leave(batch, from, running)) return 'stale'
    this.#places.put(batch, to)
    if (outcome !== null) this.#outcomes.report(batch, outcome)
    return 'ok'
  }

  #end(batch: RowBatch, { from, running, outcome, keep, notes }: End): 'ok' | 'stale' {
    if (!this.#leave(batch, from, running)) return 'stale'
    if (keep !== null) {
      const { counts, rows } = this.#books
      const as = keptAs(keep)
      const key = endedKey(as, keptBy(keep), from.seq)
      const row = encodeEnded(keep, lasting(notes))
      batch.put(key, row)
      rows.endedNow(key, row)
      this.#places.putId(batch, from.id, key)
      counts[as]++
    }
    if (outcome !== null) this.#outcomes.report(batch, outcome)
    return 'ok'
  }

  #remove(batch: RowBatch, id: string): 'ok' | 'stale' {
    const key = this.#books.rows.get(idKey(id))?.toString()
    if (key === undefined || !isEndedKey(key)) return 'stale'
    this.#forget(batch, id, key)
    return 'ok'
  }

  #forget(batch: RowBatch, id: string, key: string): void {
    this.forget(batch, id, key, this.#books.rows.kept(id) ?? [])
  }

  /** An ended job, at this key, is kept no longer. `notes`: those of its end. */
  forget(batch: RowBatch, id: string, key: string, gone: readonly NoteName[]): void {
    const { notes, journal, counts } = this.#books
    batch.del(key)
    this.#places.dropId(batch, id)
    counts[keptAsOf(key)]--
    notes.drop(batch, journal, gone)
  }

  /** Takes a job from where it is; false when it is not there. */
  #leave(batch: RowBatch, from: JobRecord, running: boolean): boolean {
    const { young } = this.#books
    if (!this.#isAt(from, running)) return false
    const found = young.find(from)
    if (found !== undefined) {
      this.#places.takeYoung(found)
      return true
    }
    if (running) {
      this.attempts.ended(from.id)
      if (!young.unmark(from.seq)) batch.del(markKey(from.seq))
    }
    this.#places.dropRow(batch, from)
    return true
  }

  #isAt(from: JobRecord, running: boolean): boolean {
    const { young, rows } = this.#books
    const found = young.find(from)
    if (found !== undefined) return found.startedAt > 0 === running
    if (running) return this.attempts.isAt(from)
    return !this.attempts.has(from.id) && rows.hasJob(from)
  }
}
