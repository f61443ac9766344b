import type { ClassicLevel, KeyIterator } from 'classic-level'
import { JrError } from '../../errors.js'
import { checksum } from './checksum.js'

export type LevelDb = ClassicLevel<string, Buffer>
type Batch = ReturnType<LevelDb['batch']>
export type Snapshot = ReturnType<LevelDb['snapshot']>

/** Keys, between these: behind `gt`, or from `gte` on. */
export interface KeyRange {
  readonly gt?: string
  readonly gte?: string
  readonly lt: string
  readonly limit?: number
  /** Absent: as they are now. */
  readonly snapshot?: Snapshot
}

/** Bytes of a checksum, behind each row. */
const SUM = 4
/** Rows that are read at once, where nobody says how many. */
const PART = 1000

/**
 * The rows of a LevelDB. LevelDB reads tables without looking at their checksums, so each row has one of ours, which is
 * looked at whenever it is read. Every verb that reads rejects with JR_STORE_CORRUPT where it is wrong.
 */
export class Database {
  readonly #db: LevelDb

  constructor(db: LevelDb) {
    this.#db = db
  }

  async get(key: string, snapshot?: Snapshot): Promise<Buffer | undefined> {
    const row = await this.#db.get(key, snapshot === undefined ? {} : { snapshot })
    return row === undefined ? undefined : this.#checked(key, row)
  }

  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    const rows = await this.#db.getMany([...keys])
    return rows.map((row, i) => (row === undefined ? undefined : this.#checked(keys[i] as string, row)))
  }

  /** Whether there are rows; they are not read. */
  hasMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#db.hasMany([...keys])
  }

  /** In the order of their keys; so many are read at once. */
  async *rows(range: KeyRange, part = PART): AsyncGenerator<readonly [key: string, row: Buffer]> {
    const iterator = this.#db.iterator(range)
    try {
      for (let found = await iterator.nextv(part); found.length > 0; found = await iterator.nextv(part)) {
        for (const [key, row] of found) yield [key, this.#checked(key, row)]
      }
    } catch (cause) {
      throw corruptionOf(cause, this.#db.location)
    } finally {
      await iterator.close()
    }
  }

  /** Keys alone. What is wrong with one is found when its row is read. */
  keys(range: KeyRange): Keys {
    return new Keys(this.#db.keys<string>(range), this.#db.location)
  }

  snapshot(): Snapshot {
    return this.#db.snapshot()
  }

  batch(): Batch {
    return this.#db.batch()
  }

  compactRange(from: string, to: string): Promise<void> {
    return this.#db.compactRange(from, to)
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  #checked(key: string, row: Buffer): Buffer {
    const checked = withoutSum(key, row)
    if (checked !== null) return checked
    throw new JrError(
      'JR_STORE_CORRUPT',
      `${this.#db.location}: the row ${JSON.stringify(key)} is not what was written`,
    )
  }
}

/** A walk over keys, in their order, that may leap forward. */
export class Keys {
  readonly #iterator: KeyIterator<LevelDb, string>
  readonly #place: string

  constructor(iterator: KeyIterator<LevelDb, string>, place: string) {
    this.#iterator = iterator
    this.#place = place
  }

  /** The next ones, at most so many; none: there are no more. */
  async next(most: number): Promise<string[]> {
    try {
      return await this.#iterator.nextv(most)
    } catch (cause) {
      throw corruptionOf(cause, this.#place)
    }
  }

  /** The next one is this, or the first behind it. */
  seek(key: string): void {
    this.#iterator.seek(key)
  }

  close(): Promise<void> {
    return this.#iterator.close()
  }
}

/** Of a row that another row names: both are written, and removed, in one batch. */
export function missing(key: string): JrError {
  return new JrError(
    'JR_STORE_CORRUPT',
    `the row ${JSON.stringify(key)} is not there, and another row names it`,
  )
}

/** As it is stored. */
export function withSum(key: string, row: Buffer): Buffer {
  const { length } = row
  const summed = Buffer.allocUnsafe(length + SUM)
  row.copy(summed)
  summed.writeUInt32LE(checksum(key, row, length), length)
  return summed
}

/** What was stored; null when it is not that any more. */
export function withoutSum(key: string, summed: Buffer): Buffer | null {
  const length = summed.length - SUM
  if (length < 0 || summed.readUInt32LE(length) !== checksum(key, summed, length)) return null
  return summed.subarray(0, length)
}

/** What LevelDB finds to be damaged while it reads. */
export function corruptionOf(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error
  const cause = error.cause instanceof Error ? error.cause : error
  if ((cause as { code?: string }).code !== 'LEVEL_CORRUPTION') return error
  return new JrError('JR_STORE_CORRUPT', `${place} is damaged: ${cause.message}`, { cause })
}
