import { pack } from '../../codec.js'
import type { JobRecord, Outcome } from '../../job/record.js'
import type { Answer, Begin, Change, End, Insert, Move } from '../contract.js'
import type { Database } from './database.js'
import {
  endedKey,
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
import { decodeEnded, encodeEnded, encodeJob, encodeOutcome } from './rows.js'

type Batch = ReturnType<Database['batch']>

/** Places that were emptied while a job waited there, remembered so that a late begin is refused. */
const REMEMBERED = 100_000

/** Turns groups of changes into batches. Knows which jobs run, so that the common changes need no reading. */
export class Writer {
  readonly #db: Database
  readonly #meta: Meta
  /** The place of each running job, by id. */
  readonly #running = new Map<string, number>()
  readonly #emptied = new Set<number>()
  readonly #prefixes = new Map<string, string>()
  /** Attempts begun in the group being built: one that also ends in it leaves no mark. */
  readonly #marks = new Map<string, Begin>()
  /** What this group has done to rows that were looked up before it: id or place to its row, null when gone. */
  #rows = new Map<string, Buffer | null>()

  constructor(db: Database, meta: Meta) {
    this.#db = db
    this.#meta = meta
  }

  isRunning(id: string): boolean {
    return this.#running.has(id)
  }

  /** A job that was found running when the store was opened. */
  found(job: JobRecord): void {
    this.#running.set(job.id, job.seq)
  }

  async write(changes: readonly Change[], sync: boolean): Promise<Answer[]> {
    await this.#lookUp(changes)
    const batch = this.#db.batch()
    const taken = new Map<string, number>()
    const answers = changes.map((change) => this.#apply(batch, change, taken))
    for (const begin of this.#marks.values()) {
      batch.put(markKey(begin.job.seq), pack([placeKey(begin.job), begin.startedAt]) as Buffer)
    }
    this.#marks.clear()
    for (const [key, number] of taken) batch.put(key, pack(number))
    const { counts } = this.#meta
    counts.running = this.#running.size
    batch.put(META_KEY, encodeMeta(this.#meta))
    await batch.write({ sync })
    return answers
  }

  /** Reads what the rarer changes have to know: whether an id is taken, whether a job still waits at its place. */
  async #lookUp(changes: readonly Change[]): Promise<void> {
    const keys: string[] = []
    for (const change of changes) {
      if (change.kind === 'insert' && change.unique) keys.push(idKey(change.job.id))
      else if ((change.kind === 'end' || change.kind === 'move') && !change.running)
        keys.push(placeKey(change.from))
      else if (change.kind === 'remove') keys.push(idKey(change.id))
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
        const prefix = this.#prefix(change.distributor)
        for (const seq of change.seqs) batch.del(outcomeKey(prefix, seq))
        this.#meta.counts.outcomes = Math.max(0, this.#meta.counts.outcomes - change.seqs.length)
        return 'ok'
      }
    }
  }

  #insert(batch: Batch, { job, unique, number }: Insert, taken: Map<string, number>): Answer {
    if (number !== null) {
      const key = takenKey(job.distributor, job.instance)
      taken.set(key, Math.max(number, taken.get(key) ?? 0))
    }
    const id = idKey(job.id)
    if (unique && this.#rows.get(id) != null) return 'duplicate'
    this.#put(batch, job)
    this.#meta.counts.waiting++
    return 'ok'
  }

  #begin(change: Begin): Answer {
    const { id, seq } = change.job
    if (this.#running.has(id) || this.#emptied.has(seq)) return 'stale'
    this.#running.set(id, seq)
    this.#marks.set(id, change)
    this.#meta.counts.waiting--
    return 'ok'
  }

  #move(batch: Batch, { from, running, to, outcome }: Move): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    this.#put(batch, to)
    this.#meta.counts.waiting++
    if (outcome !== null) this.#report(batch, outcome)
    return 'ok'
  }

  #end(batch: Batch, { from, running, outcome, keep }: End): Answer {
    if (!this.#leave(batch, from, running)) return 'stale'
    const id = idKey(from.id)
    if (keep === null) {
      batch.del(id)
      this.#seen(id, null)
    } else {
      const key = endedKey(keep.state, keep.finishedAt, from.seq)
      batch.put(key, encodeEnded(keep))
      batch.put(id, Buffer.from(key))
      this.#seen(id, Buffer.from(key))
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
    const key = placeKey(from)
    if (running) {
      if (this.#running.get(from.id) !== from.seq) return false
      this.#running.delete(from.id)
      if (!this.#marks.delete(from.id)) batch.del(markKey(from.seq))
    } else {
      if (this.#running.has(from.id) || this.#rows.get(key) == null) return false
      this.#rows.set(key, null)
      this.#emptied.add(from.seq)
      if (this.#emptied.size > REMEMBERED) {
        for (const oldest of this.#emptied) {
          this.#emptied.delete(oldest)
          break
        }
      }
      this.#meta.counts.waiting--
    }
    batch.del(key)
    return true
  }

  #put(batch: Batch, job: JobRecord): void {
    const key = placeKey(job)
    const row = encodeJob(job)
    batch.put(key, row)
    batch.put(idKey(job.id), Buffer.from(key))
    this.#seen(idKey(job.id), row)
    this.#seen(key, row)
  }

  /** Later changes of this group see what this one did, where it was looked up before the group. */
  #seen(key: string, row: Buffer | null): void {
    if (this.#rows.size > 0 && this.#rows.has(key)) this.#rows.set(key, row)
  }

  #report(batch: Batch, outcome: Outcome): void {
    batch.put(outcomeKey(this.#prefix(outcome.distributor), outcome.seq), encodeOutcome(outcome))
    this.#meta.counts.outcomes++
  }

  #prefix(distributor: string): string {
    let prefix = this.#prefixes.get(distributor)
    if (prefix === undefined) {
      prefix = outcomePrefix(distributor)
      this.#prefixes.set(distributor, prefix)
    }
    return prefix
  }
}
