import { unpack } from '../../codec.js'
import { JrError } from '../../errors.js'
import { newId } from '../../job/id.js'
import type { JobRecord, Lane, Outcome, Place } from '../../job/record.js'
import type { TerminalState } from '../../job/states.js'
import type { Answer, Change, Counts, ListPage, ListQuery, Opened, Store, StoredJob } from '../contract.js'
import type { DirectoryLock } from '../directory-lock.js'
import { decodeEnded } from '../records.js'
import { COMPACTION_LIMITS, Compaction, type CompactionLimits } from './compaction.js'
import { type Database, openDatabase, writeMarker } from './database.js'
import { endedBefore, endedPrefix, idKey, META_KEY, takenKey } from './keys.js'
import { decodeMeta, encodeMeta, type Meta, noCounts } from './meta.js'
import { Reader } from './reader.js'
import { recover } from './recovery.js'
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
export function levelStore(options: LevelOptions): Store {
  return new LevelStore(options, YOUNG_LIMITS, COMPACTION_LIMITS)
}

/** The same, with limits at which tests can see what happens. */
export function levelStoreWith(
  options: LevelOptions,
  young: YoungLimits,
  tidy: CompactionLimits = COMPACTION_LIMITS,
): Store {
  return new LevelStore(options, young, tidy)
}

const PRUNED_AT_ONCE = 1000

interface Parts {
  readonly db: Database
  readonly lock: DirectoryLock
  readonly meta: Meta
  readonly writer: Writer
  readonly reader: Reader
  readonly compaction: Compaction
}

class LevelStore implements Store {
  readonly kind = 'level'
  readonly #dir: string
  readonly #sync: boolean
  readonly #limits: YoungLimits
  readonly #tidy: CompactionLimits
  #open: Parts | null = null
  #poison: JrError | null = null

  constructor({ dir, durability = 'fsync' }: LevelOptions, young: YoungLimits, tidy: CompactionLimits) {
    this.#limits = young
    this.#tidy = tidy
    this.#dir = dir
    this.#sync = durability === 'fsync'
  }

  async open(node: string): Promise<Opened> {
    if (this.#open !== null) throw new JrError('JR_STORE_LOCKED', `the store in ${this.#dir} is open already`)
    const { db, lock, isNew, notes } = await openDatabase(this.#dir, node)
    try {
      const meta = await this.#begin(db, node, isNew)
      if (isNew) writeMarker(this.#dir, node)
      const young = new Young(this.#limits)
      const writer = new Writer(db, meta, young)
      const interrupted = await recover(db, young, writer)
      const reader = new Reader(db, young, writer)
      const compaction = new Compaction(db, this.#tidy)
      this.#open = { db, lock, meta, writer, reader, compaction }
      this.#poison = null
      return { id: meta.id, epoch: meta.epoch, interrupted, notes }
    } catch (error) {
      await db.close()
      await lock.release()
      throw error
    }
  }

  async commit(changes: readonly Change[], durable: boolean): Promise<readonly Answer[]> {
    const { writer, compaction } = this.#opened()
    if (this.#poison !== null) throw this.#poison
    try {
      const answers = await writer.write(changes, durable && this.#sync)
      compaction.wrote(writer.dropped)
      return answers
    } catch (cause) {
      // After one failed append LevelDB takes further writes that are not there when it is opened again.
      const text = `writing to ${this.#dir} failed: ${cause instanceof Error ? cause.message : String(cause)}`
      this.#poison = cause instanceof JrError ? cause : new JrError('JR_STORE', text, { cause })
      throw this.#poison
    }
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    return this.#opened().reader.waiting(lane, after, limit, maxBytes)
  }

  async load(id: string): Promise<StoredJob | null> {
    return this.#opened().reader.load(id, Date.now())
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#opened().reader.page(query, Date.now())
  }

  async outcomes(distributor: string, after: number, limit: number): Promise<Outcome[]> {
    return this.#opened().reader.outcomes(distributor, after, limit)
  }

  async taken(distributor: string, instance: string): Promise<number> {
    const row = await this.#opened().db.get(takenKey(distributor, instance))
    return row === undefined ? 0 : (unpack(row) as number)
  }

  async counts(): Promise<Counts> {
    return { ...this.#opened().meta.counts }
  }

  async prune(state: TerminalState, olderThan: number, keep: number): Promise<number> {
    const { db, meta } = this.#opened()
    const { counts } = meta
    let pruned = 0
    const drop = async (lt: string, most: number) => {
      for (let left = most; left > 0; ) {
        const batch = db.batch()
        const limit = Math.min(left, PRUNED_AT_ONCE)
        let found = 0
        for await (const [key, row] of db.iterator({ gt: endedPrefix(state), lt, limit })) {
          batch.del(key).del(idKey(decodeEnded(row).job.id))
          found++
        }
        counts[state] = Math.max(0, counts[state] - found)
        batch.put(META_KEY, encodeMeta(meta))
        await batch.write()
        pruned += found
        left -= found
        if (found < limit) return
      }
    }
    await drop(endedBefore(state, olderThan), Number.POSITIVE_INFINITY)
    await drop(`${endedPrefix(state)}~`, Math.max(0, counts[state] - keep))
    return pruned
  }

  async close(): Promise<void> {
    const open = this.#open
    if (open === null) return
    this.#open = null
    try {
      await open.compaction.stop()
      await open.db.close()
    } finally {
      await open.lock.release()
    }
  }

  /** The next epoch is on disk before anything is numbered by it. */
  async #begin(db: Database, node: string, isNew: boolean): Promise<Meta> {
    const row = await db.get(META_KEY)
    if (row === undefined && !isNew) {
      const text = `${this.#dir}: the database is empty, although a node has used it. Restore a backup, or remove the directory`
      throw new JrError('JR_STORE_CORRUPT', text)
    }
    const before =
      row === undefined ? { id: newId(), node, epoch: 0, counts: noCounts(), backlog: 0 } : decodeMeta(row)
    if (before.node !== node) {
      throw new JrError('JR_BAD_CONFIG', `${this.#dir} belongs to node '${before.node}', not '${node}'`)
    }
    const meta: Meta = { ...before, epoch: before.epoch + 1 }
    await db.put(META_KEY, encodeMeta(meta), { sync: true })
    return meta
  }

  #opened(): Parts {
    if (this.#open === null) throw new JrError('JR_STORE_CLOSED', `the store in ${this.#dir} is not open`)
    return this.#open
  }
}
