import type { JobRecord, Outcome } from '../../job/record.js'
import type { Change } from '../contract.js'
import type { NoteName } from '../notes.js'
import { notesOfEnded } from '../records.js'
import type { Database } from './database.js'
import { idKey, isEndedKey, outcomeKey, outcomePrefix, placeKey } from './keys.js'
import type { Young } from './young.js'

/** Rows that are remembered as there. */
const KNOWN = 50_000

/** Numbers of places that were left, and reads that began, between two groups of changes or more. */
interface Left {
  readonly numbers: Set<number>
  reads: number
}

/**
 * What a group of changes has to know of rows, read before it: whether an id is taken, whether a job or an outcome that is
 * not young is there. And what needs no reading, for its row was written or handed out before.
 */
export class Rows {
  readonly #db: Database
  readonly #young: Young
  /** As this group leaves them: by key, null when gone. */
  readonly #rows = new Map<string, Buffer | null>()
  /** The same for places and outcomes, of which it matters only whether they are there. */
  readonly #there = new Map<string, boolean>()
  /** Numbers of places whose rows are there. */
  readonly #known = new Set<number>()
  /** Of rows that are gone, but that a read which is under way may still find; and how many reads there are. */
  #left: Left = { numbers: new Set(), reads: 0 }
  /** The same of before: gone when those reads have ended. */
  #leftBefore: Left = { numbers: new Set(), reads: 0 }
  readonly #prefixes = new Map<string, string>()

  constructor(db: Database, young: Young) {
    this.#db = db
    this.#young = young
  }

  /** Somebody begins to read rows of waiting jobs. Call what is answered once, with the jobs of the rows that were found. */
  reading(): (found: readonly JobRecord[]) => void {
    const begun = this.#left
    begun.reads++
    return (found) => {
      begun.reads--
      for (const { seq } of found) {
        if (!this.#left.numbers.has(seq) && !this.#leftBefore.numbers.has(seq)) this.#known.add(seq)
      }
    }
  }

  /** Before a group of changes, and after the one before it has been written. */
  async lookUp(changes: readonly Change[]): Promise<void> {
    if (this.#known.size > KNOWN) this.#known.clear()
    // What begins to read from now on does not find what the group before has emptied.
    if (this.#leftBefore.reads === 0) {
      this.#leftBefore = this.#left
      this.#left = { numbers: new Set(), reads: 0 }
    }
    const { rows, there } = this.#unknown(changes)
    this.#rows.clear()
    this.#there.clear()
    // Most groups are about what is young, and wait for nothing here.
    if (rows.length > 0) await this.#readIds(rows)
    if (there.length === 0) return
    const found = await this.#db.hasMany(there)
    for (const [i, key] of there.entries()) this.#there.set(key, found[i] === true)
  }

  /** A row that was looked up. */
  get(key: string): Buffer | null {
    return this.#rows.get(key) ?? null
  }

  /** The notes that go with the ended job of an id that was looked up; null when none is kept. */
  kept(id: string): readonly NoteName[] | null {
    const place = this.get(idKey(id))?.toString()
    const row = place !== undefined && isEndedKey(place) ? this.get(place) : null
    return row === null ? null : notesOfEnded(row)
  }

  /** Whether a job that is not young has its row at this place. */
  hasJob(job: JobRecord): boolean {
    return this.#known.has(job.seq) || this.#there.get(placeKey(job)) === true
  }

  hasOutcome(key: string): boolean {
    return this.#there.get(key) === true
  }

  // Later changes of this group see what this one did.

  /** Where the job of this id is; null: nowhere. */
  idNow(id: string, place: string | null): void {
    const key = idKey(id)
    if (this.#rows.size > 0 && this.#rows.has(key))
      this.#rows.set(key, place === null ? null : Buffer.from(place))
  }

  /** An ended job is kept in this row. */
  endedNow(key: string, row: Buffer): void {
    this.#rows.set(key, row)
  }

  jobNow(job: JobRecord, there: boolean): void {
    if (there) {
      this.#known.add(job.seq)
      return
    }
    this.#known.delete(job.seq)
    this.#left.numbers.add(job.seq)
    this.#thereNow(placeKey(job), false)
  }

  outcomeNow(key: string, there: boolean): void {
    this.#thereNow(key, there)
  }

  outcomeKey({ distributor, seq }: Pick<Outcome, 'distributor' | 'seq'>): string {
    let prefix = this.#prefixes.get(distributor)
    if (prefix === undefined) {
      prefix = outcomePrefix(distributor)
      this.#prefixes.set(distributor, prefix)
    }
    return outcomeKey(prefix, seq)
  }

  #thereNow(key: string, there: boolean): void {
    if (this.#there.size > 0 && this.#there.has(key)) this.#there.set(key, there)
  }

  /** Keys of rows that matter, and of which nothing is known. */
  #unknown(changes: readonly Change[]): { rows: string[]; there: string[] } {
    const rows: string[] = []
    const there: string[] = []
    // Places of this group itself: they can't have been there before it.
    const placed = new Set<number>()
    const old = (job: JobRecord) =>
      !placed.has(job.seq) && !this.#known.has(job.seq) && !this.#young.find(job)
    const look = (change: Change) => {
      switch (change.kind) {
        case 'insert':
          placed.add(change.job.seq)
          if (change.ownId) rows.push(idKey(change.job.id))
          break
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
            if (!this.#young.hasOutcome(distributor, seq)) there.push(this.outcomeKey({ distributor, seq }))
          }
          break
        }
        case 'together':
          change.changes.forEach(look)
      }
    }
    changes.forEach(look)
    return { rows, there }
  }

  /** Where the jobs are, and of those that have ended the rows, which say what goes with them. */
  async #readIds(keys: readonly string[]): Promise<void> {
    const places = await this.#read(keys)
    const ended = places.flatMap((place) => {
      const key = place?.toString()
      return key !== undefined && isEndedKey(key) ? [key] : []
    })
    if (ended.length > 0) await this.#read(ended)
  }

  async #read(keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    const rows = await this.#db.getMany(keys)
    for (const [i, key] of keys.entries()) this.#rows.set(key, rows[i] ?? null)
    return rows
  }
}
