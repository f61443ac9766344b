import type { Clock, Timer } from '../../clock.js'
import type { Database } from './database.js'
import { ROWS_THAT_GO } from './keys.js'

export interface CompactionLimits {
  /** Rows that have gone since the last time. */
  readonly rows: number
  /** Milliseconds without a write. */
  readonly idleMs: number
}

export const COMPACTION_LIMITS: CompactionLimits = { rows: 100_000, idleMs: 5000 }

/**
 * LevelDB does not remove a row but writes down that it is gone, until files are merged. A backlog that was worked off
 * leaves hundreds of thousands of such notes at the head of its lane, and whoever reads the lane from the front, as the
 * next start does, passes over all of them. So when many rows have gone, and nothing is written for a while, they are
 * merged away.
 */
export class Compaction {
  readonly #db: Database
  readonly #limits: CompactionLimits
  readonly #clock: Clock
  /** Rows that had gone when it last ran. */
  #done = 0
  #gone = 0
  #wroteAt = 0
  #timer: Timer | null = null
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(db: Database, limits: CompactionLimits, clock: Clock) {
    this.#db = db
    this.#limits = limits
    this.#clock = clock
  }

  /** Something was written; `gone` counts rows of jobs and notes that have gone since the store was opened. */
  wrote(gone: number): void {
    this.#gone = gone
    this.#wroteAt = this.#clock.mono()
    if (this.#timer === null && gone - this.#done >= this.#limits.rows) this.#arm(this.#limits.idleMs)
  }

  /** Resolves when nothing is being merged any more, and nothing will be. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) this.#timer.cancel()
    await this.#running
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.setTimer(ms, () => this.#look())
    this.#timer.unref()
  }

  #look(): void {
    this.#timer = null
    if (this.#stopped) return
    const idle = this.#clock.mono() - this.#wroteAt
    if (idle < this.#limits.idleMs) return this.#arm(this.#limits.idleMs - idle)
    this.#done = this.#gone
    // What goes wrong with the disk here, LevelDB says again at the next write, and there it counts.
    this.#running = this.#db.compactRange(ROWS_THAT_GO.gt, ROWS_THAT_GO.lt).catch(() => {})
  }
}
