import type { LevelDb } from '../database.js'
import type { Version } from '../leveldb/write-batch.js'

/** Rows that are written at once. */
const PART = 1000
const PUT = Buffer.from([1])
const GONE = Buffer.from([0])

/**
 * Rows as files have them, in any order, become rows as they are now: of those of one key the last counts. They go through
 * a LevelDB of their own, for there may be more than memory holds.
 */
export class Merge {
  readonly #scratch: LevelDb
  #batch: ReturnType<LevelDb['batch']>

  constructor(scratch: LevelDb) {
    this.#scratch = scratch
    this.#batch = scratch.batch()
  }

  async add({ key, sequence, row }: Version): Promise<void> {
    this.#batch.put(
      `${key}\0${sequence.toString(36).padStart(11, '0')}`,
      row === null ? GONE : Buffer.concat([PUT, row]),
    )
    if (this.#batch.length >= PART) await this.#write()
  }

  /** Each key, from its oldest version to its newest. */
  async *versions(): AsyncGenerator<readonly [key: string, row: Buffer | null]> {
    await this.#write()
    for await (const [key, value] of this.#scratch.iterator()) {
      yield [key.slice(0, -12), value[0] === PUT[0] ? value.subarray(1) : null]
    }
  }

  async #write(): Promise<void> {
    await this.#batch.write()
    this.#batch = this.#scratch.batch()
  }
}
