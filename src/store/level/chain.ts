import { pack, unpack } from '../../bytes/codec.js'
import type { Database } from './database.js'
import { CHAIN, chainKey } from './keys.js'
import type { RowBatch } from './row-batch.js'

/** Batches of which it is known at the next opening whether one is missing: more than go to the disk in a minute. */
const LINKS = 65_536

/**
 * Without fsync a power cut may take a batch of LevelDB and leave some that came after it, and LevelDB does not say so.
 * So each has a number here, and the rows that the last of them have left show whether all are there.
 */
export class Chain {
  #next = 0

  link(batch: RowBatch): void {
    batch.put(chainKey(this.#next % LINKS), pack(this.#next))
    this.#next++
  }
}

/** Whether a batch is missing among those since the last opening. Its rows go with the given batch: a new chain begins. */
export async function isBroken(db: Database, batch: RowBatch): Promise<boolean> {
  let links = 0
  let last = -1
  for await (const [key, row] of db.rows(CHAIN)) {
    batch.del(key)
    links++
    last = Math.max(last, unpack(row) as number)
  }
  return links !== Math.min(last + 1, LINKS)
}
