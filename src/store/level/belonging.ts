import { join } from 'node:path'
import { JrError } from '../../errors.js'
import { isBroken } from './chain.js'
import type { Database } from './database.js'
import { META_KEY } from './keys.js'
import type { FoundRecord } from './log-opening.js'
import { mend } from './mending.js'
import { encodeMeta, type Meta } from './meta.js'
import { RowBatch } from './row-batch.js'
import { type Facts, readWitness } from './witness.js'

// Whether the parts of a store that is being opened belong together: LevelDB, the log, and the files beside them.

/** Rows that a power cut has left without those that belong to them. All is on the disk when it resolves. */
export async function mendIfBroken(db: Database, meta: Meta): Promise<string[]> {
  const batch = new RowBatch(db)
  const notes = (await isBroken(db, batch)) ? [await mend(db, batch, meta)] : []
  if (batch.isEmpty) return []
  batch.put(META_KEY, encodeMeta(meta))
  await batch.write(true)
  return notes
}

/** Throws JR_STORE_CORRUPT when they must be there, and are not. */
export function factsFor(dir: string, mustBeThere: boolean): Facts | null {
  const facts = readWitness(dir)
  if (facts === null && mustBeThere) throw gone(join(dir, 'safe'))
  if (facts === 'damaged')
    throw new JrError('JR_STORE_CORRUPT', `${join(dir, 'safe')} is not what was written`)
  return facts
}

export function isEmpty({ rows }: Meta, records: readonly FoundRecord[]): boolean {
  return records.length === 0 && Object.values(rows).every((count) => count === 0)
}

export function gone(file: string): JrError {
  return new JrError('JR_STORE_CORRUPT', `${file} is not there`)
}

/**
 * What LevelDB has lost from its end, in words. Throws JR_STORE_CORRUPT when the log has what came after it: not the end
 * is missing then, but something in the middle.
 */
export function missingBatches(
  meta: Meta,
  facts: Facts | null,
  records: readonly Pick<FoundRecord, 'batch'>[],
): string[] {
  const later = records.find(({ batch }) => batch > meta.batch)
  if (later !== undefined) {
    const text = `LevelDB has ${meta.batch} batches, and the log has what came after batch ${later.batch}`
    throw new JrError('JR_STORE_CORRUPT', text)
  }
  const count = (facts?.batch ?? 0) - meta.batch
  return count > 0 ? [`LevelDB is cut off: its last ${count} batches, which were on the disk, are gone`] : []
}
