import { nowOf } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { KeptAs } from '../../job/kept.js'
import type { Lane } from '../../job/lane.js'
import type { JobRecord, Outcome, Place, StoredJob } from '../../job/record.js'
import { type Surroundings, SYSTEM } from '../../surroundings.js'
import { messageOf } from '../../thrown.js'
import type {
  Answer,
  Change,
  Counts,
  LaneHead,
  ListPage,
  ListQuery,
  NoteRange,
  Opened,
  Shelf,
  Store,
  StoredNote,
} from '../contract.js'
import { COMPACTION_LIMITS, type CompactionLimits } from './compaction.js'
import { found as foundDamage, inWords } from './damage.js'
import { openParts, type Parts } from './parts.js'
import { prune } from './pruning.js'
import type { Reader } from './reader.js'
import { YOUNG_LIMITS, type YoungLimits } from './young.js'

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
      const { parts, opened } = await openParts({
        node,
        dir: this.#dir,
        fsync: this.#fsync,
        limits: this.#limits,
        tidy: this.#tidy,
        surroundings: this.#surroundings,
        onDamage: (damage) => this.#distrust(damage),
      })
      this.#poison = null
      this.#open = parts
      return opened
    } catch (error) {
      throw inWords(this.#dir, error)
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

  async notes(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]> {
    const { notes } = this.#opened()
    return this.#read(() => notes.page(shelf, range, limit))
  }

  async countNotes(shelf: Shelf, range: NoteRange): Promise<number> {
    const { notes } = this.#opened()
    return this.#read(() => notes.count(shelf, range))
  }

  async counts(): Promise<Counts> {
    return this.#opened().writer.counts
  }

  async prune(as: KeptAs, olderThan: number, keep: number): Promise<number> {
    return this.#noting(prune(this.#opened(), as, olderThan, keep))
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

  #opened(): Parts {
    if (this.#open === null) throw new JrError('JR_STORE_CLOSED', `the store in ${this.#dir} is not open`)
    return this.#open
  }
}
