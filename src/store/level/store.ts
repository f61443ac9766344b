import { join } from 'node:path'
import { nowOf } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { Lane } from '../../job/lane.js'
import { epochAt } from '../../job/numbers.js'
import type { JobRecord, Outcome, Place, StoredJob } from '../../job/record.js'
import type { TerminalState } from '../../job/states.js'
import { type Surroundings, SYSTEM } from '../../surroundings.js'
import { messageOf } from '../../thrown.js'
import type { Answer, Change, Counts, LaneHead, ListPage, ListQuery, Opened, Store } from '../contract.js'
import type { DirectoryLock } from '../directory-lock.js'
import { factsFor, gone, isEmpty, mendIfBroken, missingBatches } from './belonging.js'
import { COMPACTION_LIMITS, Compaction, type CompactionLimits } from './compaction.js'
import { found as foundDamage, inWords } from './damage.js'
import type { Database } from './database.js'
import { Groups } from './groups.js'
import { META_KEY } from './keys.js'
import { LateLook } from './late-look.js'
import type { Log, LogOptions } from './log.js'
import { openLog } from './log-opening.js'
import { writeMarker } from './marker.js'
import { decodeMeta, type Meta, newMeta } from './meta.js'
import { openDatabase } from './opening.js'
import { prune } from './pruning.js'
import { Reader } from './reader.js'
import { recover } from './recovery.js'
import { Rows } from './rows.js'
import { Taken } from './taken.js'
import { Witness } from './witness.js'
import { Writer } from './writer.js'
import { YOUNG_LIMITS, Young, type YoungLimits } from './young.js'

export interface LevelOptions {
  /** The folder for the data of one node; made when it is not there. On a local disk (ext4, xfs, APFS, NTFS). */
  readonly dir: string
  /**
   * `'fsync'` (default): what was accepted survives a power cut. `'os'`: it survives a killed process, not a power cut.
   */
  readonly durability?: 'fsync' | 'os'
}

/** Jobs in a LevelDB of this process: nothing to install, one node a folder. */
export function levelStore(options: LevelOptions, surroundings: Surroundings = SYSTEM): Store {
  return new LevelStore(options, YOUNG_LIMITS, COMPACTION_LIMITS, surroundings)
}

/** The same, with limits at which tests can see what happens. */
export function levelStoreWith(
  options: LevelOptions,
  young: YoungLimits,
  tidy: CompactionLimits = COMPACTION_LIMITS,
  surroundings: Surroundings = SYSTEM,
): Store {
  return new LevelStore(options, young, tidy, surroundings)
}

interface Parts {
  readonly db: Database
  readonly log: Log
  readonly witness: Witness
  readonly lateLook: LateLook
  readonly lock: DirectoryLock
  readonly meta: Meta
  readonly taken: Taken
  readonly writer: Writer
  readonly reader: Reader
  readonly compaction: Compaction
}

class LevelStore implements Store {
  readonly kind = 'level'
  /** A group is mostly an append to a file by this thread. */
  readonly busy = true
  readonly #dir: string
  readonly #fsync: boolean
  readonly #limits: YoungLimits
  readonly #tidy: CompactionLimits
  readonly #surroundings: Surroundings
  #open: Parts | null = null
  #poison: JrError | null = null

  constructor(
    { dir, durability = 'fsync' }: LevelOptions,
    young: YoungLimits,
    tidy: CompactionLimits,
    surroundings: Surroundings,
  ) {
    this.#limits = young
    this.#tidy = tidy
    this.#surroundings = surroundings
    this.#dir = dir
    this.#fsync = durability === 'fsync'
  }

  async open(node: string): Promise<Opened> {
    if (this.#open !== null) throw new JrError('JR_STORE_LOCKED', `the store in ${this.#dir} is open already`)
    try {
      return await this.#opening(node)
    } catch (error) {
      throw inWords(this.#dir, error)
    }
  }

  async #opening(node: string): Promise<Opened> {
    const dir = this.#dir
    const { clock } = this.#surroundings
    const { db, lock, marker, notes, unseen } = await openDatabase(dir, node)
    let log: Log | null = null
    let witness: Witness | null = null
    try {
      const before = await this.#known(db, node, marker === null)
      const facts = factsFor(dir, marker !== null)
      const options: LogOptions = {
        dir: join(dir, 'log'),
        size: this.#limits.segment,
        fsync: this.#fsync,
        onSynced: () => witness?.more(),
      }
      const found = openLog(options, before.log, facts, marker?.synced)
      log = found.log
      if (marker === null && !isEmpty(before, found.records)) throw gone(join(dir, 'node.json'))
      const missing = missingBatches(before, facts, found.records)
      // The next epoch is on disk before anything is numbered by it: with the checkpoint.
      const meta: Meta = { ...before, epoch: nextEpoch(before.epoch, clock.now()) }
      const mended = await mendIfBroken(db, meta)
      const groups = new Groups(this.#limits.bytes)
      const young = new Young(this.#limits, groups)
      const rows = new Rows(db, young)
      const taken = new Taken(db)
      const onBatch = () => witness?.more()
      const writer = new Writer({ db, log, meta, young, groups, rows, taken, clock, onBatch })
      const { changes } = writer
      const interrupted = await recover({ db, young, groups, taken, changes }, found.records)
      await writer.checkpoint()
      witness = Witness.open(dir, clock, () => ({
        segment: found.log.current,
        synced: found.log.synced,
        batch: writer.certain,
      }))
      if (marker?.synced !== this.#fsync) writeMarker(dir, { node, synced: this.#fsync })
      const reader = new Reader({ db, young, changes, rows })
      const compaction = new Compaction(db, this.#tidy, clock)
      const lateLook = new LateLook(unseen, clock, (damage) => this.#distrust(damage))
      this.#poison = null
      this.#open = { db, log, witness, lateLook, lock, meta, taken, writer, reader, compaction }
      const all = [...notes, ...missing, ...mended, ...found.notes]
      return { id: meta.id, epoch: meta.epoch, interrupted, notes: all }
    } catch (error) {
      witness?.close()
      await log?.close()
      await db.close()
      await lock.release()
      throw error
    }
  }

  async commit(
    changes: readonly Change[],
    durable: boolean,
    onWritten?: (answers: readonly Answer[]) => void,
  ): Promise<readonly Answer[]> {
    const { writer, compaction } = this.#opened()
    if (this.#poison !== null) throw this.#poison
    try {
      const answers = await writer.write(changes, durable && this.#fsync, onWritten)
      compaction.wrote(writer.changes.dropped)
      return answers
    } catch (cause) {
      const error = this.#found(cause)
      // After one failed append LevelDB takes further writes that are not there when it is opened again.
      const text = `writing to ${this.#dir} failed: ${messageOf(cause)}`
      this.#poison = error instanceof JrError ? error : new JrError('JR_STORE', text, { cause })
      throw this.#poison
    }
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    return this.#read((reader) => reader.waiting(lane, after, limit, maxBytes))
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    return this.#read((reader) => reader.lanes(after, limit))
  }

  async load(id: string): Promise<StoredJob | null> {
    return this.#read((reader) => reader.load(id, nowOf(this.#surroundings.clock)))
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#read((reader) => reader.page(query, nowOf(this.#surroundings.clock)))
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    return this.#read((reader) => reader.outcomes(distributor, after, limit, maxBytes))
  }

  async taken(distributor: string, instance: string): Promise<number> {
    const { taken } = this.#opened()
    return this.#noting(taken.number(distributor, instance))
  }

  async counts(): Promise<Counts> {
    return this.#opened().writer.counts
  }

  async prune(state: TerminalState, olderThan: number, keep: number): Promise<number> {
    return this.#noting(prune(this.#opened(), state, olderThan, keep))
  }

  async close(): Promise<void> {
    const open = this.#open
    if (open === null) return
    this.#open = null
    try {
      await open.compaction.stop()
      await open.lateLook.stop()
      await open.writer.idle()
      await open.log.close()
      open.witness.close()
      await open.db.close()
    } finally {
      await open.lock.release()
    }
  }

  #read<Result>(begin: (reader: Reader) => Promise<Result>): Promise<Result> {
    const { reader, writer } = this.#opened()
    return this.#noting(writer.read(() => begin(reader)))
  }

  /** What is found damaged is written down. */
  async #noting<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } catch (error) {
      throw this.#found(error)
    }
  }

  /** Nothing is written from now on. */
  #distrust(damage: string): void {
    const error = this.#found(new JrError('JR_STORE_CORRUPT', damage))
    if (error instanceof JrError) this.#poison ??= error
  }

  #found(error: unknown): unknown {
    return foundDamage(this.#dir, error, this.#surroundings.clock.now())
  }

  /** What the store has known of itself so far. */
  async #known(db: Database, node: string, isNew: boolean): Promise<Meta> {
    const row = await db.get(META_KEY)
    if (row === undefined && !isNew) {
      throw new JrError('JR_STORE_CORRUPT', `${join(this.#dir, 'db')} is empty, although a node has used it`)
    }
    const meta = row === undefined ? newMeta(this.#surroundings.chance.id(), node) : decodeMeta(row)
    if (meta.node === node) return meta
    throw new JrError('JR_BAD_CONFIG', `${this.#dir} belongs to node '${meta.node}', not '${node}'`)
  }

  #opened(): Parts {
    if (this.#open === null) throw new JrError('JR_STORE_CLOSED', `the store in ${this.#dir} is not open`)
    return this.#open
  }
}

/** By the clock, so that it does not come again from a backup; counted on from the last where the clock was set back. */
function nextEpoch(last: number, now: number): number {
  const time = epochAt(now)
  return time > last ? time : last + 1
}
