import type { Change } from '../contract.js'
import { type Note, type NoteName, pathOf } from '../notes.js'
import type { Database } from './database.js'
import type { Groups } from './groups.js'
import type { JournalEntries } from './journal.js'
import { noteKey } from './keys.js'
import type { RowBatch } from './row-batch.js'
import type { Rows } from './rows.js'
import type { YoungLimits } from './young.js'

/** What no row says yet of a note. */
export interface YoungNote {
  /** Null: it is gone, and its row is not. */
  readonly value: Buffer | null
  /** The group that has written it. */
  readonly group: number
  /** Null: nobody has looked. */
  readonly hasRow: boolean | null
}

/**
 * Notes that have no rows of their own are young, as jobs are: in memory, and on disk in the journal. A group that changes rows
 * anyway gives its notes rows at once. What is young counts, whatever the row says.
 */
export class Notes {
  /** By path. In no order: whoever reads them sorts what he finds, of as many as memory is meant to hold. */
  readonly young = new Map<string, YoungNote>()
  /** Rows that have gone. */
  dropped = 0
  /** The log has notes that may not be on the disk. */
  unsynced = false
  readonly #db: Database
  readonly #groups: Groups
  readonly #limits: Pick<YoungLimits, 'notes' | 'noteBytes'>
  #bytes = 0
  /** Of rows as this group leaves them: their values, null where there is none; or whether there are any. */
  readonly #rows = new Map<string, Buffer | null>()
  readonly #there = new Map<string, boolean>()

  constructor(db: Database, groups: Groups, limits: Pick<YoungLimits, 'notes' | 'noteBytes'>) {
    this.#db = db
    this.#groups = groups
    this.#limits = limits
  }

  /** There are more than memory is meant to hold. */
  get areMany(): boolean {
    return this.young.size > this.#limits.notes || this.#bytes > this.#limits.noteBytes
  }

  /** Before a group of changes, and after `rows` has looked up what that needs. */
  async lookUp(changes: readonly Change[], rows: Pick<Rows, 'kept'>): Promise<void> {
    if (this.#rows.size > 0) this.#rows.clear()
    if (this.#there.size > 0) this.#there.clear()
    const wanted: Wanted = { values: [], there: [] }
    for (const change of changes) this.#want(change, rows, wanted)
    if (wanted.values.length > 0) {
      const found = await this.#db.getMany(wanted.values.map(noteKey))
      for (const [i, path] of wanted.values.entries()) this.#rows.set(path, found[i] ?? null)
    }
    if (wanted.there.length > 0) await this.lookFor(wanted.there)
  }

  /** The same of notes that are to go. */
  async lookFor(paths: readonly string[]): Promise<void> {
    const found = await this.#db.hasMany(paths.map(noteKey))
    for (const [i, path] of paths.entries()) this.#there.set(path, found[i] === true)
  }

  /** The value of a note that has been looked up; null when there is none. */
  get(name: NoteName): Buffer | null {
    const path = pathOf(name)
    const young = this.young.get(path)
    return young === undefined ? (this.#rows.get(path) ?? null) : young.value
  }

  write(batch: RowBatch, journal: JournalEntries, notes: readonly Note[]): void {
    for (const note of notes) this.#set(batch, journal, pathOf(note), note.value, note.isNew === true)
  }

  /** They go with a job that had ended. */
  drop(batch: RowBatch, journal: JournalEntries, names: readonly NoteName[]): void {
    for (const name of names) this.#set(batch, journal, pathOf(name), null, false)
  }

  /** Gives rows to those that this group or one before it has written; absent: to all. */
  giveRows(batch: RowBatch, journal: JournalEntries, last = Number.POSITIVE_INFINITY): void {
    for (const [path, { value, group }] of this.young) {
      if (group > last) continue
      this.#leave(path)
      journal.noteGone(path)
      if (value === null) this.#dropRow(batch, path)
      else batch.put(noteKey(path), value)
      this.#rows.set(path, value)
    }
  }

  /** The journal, which is being read again, has this. */
  found(path: string, value: Buffer | null): void {
    this.#leave(path)
    this.#enter(path, value, null)
  }

  foundGone(path: string): void {
    this.#leave(path)
  }

  #set(batch: RowBatch, journal: JournalEntries, path: string, value: Buffer | null, isNew: boolean): void {
    const young = this.#leave(path)
    const hasRow = young?.hasRow ?? this.#found(path) ?? (isNew ? false : null)
    if (batch.isEmpty && (value !== null || hasRow !== false)) {
      this.#enter(path, value, hasRow)
      journal.note(path, value)
      this.unsynced = true
      return
    }
    if (young !== undefined) {
      journal.noteGone(path)
      this.unsynced = true
    }
    if (value !== null) batch.put(noteKey(path), value)
    else if (hasRow !== false) this.#dropRow(batch, path)
    this.#rows.set(path, value)
  }

  /** Whether a row was found, or was not; null: nobody has looked. */
  #found(path: string): boolean | null {
    const value = this.#rows.get(path)
    return value === undefined ? (this.#there.get(path) ?? null) : value !== null
  }

  #dropRow(batch: RowBatch, path: string): void {
    this.dropped++
    batch.del(noteKey(path))
  }

  #enter(path: string, value: Buffer | null, hasRow: boolean | null): void {
    this.young.set(path, { value, group: this.#groups.enter(), hasRow })
    this.#bytes += path.length + (value === null ? 0 : value.length)
  }

  /** What it was; undefined when it is not young. */
  #leave(path: string): YoungNote | undefined {
    const young = this.young.get(path)
    if (young === undefined) return undefined
    this.young.delete(path)
    this.#bytes -= path.length + (young.value === null ? 0 : young.value.length)
    this.#groups.leave(young.group)
    return young
  }

  #want(change: Change, rows: Pick<Rows, 'kept'>, wanted: Wanted): void {
    if (change.kind === 'together') {
      for (const each of change.changes) this.#want(each, rows, wanted)
      return
    }
    const id =
      change.kind === 'remove' ? change.id : change.kind === 'insert' && change.ownId ? change.job.id : null
    const gone = id === null ? null : rows.kept(id)
    if (gone !== null) wanted.there.push(...gone.map(pathOf))
    if (change.notes === undefined) return
    // One that comes at the end of a job may be forgotten in the same group.
    const mayGo = change.kind === 'end' && change.keep !== null
    for (const note of change.notes) {
      if (note.unless === undefined && note.value !== null && !mayGo) continue
      const path = pathOf(note)
      if (note.unless !== undefined) wanted.values.push(path)
      else if ((this.young.get(path)?.hasRow ?? null) === null) wanted.there.push(path)
    }
  }
}

interface Wanted {
  /** Notes of which the value matters, and of which it matters whether they have rows. */
  readonly values: string[]
  readonly there: string[]
}
