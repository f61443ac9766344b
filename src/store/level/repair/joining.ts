import { unpack } from '../../../bytes/codec.js'
import { keptAs } from '../../../job/kept.js'
import { decodeEnded, decodeJob } from '../../records.js'
import type { Database } from '../database.js'
import { IDS, idKey, isEndedKey, jobsRange, MARKS, OUTCOMES } from '../keys.js'
import { countLive, noRows, type RowCounts } from '../meta.js'
import { RowBatch } from '../row-batch.js'

export interface Joined {
  readonly rows: RowCounts
  /** Ids of jobs of which only the id is left. */
  readonly lost: readonly string[]
}

/** Digits of the number at the end of a key: of two places of a job the later has the higher. */
const SEQ = 11

/** Rows that belong together find each other again: a job has one row, and the row of its id says where it is. */
export async function rejoin(db: Database): Promise<Joined> {
  for await (const [key, row] of db.rows(jobsRange(true))) {
    const { id } = jobIn(key, row)
    const place = (await db.get(idKey(id)))?.toString()
    if (place === key) continue
    const batch = new RowBatch(db)
    if (place === undefined || !(await isThere(db, place))) batch.put(idKey(id), Buffer.from(key))
    else if (place.slice(-SEQ) > key.slice(-SEQ)) batch.del(key)
    else batch.del(place).put(idKey(id), Buffer.from(key))
    await batch.write(false)
  }
  const lost: string[] = []
  for await (const [key, row] of db.rows(IDS)) {
    if (await isThere(db, row.toString())) continue
    lost.push(key.slice(1))
    await new RowBatch(db).del(key).write(false)
  }
  for await (const [key, row] of db.rows(MARKS)) {
    const [place] = unpack(row) as [string]
    if (!(await isThere(db, place))) await new RowBatch(db).del(key).write(false)
  }
  return { rows: await counted(db), lost }
}

async function counted(db: Database): Promise<RowCounts> {
  const rows = noRows()
  for await (const [key, row] of db.rows(jobsRange(true))) {
    if (isEndedKey(key)) rows[keptAs(decodeEnded(row))]++
    else countLive(rows, decodeJob(row).lane, 1)
  }
  for await (const _ of db.rows(OUTCOMES)) rows.outcomes++
  return rows
}

function jobIn(key: string, row: Buffer): { readonly id: string } {
  return isEndedKey(key) ? decodeEnded(row).job : decodeJob(row)
}

async function isThere(db: Database, place: string): Promise<boolean> {
  const [there] = await db.hasMany([place])
  return there === true
}
