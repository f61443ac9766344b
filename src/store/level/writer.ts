import { pack } from '../../codec.js'
import { IMMEDIATE, IMMEDIATE_DEFERRED, type JobRecord, type Outcome } from '../../job/record.js'
import type { Answer, Begin, Change, End, Insert, Interrupted, Move } from '../contract.js'
import { decodeEnded, encodeEnded, encodeJob, encodeOutcome } from '../records.js'
import type { Database } from './database.js'
import { JournalWriter } from './journal.js'
import {
  endedKey,
  groupKey,
  idKey,
  isEndedKey,
  META_KEY,
  markKey,
  outcomeKey,
  outcomePrefix,
  placeKey,
  takenKey,
} from './keys.js'
import { encodeMeta, type Meta } from './meta.js'
import type { Young, YoungJob } from './young.js'

type Batch = ReturnType<Database['batch']>

/** Places that were emptied while a job waited there, remembered so that a late begin is refused. */
const REMEMBERED = 100_000
/** With so many rows of jobs that were to run at once, a new job will not live for a moment only. */
const BACKLOG = 1000

/** An attempt of a job that has a row of its own. */
interface Running {
  readonly seq: number
  readonly startedAt: number
}

/** Turns groups of changes into batches. Knows which jobs run, so that the common changes need no reading. */
export class Writer {
  readonly #db: Database
  readonly #meta: Meta
  readonly #young: Young
  readonly #journal = new JournalWriter()
  /** Attempts of jobs that have rows of their own, by id. */
  readonly #running = new Map<string, Running>()
  readonly #emptied = new Set<number>()
  readonly #prefixes = new Map<string, string>()
  /** What this group has done to rows that were looked up before it: id or place to its row, null when gone. */
  #rows = new Map<string, Buffer | null>()
  #lastTaken = { distributor: '', instance: '', key: '' }

  constructor(db: Database, meta: Meta, young: Young) {
    this.#db = db
    this.#meta = meta
    this.#young = young
  }

  /** When the attempt began that runs of this job, which has a row of its own; 0 when none does. */
  startedAt(id: string): number {
    return this.#running.get(id)?.startedAt ?? 0
  }

  /** A job with a row of its own that was found running when the store was opened. */
  found({ job, startedAt }: Interrupted): void {
    this.#running.set(job.id, { seq: job.seq, startedAt })
  }

  async write(changes: readonly Change[], sync: boolean): Promise<Answer[]> {
    await this.#lookUp(changes)
    const batch = this.#db.batch()
    const taken = new Map<string, number>()
    const answers = changes.map((change) => this.#apply(batch, change, taken))
    this.#makeRoom(batch)
    for (const [key, number] of taken) batch.put(key, pack(number))
    const row = this.#journal.take()
    const { gone, write } = this.#young.settle(row?.length ?? 0)
    for (const number of gone) batch.del(groupKey(number))
    if (row !== null && write !== null) batch.put(groupKey(write), row)
    batch.put(META_KEY, encodeMeta(this.#meta))
    await batch.write({ sync })
    this.#young.written()
    return answers
  }

  /** Reads what the rarer changes have to know: whether an id is taken, whether a job still waits at its place. */
  async #lookUp(changes: readonly Change[]): Promise<void> {
    const { jobs } = this.#young
    const keys: string[] = []
    for (const change of changes) {
      if (change.kind === 'insert' && change.unique) keys.push(idKey(change.job.id))
      else if (change.kind === 'remove') keys.push(idKey(change.id))
      else if ((change.kind === 'end' || change.kind === 'move') && !change.running) {
        if (jobs.get(change.from.id)?.job.seq !== change.from.seq) keys.push(placeKey(change.from))
      }
    }
    this.#rows = new Map()
    if (keys.length === 0) return
    const rows = await this.#db.getMany(keys)
    keys.forEach((key, i) => {
      this.#rows.set(key, rows[i] ?? null)
    })
    const ended = changes.flatMap((change) => {
      const place = change.kind === 'remove' ? this.#rows.get(idKey(change.id))?.toString() : undefined
      return place !== undefined && isEndedKey(place) ? [place] : []
    })
    const endedRows = ended.length === 0 ? [] : await this.#db.getMany(ended)
    ended.forEach((key, i) => {
      this.#rows.set(key, endedRows[i] ?? null)
    })
  }

  /** Gives rows of their own to those that keep the journal from growing shorter. */
  #makeRoom(batch: Batch): void {
    const stragglers = this.#young.stragglers()
    if (stragglers === null) return
    for (const young of stragglers.jobs) {
      this.#takeYoung(young)
      this.#putRow(batch, young.job)
      if (young.startedAt > 0) this.#markRow(batch, young.job, young.startedAt)
    }
    for (const { key, seq, startedAt } of stragglers.marks) {
      this.#young.unmark(seq)
      batch.put(markKey(seq), pack([key, startedAt]))
    }
    for (const outcome of stragglers.outcomes) {
      this.#young.outcomeGone(outcome.distributor, outcome.seq)
      this.#journal.outcomeGone(outcome.distributor, outcome.seq)
      this.#outcomeRow(batch, outcome)
    }
  }

  #apply(batch: Batch, change: Change, taken: Map<string, number>): Answer {
    switch (change.kind) {
      case 'insert':
        return this.#insert(batch, change, taken)
      case 'begin':
        return this.#begin(change)
      case 'move':
        return this.#move(batch, change)
      case 'end':
        return this.#end(batch, change)
      case 'remove':
        return this.#remove(batch, change.id)
      case 'acknowledge': {
        const { distributor, seqs } = change
        for (const seq of seqs) {
          if (this.#young.outcomeGone(distributor, seq)) this.#journal.outcomeGone(distributor, seq)
          else batch.del(outcomeKey(this.#prefix(distributor), seq))
        }
        this.#meta.counts.outcomes = Math.max(0, this.#meta.counts.outcomes - seqs.length)
        return 'ok'
      }
    }
  }

  #insert(batch: Batch, { job, unique, number }: Insert, taken: Map<string, number>): Answer {
    if (number !== null) {
      const key = this.#takenKey(job.distributor, job.instance)
      taken.set(key, Math.max(number, taken.get(key) ?? 0))
    }
    if (unique && (this.#young.jobs.has(job.id) || this.#rows.get(idKey(job.id)) != null)) return 'duplicate'
    this.#place(batch, job)
    return 'ok'
  }

  #begin({ job, startedAt }: Begin): Answer {
    const { id, seq } = job
    const young = this.#young.jobs.get(id)
    if (young?.job.seq === seq) {
      if (young.startedAt > 0) return 'stale'
      young.startedAt = startedAt
      this.#journal.begin(seq, startedAt)
    } else {
      if (this.#running.has(id) || this.#emptied.has(seq)) return 'stale'
      this.#running.set(id, { seq, startedAt })
      const key = placeKey(job)
      this.#young.mark(key, seq, startedAt)
      this.#journal.mark(key, seq, startedAt)
    }
    this.#meta.counts.waiting--
    this.#meta.counts.running++
    return 'ok'
  }

  #move(batch: Batch, { from, running, to, outcome }: Move): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    this.#place(batch, to)
    if (outcome !== null) this.#report(batch, outcome)
    return 'ok'
  }

  #end(batch: Batch, { from, running, outcome, keep }: End): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    if (keep !== null) {
      const key = endedKey(keep.state, keep.finishedAt, from.seq)
      batch.put(key, encodeEnded(keep))
      const row = Buffer.from(key)
      batch.put(idKey(from.id), row)
      this.#seen(idKey(from.id), row)
      this.#meta.counts[keep.state]++
    }
    if (outcome !== null) this.#report(batch, outcome)
    return 'ok'
  }

  #remove(batch: Batch, id: string): Answer {
    const key = this.#rows.get(idKey(id))?.toString()
    const row = key === undefined ? null : this.#rows.get(key)
    if (key === undefined || row == null) return 'stale'
    batch.del(key).del(idKey(id))
    this.#seen(idKey(id), null)
    this.#meta.counts[decodeEnded(row).state]--
    return 'ok'
  }

  /** Takes a job from where it is; false when it is not there. */
  #leave(batch: Batch, from: JobRecord, running: boolean): boolean {
    const { id, seq } = from
    const young = this.#young.jobs.get(id)
    if (young?.job.seq === seq) {
      if (young.startedAt > 0 !== running) return false
      this.#takeYoung(young)
    } else if (running) {
      if (this.#running.get(id)?.seq !== seq) return false
      this.#running.delete(id)
      if (!this.#young.unmark(seq)) batch.del(markKey(seq))
      this.#dropRow(batch, from)
    } else {
      const key = placeKey(from)
      if (this.#running.has(id) || this.#rows.get(key) == null) return false
      this.#rows.set(key, null)
      this.#dropRow(batch, from)
    }
    if (running) this.#meta.counts.running--
    else {
      this.#meta.counts.waiting--
      this.#remember(seq)
    }
    return true
  }

  #remember(seq: number): void {
    this.#emptied.add(seq)
    if (this.#emptied.size <= REMEMBERED) return
    for (const oldest of this.#emptied) {
      this.#emptied.delete(oldest)
      return
    }
  }

  /** A job waits at this place from now on. */
  #place(batch: Batch, job: JobRecord): void {
    this.#meta.counts.waiting++
    const young = isImmediate(job) && this.#meta.backlog < BACKLOG && this.#young.hasRoomFor(job.args.length)
    // An id that is not young's own would be another job's: `unique` was not asked for.
    if (!young || this.#young.jobs.has(job.id)) return this.#putRow(batch, job)
    this.#young.insert(job)
    this.#journal.insert(job)
  }

  #takeYoung(young: YoungJob): void {
    this.#young.take(young)
    this.#journal.gone(young.job.seq)
  }

  #putRow(batch: Batch, job: JobRecord): void {
    const key = placeKey(job)
    const row = encodeJob(job)
    batch.put(key, row)
    batch.put(idKey(job.id), Buffer.from(key))
    this.#seen(idKey(job.id), row)
    this.#seen(key, row)
    if (isImmediate(job)) this.#meta.backlog++
  }

  #dropRow(batch: Batch, job: JobRecord): void {
    batch.del(placeKey(job)).del(idKey(job.id))
    this.#seen(idKey(job.id), null)
    if (isImmediate(job)) this.#meta.backlog--
  }

  #markRow(batch: Batch, job: JobRecord, startedAt: number): void {
    this.#running.set(job.id, { seq: job.seq, startedAt })
    batch.put(markKey(job.seq), pack([placeKey(job), startedAt]))
  }

  /** Later changes of this group see what this one did, where it was looked up before the group. */
  #seen(key: string, row: Buffer | null): void {
    if (this.#rows.size > 0 && this.#rows.has(key)) this.#rows.set(key, row)
  }

  #report(batch: Batch, outcome: Outcome): void {
    this.#meta.counts.outcomes++
    if (!this.#young.hasRoomForOutcome) return this.#outcomeRow(batch, outcome)
    this.#young.outcome(outcome)
    this.#journal.outcome(outcome)
  }

  #outcomeRow(batch: Batch, outcome: Outcome): void {
    batch.put(outcomeKey(this.#prefix(outcome.distributor), outcome.seq), encodeOutcome(outcome))
  }

  #prefix(distributor: string): string {
    let prefix = this.#prefixes.get(distributor)
    if (prefix === undefined) {
      prefix = outcomePrefix(distributor)
      this.#prefixes.set(distributor, prefix)
    }
    return prefix
  }

  /** Most jobs of a group come from one sender. */
  #takenKey(distributor: string, instance: string): string {
    const last = this.#lastTaken
    if (last.instance === instance && last.distributor === distributor) return last.key
    const key = takenKey(distributor, instance)
    this.#lastTaken = { distributor, instance, key }
    return key
  }
}

function isImmediate({ lane }: JobRecord): boolean {
  return lane === IMMEDIATE || lane === IMMEDIATE_DEFERRED
}
