import { pack, unpack } from '../../codec.js'
import { isImmediate, type JobRecord, type Outcome } from '../../job/record.js'
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

/** Lives of distributors of which the highest number is held in memory. */
const LIVES = 1000
/** Rows that are remembered as there. */
const KNOWN = 50_000
/** With so many rows of jobs that were to run at once, a new job will not live for a moment only. */
const BACKLOG = 1000

/** An attempt of a job that has a row of its own. */
interface Running {
  readonly seq: number
  readonly startedAt: number
}

/** Turns groups of changes into batches. Knows which jobs run, so that the common changes need no reading. */
export class Writer {
  /** Rows of jobs that have gone. */
  dropped = 0
  readonly #db: Database
  readonly #meta: Meta
  readonly #young: Young
  readonly #journal = new JournalWriter()
  /** Attempts of jobs that have rows of their own, by id. */
  readonly #running = new Map<string, Running>()
  readonly #prefixes = new Map<string, string>()
  /** Rows that were looked up before this group, as it leaves them: by key, null when gone. */
  #rows = new Map<string, Buffer | null>()
  /** The same for places and outcomes, of which it matters only whether they are there. */
  #there = new Map<string, boolean>()
  /** Numbers of places whose rows are there: those that were written or handed out, so that a begin need not look. */
  readonly #known = new Set<number>()
  /** Of rows that are gone, but that a read which is under way may still find. */
  readonly #left = new Set<number>()
  #reads = 0
  /** The highest number of each life of a distributor, by the key of its row. */
  readonly #taken = new Map<string, number>()
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

  /** Somebody begins to read rows of waiting jobs. Call what is answered once, with the jobs of the rows that were found. */
  reading(): (found: readonly JobRecord[]) => void {
    this.#reads++
    return (found) => {
      this.#reads--
      for (const { seq } of found) if (!this.#left.has(seq)) this.#known.add(seq)
    }
  }

  /** A job with a row of its own that was found running when the store was opened. */
  found({ job, startedAt }: Interrupted): void {
    this.#running.set(job.id, { seq: job.seq, startedAt })
  }

  async write(changes: readonly Change[], sync: boolean): Promise<Answer[]> {
    await this.#lookUp(changes)
    const batch = this.#db.batch()
    const taken = new Set<string>()
    const answers = changes.map((change) => this.#apply(batch, change, taken))
    this.#makeRoom(batch)
    for (const key of taken) batch.put(key, pack(this.#taken.get(key)))
    const row = this.#journal.take()
    const { gone, write } = this.#young.settle(row?.length ?? 0)
    for (const number of gone) batch.del(groupKey(number))
    if (row !== null && write !== null) batch.put(groupKey(write), row)
    batch.put(META_KEY, encodeMeta(this.#meta))
    await batch.write({ sync })
    this.#young.written()
    return answers
  }

  /** Reads what changes have to know of rows: whether an id is taken, whether a job or an outcome that is not young is there. */
  async #lookUp(changes: readonly Change[]): Promise<void> {
    if (this.#taken.size > LIVES) this.#taken.clear()
    if (this.#known.size > KNOWN) this.#known.clear()
    // The group before is written: what begins to read from now on does not find what it has emptied.
    if (this.#reads === 0) this.#left.clear()
    const rows: string[] = []
    const there: string[] = []
    const lives = new Set<string>()
    // Places of this group itself: they can't have been there before it.
    const placed = new Set<number>()
    const old = (job: JobRecord) => !placed.has(job.seq) && !this.#known.has(job.seq) && !this.#isYoung(job)
    for (const change of changes) {
      switch (change.kind) {
        case 'insert': {
          placed.add(change.job.seq)
          if (change.unique) rows.push(idKey(change.job.id))
          if (change.number === null) break
          const life = this.#takenKey(change.job.distributor, change.job.instance)
          if (!this.#taken.has(life)) lives.add(life)
          break
        }
        case 'begin':
          if (old(change.job)) there.push(placeKey(change.job))
          break
        case 'move':
        case 'end':
          if (!change.running && old(change.from)) there.push(placeKey(change.from))
          if (change.kind === 'move') placed.add(change.to.seq)
          break
        case 'remove':
          rows.push(idKey(change.id))
          break
        case 'acknowledge': {
          const { distributor, seqs } = change
          for (const seq of seqs) {
            if (!this.#young.hasOutcome(distributor, seq))
              there.push(outcomeKey(this.#prefix(distributor), seq))
          }
        }
      }
    }
    this.#rows = await this.#read(rows)
    const ended = changes.flatMap((change) => {
      const place = change.kind === 'remove' ? this.#rows.get(idKey(change.id))?.toString() : undefined
      return place !== undefined && isEndedKey(place) ? [place] : []
    })
    for (const [key, row] of await this.#read(ended)) this.#rows.set(key, row)
    for (const [key, row] of await this.#read([...lives])) {
      this.#taken.set(key, row === null ? 0 : (unpack(row) as number))
    }
    const found = there.length === 0 ? [] : await this.#db.hasMany(there)
    this.#there = new Map(there.map((key, i) => [key, found[i] === true]))
  }

  async #read(keys: readonly string[]): Promise<Map<string, Buffer | null>> {
    const rows = keys.length === 0 ? [] : await this.#db.getMany([...keys])
    return new Map(keys.map((key, i) => [key, rows[i] ?? null]))
  }

  /** Whether a job that is not young has its row at this place. */
  #hasRow(job: JobRecord, key: string): boolean {
    return this.#known.has(job.seq) || this.#there.get(key) === true
  }

  #isYoung({ id, seq }: JobRecord): boolean {
    return this.#young.jobs.get(id)?.job.seq === seq
  }

  /** Gives rows of their own to those that keep the journal from growing shorter. */
  #makeRoom(batch: Batch): void {
    const stragglers = this.#young.stragglers()
    if (stragglers === null) return
    for (const young of stragglers.jobs) {
      this.#takeYoung(young)
      this.#putRow(batch, young.job)
      if (young.startedAt === 0) continue
      const { id, seq } = young.job
      this.#running.set(id, { seq, startedAt: young.startedAt })
      this.#markRow(batch, placeKey(young.job), seq, young.startedAt)
    }
    for (const { key, seq, startedAt } of stragglers.marks) {
      this.#young.unmark(seq)
      this.#markRow(batch, key, seq, startedAt)
    }
    for (const outcome of stragglers.outcomes) {
      this.#young.outcomeGone(outcome.distributor, outcome.seq)
      this.#journal.outcomeGone(outcome.distributor, outcome.seq)
      this.#outcomeRow(batch, outcome)
    }
  }

  #apply(batch: Batch, change: Change, taken: Set<string>): Answer {
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
        for (const seq of seqs) this.#forget(batch, distributor, seq)
        return 'ok'
      }
    }
  }

  #insert(batch: Batch, { job, unique, number }: Insert, taken: Set<string>): Answer {
    if (number !== null) {
      const key = this.#takenKey(job.distributor, job.instance)
      this.#taken.set(key, Math.max(number, this.#taken.get(key) ?? 0))
      taken.add(key)
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
      const key = placeKey(job)
      if (this.#running.has(id) || !this.#hasRow(job, key)) return 'stale'
      this.#running.set(id, { seq, startedAt })
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
      const row = encodeEnded(keep)
      const place = Buffer.from(key)
      batch.put(key, row).put(idKey(from.id), place)
      if (this.#seen(idKey(from.id), place)) this.#rows.set(key, row)
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
      if (this.#running.has(id) || !this.#hasRow(from, placeKey(from))) return false
      this.#dropRow(batch, from)
    }
    this.#meta.counts[running ? 'running' : 'waiting']--
    return true
  }

  /** A job waits at this place from now on. */
  #place(batch: Batch, job: JobRecord): void {
    this.#meta.counts.waiting++
    const young =
      isImmediate(job.lane) && this.#meta.backlog < BACKLOG && this.#young.hasRoomFor(job.args.length)
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
    const place = Buffer.from(key)
    batch.put(key, encodeJob(job)).put(idKey(job.id), place)
    this.#seen(idKey(job.id), place)
    this.#known.add(job.seq)
    if (isImmediate(job.lane)) this.#meta.backlog++
  }

  #dropRow(batch: Batch, job: JobRecord): void {
    this.dropped++
    const key = placeKey(job)
    batch.del(key).del(idKey(job.id))
    this.#seen(idKey(job.id), null)
    this.#known.delete(job.seq)
    this.#left.add(job.seq)
    this.#nowThere(key, false)
    if (isImmediate(job.lane)) this.#meta.backlog--
  }

  #markRow(batch: Batch, key: string, seq: number, startedAt: number): void {
    batch.put(markKey(seq), pack([key, startedAt]))
  }

  /** Later changes of this group see what this one did, where it was looked up before the group; false elsewhere. */
  #seen(key: string, row: Buffer | null): boolean {
    if (this.#rows.size === 0 || !this.#rows.has(key)) return false
    this.#rows.set(key, row)
    return true
  }

  #nowThere(key: string, there: boolean): void {
    if (this.#there.size > 0 && this.#there.has(key)) this.#there.set(key, there)
  }

  #report(batch: Batch, outcome: Outcome): void {
    this.#meta.counts.outcomes++
    if (!this.#young.hasRoomForOutcome) return this.#outcomeRow(batch, outcome)
    this.#young.outcome(outcome)
    this.#journal.outcome(outcome)
  }

  #outcomeRow(batch: Batch, outcome: Outcome): void {
    const key = outcomeKey(this.#prefix(outcome.distributor), outcome.seq)
    batch.put(key, encodeOutcome(outcome))
    this.#nowThere(key, true)
  }

  /** Counted only when it is there: the same outcome may be acknowledged twice. */
  #forget(batch: Batch, distributor: string, seq: number): void {
    if (this.#young.outcomeGone(distributor, seq)) this.#journal.outcomeGone(distributor, seq)
    else {
      const key = outcomeKey(this.#prefix(distributor), seq)
      if (this.#there.get(key) !== true) return
      batch.del(key)
      this.#nowThere(key, false)
    }
    this.#meta.counts.outcomes--
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
