import type { Clock } from '../../clock.js'
import type { Answer, Change, Counts } from '../contract.js'
import { type NoteName, pathOf } from '../notes.js'
import { Chain } from './chain.js'
import { Changes } from './changes.js'
import type { Database } from './database.js'
import type { Groups } from './groups.js'
import { JournalWriter } from './journal.js'
import { groupKey, META_KEY } from './keys.js'
import type { Log } from './log.js'
import { encodeMeta, type Meta } from './meta.js'
import type { Notes } from './notes.js'
import { RowBatch } from './row-batch.js'
import type { Rows } from './rows.js'
import type { Taken } from './taken.js'
import { begunIn, Unhurried } from './unhurried.js'
import type { Young } from './young.js'

/** So many groups that LevelDB has, or bytes of them, and what is no longer needed of the journal goes. */
const GROUP_ROWS = 256
const GROUP_BYTES = 4 * 1024 * 1024
/** Lives of distributors of which only the log has the last number. */
const LIVES = 1000

export interface WriterParts {
  readonly db: Database
  readonly log: Log
  readonly meta: Meta
  readonly young: Young
  readonly groups: Groups
  readonly rows: Rows
  readonly notes: Notes
  readonly taken: Taken
  readonly clock: Clock
  /** One more is on the disk. */
  readonly onBatch: () => void
}

/** What has been written of a group. */
interface Placed {
  readonly answers: Answer[]
  /** Null when it has left nothing in the journal. */
  readonly group: number | null
  /** It was appended to the log, and has to be on the disk. */
  readonly toSync: boolean
}

/**
 * Writes groups of changes, one after the other. A group that changes no rows is appended to the log. Any other is one
 * batch of LevelDB, its part of the journal included, so that no group can be there in part. While the disk works on
 * one group, those that follow and need not be on the disk may be appended.
 */
export class Writer {
  readonly changes: Changes
  readonly #parts: WriterParts
  readonly #journal = new JournalWriter()
  readonly #chain = new Chain()
  readonly #unhurried: Unhurried
  /** Resolves when the group before has been written, so that the next may be looked at; also when it could not be. */
  #turn: Promise<unknown> = Promise.resolve()
  #failure: { readonly cause: unknown } | null = null
  /** All groups so far are as safe as they were to be. */
  #settled: Promise<unknown> = Promise.resolve()
  /** Since the journal was last cleared up: groups that LevelDB has, and their bytes. */
  #groupRows = 0
  #groupBytes = 0
  /** The last batch that is on the disk for certain. */
  #certain: number

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#certain = parts.meta.batch
    const { young, rows, notes, taken, meta, log, clock } = parts
    const books = { young, rows, notes, taken, counts: meta.rows, journal: this.#journal }
    this.changes = new Changes(books)
    this.#unhurried = new Unhurried(log, (job) => !young.jobs.has(job), clock)
  }

  /**
   * Resolves when they are written, and all before them; with `sync`, when all that is on the disk. `onWritten` is called
   * when they have to wait for the disk: what is written is in the hands of the operating system.
   */
  write(
    changes: readonly Change[],
    sync: boolean,
    onWritten?: (answers: readonly Answer[]) => void,
  ): Promise<Answer[]> {
    const placed = this.inTurn(() => this.#place(changes, sync))
    const settled = this.#settle(changes, placed, this.#settled, onWritten)
    this.#settled = settled
    return settled
  }

  async #settle(
    changes: readonly Change[],
    placed: Promise<Placed>,
    before: Promise<unknown>,
    onWritten: ((answers: readonly Answer[]) => void) | undefined,
  ): Promise<Answer[]> {
    const { groups, log } = this.#parts
    const { answers, group, toSync } = await placed
    if (onWritten !== undefined && log.fsync) {
      if (group !== null) groups.written(group)
      onWritten(answers)
    }
    // To ask another thread for it costs this one a waking: who waits for an outcome comes first.
    if (toSync) await (onWritten === undefined ? log.sync() : this.#sync(changes))
    await before
    if (group !== null) groups.written(group)
    return answers
  }

  /** Nothing else is written while this is. After a failure nothing is written any more. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(() => {
      if (this.#failure !== null) throw this.#failure.cause
      return work()
    })
    this.#turn = done.catch((cause) => {
      this.#failure ??= { cause }
    })
    return done
  }

  /** Begins to read when no group is half written: what it makes a row of a young job is in neither place then. */
  async read<Result>(begin: () => Promise<Result>): Promise<Result> {
    const begun = this.#turn.then(() => ({ found: begin() }))
    this.#turn = begun
    return (await begun).found
  }

  /** Resolves when all that was to be written, and to be on the disk, is; or can't be, as whoever wrote it is told. */
  async idle(): Promise<void> {
    await this.#turn
    await this.#settled.catch(() => {})
  }

  /** Clears up the journal, and begins another segment of the log. All that is on the disk when it resolves. */
  async checkpoint(): Promise<void> {
    await this.inTurn(() => this.#toRows(new RowBatch(this.#parts.db), this.#journal.take(), true, true))
  }

  /** Jobs that have ended are kept no longer: work for `inTurn`. */
  async forget(ended: readonly { key: string; id: string; notes: readonly NoteName[] }[]): Promise<void> {
    const { db, notes, groups } = this.#parts
    await notes.lookFor(ended.flatMap((each) => each.notes.map(pathOf)))
    const batch = new RowBatch(db)
    for (const { key, id, notes: gone } of ended) this.changes.forget(batch, id, key, gone)
    const group = await this.#toRows(batch, this.#journal.take(), false, false)
    if (group !== null) groups.written(group)
  }

  /**
   * What the store knows of itself goes with each batch. With fsync, also a batch that need not be on the disk waits for
   * it: a power cut may take one that does not, and leave those after it. Without, that is seen at the next opening.
   */
  async #writeRows(batch: RowBatch, sync: boolean): Promise<void> {
    const { log, meta, onBatch } = this.#parts
    meta.batch++
    if (meta.log.newest === log.current) meta.log = { ...meta.log, synced: log.synced }
    batch.put(META_KEY, encodeMeta(meta))
    if (!log.fsync) this.#chain.link(batch)
    await batch.write(sync || log.fsync)
    if (!log.fsync) return
    this.#certain = meta.batch
    onBatch()
  }

  get certain(): number {
    return this.#certain
  }

  get counts(): Counts {
    const { meta, young } = this.#parts
    const { live, outcomes, completed, result, failed, cancelled } = meta.rows
    const running = young.running + this.changes.attempts.size
    return {
      waiting: live + young.jobs.size - running,
      running,
      completed: completed + result,
      failed,
      cancelled,
      outcomes: outcomes + young.outcomeCount,
    }
  }

  async #place(changes: readonly Change[], sync: boolean): Promise<Placed> {
    const { db, log, groups, rows, notes, taken } = this.#parts
    await rows.lookUp(changes)
    await notes.lookUp(changes, rows)
    await taken.lookUp(changes)
    const batch = new RowBatch(db)
    const answers = this.changes.apply(batch, changes)
    const crowded = this.changes.makeRoom(batch)
    const toRows = !batch.isEmpty || taken.ahead > LIVES
    if (!toRows) taken.writeTo(this.#journal)
    const row = this.#journal.take()
    const fits = row === null || log.hasRoomFor(row.length)
    if (toRows || !fits) {
      const full = !fits && log.takes(row.length)
      const clear = crowded || full || this.#groupRows >= GROUP_ROWS || this.#groupBytes >= GROUP_BYTES
      return { answers, group: await this.#toRows(batch, row, sync, clear), toSync: false }
    }
    const group = row === null ? null : groups.settle(row.length, log.current)
    if (row !== null && group !== null) log.append(group, row, this.#certain)
    return { answers, group, toSync: sync }
  }

  /** Of a group whose outcomes have been told. */
  #sync(changes: readonly Change[]): Promise<void> {
    const jobs = begunIn(changes, this.#parts.young)
    return jobs === null ? this.#parts.log.sync() : this.#unhurried.sync(jobs)
  }

  /** One batch of LevelDB. Answers the number of the group, when the journal has a part of it. */
  async #toRows(batch: RowBatch, row: Buffer | null, sync: boolean, clear: boolean): Promise<number | null> {
    const { log, meta, groups, notes, taken } = this.#parts
    let group: number | null = null
    // What it says of groups before it does not matter when there are none.
    if (row !== null && !(groups.leavesNothing && groups.isEmpty)) {
      group = groups.settle(row.length, 0)
      batch.put(groupKey(group), row)
      this.#groupRows++
      this.#groupBytes += row.length
    }
    taken.writeRows(batch)
    // What is removed here is no longer needed because of what the log says: that has to be on the disk before. Also
    // without fsync: else jobs that ended long ago would be there again, or such as were accepted long ago would not.
    const logged = sync && !clear ? log.sync() : null
    // What rows say of notes stands on what the log says.
    if (notes.unsynced && log.fsync && !clear) await log.sync()
    notes.unsynced = false
    if (clear) {
      log.seal()
      await log.sync()
      const { rows, oldest } = groups.release()
      for (const number of rows) batch.del(groupKey(number))
      // It is on the disk before LevelDB names it: when it is not there, it has gone.
      log.next()
      await log.sync()
      meta.log = { oldest: oldest ?? log.current, newest: log.current, synced: log.synced }
    }
    await Promise.all([this.#writeRows(batch, sync || clear), logged])
    if (!clear) return group
    this.#groupRows = 0
    this.#groupBytes = 0
    log.free(meta.log.oldest)
    return group
  }
}
