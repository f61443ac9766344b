import { pack } from '../../bytes/codec.js'
import { isImmediate } from '../../job/lane.js'
import type { JobRecord, Outcome } from '../../job/record.js'
import type { Acknowledge, Answer, Begin, Change, End, Insert, Interrupted, Move } from '../contract.js'
import { encodeEnded, encodeJob, encodeOutcome } from '../records.js'
import type { JournalEntries } from './journal.js'
import { endedKey, endedStateOf, idKey, isEndedKey, markKey, placeKey } from './keys.js'
import type { RowCounts } from './meta.js'
import type { RowBatch } from './row-batch.js'
import type { Rows } from './rows.js'
import type { Taken } from './taken.js'
import type { Young, YoungJob } from './young.js'

/** With so many rows of jobs that were to run at once, a new job will not live for a moment only. */
const BACKLOG = 1000

/** An attempt of a job that has a row of its own. */
interface Running {
  /** Of its row. */
  readonly key: string
  readonly seq: number
  readonly startedAt: number
}

/** Where changes are noted down: what becomes of what is young, of rows, and of how many there are. */
export interface Books {
  readonly young: Young
  readonly journal: JournalEntries
  readonly rows: Rows
  readonly taken: Taken
  readonly counts: RowCounts
}

/** What each change does. Knows which jobs run, so that the common changes need no reading. */
export class Changes {
  /** Rows of jobs that have gone. */
  dropped = 0
  readonly #books: Books
  /** Attempts of jobs that have rows of their own, by id. */
  readonly #running = new Map<string, Running>()

  constructor(books: Books) {
    this.#books = books
  }

  /** How many jobs run that have rows of their own. */
  get running(): number {
    return this.#running.size
  }

  /** When the attempt began that runs of this job, which has a row of its own; 0 when none does. */
  startedAt(id: string): number {
    return this.#running.get(id)?.startedAt ?? 0
  }

  /** The keys of jobs that run and have rows of their own. */
  runningPlaces(): ReadonlySet<string> {
    return new Set([...this.#running.values()].map(({ key }) => key))
  }

  /** A job with a row of its own that was found running when the store was opened. */
  found({ job, startedAt }: Interrupted): void {
    this.#running.set(job.id, { key: placeKey(job), seq: job.seq, startedAt })
  }

  /** A young job that was found to have a row. */
  overtaken(job: YoungJob): void {
    this.#takeYoung(job)
  }

  /** Gives rows of their own to those that keep the journal from growing shorter; false when it is short enough. */
  makeRoom(batch: RowBatch): boolean {
    const { young, journal } = this.#books
    const stragglers = young.stragglers()
    if (stragglers === null) return false
    for (const found of stragglers.jobs) {
      const { job, startedAt } = found
      this.#takeYoung(found)
      this.#putRow(batch, job)
      if (startedAt === 0) continue
      const key = placeKey(job)
      this.#running.set(job.id, { key, seq: job.seq, startedAt })
      batch.put(markKey(job.seq), markRow(key, startedAt))
    }
    for (const { key, seq, startedAt } of stragglers.marks) {
      young.unmark(seq)
      batch.put(markKey(seq), markRow(key, startedAt))
    }
    for (const outcome of stragglers.outcomes) {
      young.outcomeGone(outcome.distributor, outcome.seq)
      journal.outcomeGone(outcome.distributor, outcome.seq)
      this.#outcomeRow(batch, outcome)
    }
    return true
  }

  apply(batch: RowBatch, change: Change): Answer {
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
        return this.#acknowledge(batch, change)
    }
  }

  #insert(batch: RowBatch, { job, ownId, number }: Insert): Answer {
    const { young, rows, taken } = this.#books
    if (number !== null) taken.take(job.distributor, job.instance, number)
    if (ownId) {
      if (young.jobs.has(job.id)) return 'duplicate'
      const there = rows.get(idKey(job.id))?.toString()
      if (there !== undefined && !isEndedKey(there)) return 'duplicate'
      // One of this id that has ended makes way.
      if (there !== undefined) this.#forget(batch, job.id, there)
    }
    this.#place(batch, job)
    return 'ok'
  }

  #begin({ job, startedAt }: Begin): Answer {
    const { young, journal, rows } = this.#books
    const found = young.find(job)
    if (found !== undefined) {
      if (found.startedAt > 0) return 'stale'
      young.begin(found, startedAt)
      journal.begin(job.seq, startedAt)
      return 'ok'
    }
    if (this.#running.has(job.id) || !rows.hasJob(job)) return 'stale'
    const key = placeKey(job)
    this.#running.set(job.id, { key, seq: job.seq, startedAt })
    young.mark(key, job.seq, startedAt)
    journal.mark(key, job.seq, startedAt)
    return 'ok'
  }

  #move(batch: RowBatch, { from, running, to, outcome }: Move): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    this.#place(batch, to)
    if (outcome !== null) this.#report(batch, outcome)
    return 'ok'
  }

  #end(batch: RowBatch, { from, running, outcome, keep }: End): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    if (keep !== null) {
      const { counts } = this.#books
      const key = endedKey(keep.state, keep.finishedAt, from.seq)
      batch.put(key, encodeEnded(keep))
      this.#putId(batch, from.id, key)
      counts[keep.state]++
    }
    if (outcome !== null) this.#report(batch, outcome)
    return 'ok'
  }

  #remove(batch: RowBatch, id: string): Answer {
    const key = this.#books.rows.get(idKey(id))?.toString()
    if (key === undefined || !isEndedKey(key)) return 'stale'
    this.#forget(batch, id, key)
    return 'ok'
  }

  /** An ended job, at this key, is kept no longer. */
  #forget(batch: RowBatch, id: string, key: string): void {
    batch.del(key)
    this.#dropId(batch, id)
    this.#books.counts[endedStateOf(key)]--
  }

  /** Counted only when it is there: the same outcome may be acknowledged twice. */
  #acknowledge(batch: RowBatch, { distributor, seqs }: Acknowledge): Answer {
    const { young, journal, rows, counts } = this.#books
    for (const seq of seqs) {
      if (young.outcomeGone(distributor, seq)) {
        journal.outcomeGone(distributor, seq)
        continue
      }
      const key = rows.outcomeKey({ distributor, seq })
      if (!rows.hasOutcome(key)) continue
      batch.del(key)
      rows.outcomeNow(key, false)
      counts.outcomes--
    }
    return 'ok'
  }

  /** Takes a job from where it is; false when it is not there. */
  #leave(batch: RowBatch, from: JobRecord, running: boolean): boolean {
    const { young, rows } = this.#books
    const { id, seq } = from
    const found = young.find(from)
    if (found !== undefined) {
      if (found.startedAt > 0 !== running) return false
      this.#takeYoung(found)
      return true
    }
    if (running) {
      if (this.#running.get(id)?.seq !== seq) return false
      this.#running.delete(id)
      if (!young.unmark(seq)) batch.del(markKey(seq))
    } else if (this.#running.has(id) || !rows.hasJob(from)) return false
    this.#dropRow(batch, from)
    return true
  }

  /** A job waits at this place from now on. */
  #place(batch: RowBatch, job: JobRecord): void {
    const { young, journal, counts } = this.#books
    const mayBeYoung = isImmediate(job.lane) && counts.backlog < BACKLOG && young.hasRoomFor(job.args.length)
    // An id that is not young's own would be another job's: `ownId` was not asked for.
    if (!mayBeYoung || young.jobs.has(job.id)) return this.#putRow(batch, job)
    young.insert(job)
    journal.insert(job)
  }

  #takeYoung(found: YoungJob): void {
    const { young, journal } = this.#books
    young.take(found)
    journal.gone(found.job.seq)
  }

  #putRow(batch: RowBatch, job: JobRecord): void {
    const { rows, counts } = this.#books
    const key = placeKey(job)
    batch.put(key, encodeJob(job))
    this.#putId(batch, job.id, key)
    rows.jobNow(job, true)
    counts.live++
    if (isImmediate(job.lane)) counts.backlog++
  }

  #dropRow(batch: RowBatch, job: JobRecord): void {
    const { rows, counts } = this.#books
    this.dropped++
    batch.del(placeKey(job))
    this.#dropId(batch, job.id)
    rows.jobNow(job, false)
    counts.live--
    if (isImmediate(job.lane)) counts.backlog--
  }

  #putId(batch: RowBatch, id: string, place: string): void {
    batch.put(idKey(id), Buffer.from(place))
    this.#books.rows.idNow(id, place)
  }

  #dropId(batch: RowBatch, id: string): void {
    batch.del(idKey(id))
    this.#books.rows.idNow(id, null)
  }

  #report(batch: RowBatch, outcome: Outcome): void {
    const { young, journal } = this.#books
    if (!young.hasRoomForOutcome) return this.#outcomeRow(batch, outcome)
    young.outcome(outcome)
    journal.outcome(outcome)
  }

  #outcomeRow(batch: RowBatch, outcome: Outcome): void {
    const { rows, counts } = this.#books
    const key = rows.outcomeKey(outcome)
    batch.put(key, encodeOutcome(outcome))
    rows.outcomeNow(key, true)
    counts.outcomes++
  }
}

function markRow(key: string, startedAt: number): Buffer {
  return pack([key, startedAt])
}
