import { unpack } from '../../bytes/codec.js'
import { keptAs } from '../../job/kept.js'
import { decodeEnded, decodeJob } from '../records.js'
import type { Database } from './database.js'
import { IDS, idKey, isEndedKey, jobsRange, MARKS, OUTCOMES } from './keys.js'
import { countLive, type Meta, noRows } from './meta.js'
import type { RowBatch } from './row-batch.js'

/** Rows that are read at once. */
const PART = 1000

/**
 * Where a batch is missing, a job that it had moved or ended has a row that nobody knows of: it would run beside the job
 * itself, or again and again. The row of its id is the one that counts. Answers what is to be logged.
 */
export async function mend(db: Database, batch: RowBatch, meta: Meta): Promise<string> {
  const rows = noRows()
  /** Keys of jobs that are removed: other rows may name them still. */
  const gone = new Set<string>()
  for await (const part of parts(db.rows(jobsRange(true)))) {
    const jobs = part.map(([key, row]) => {
      const ended = isEndedKey(key) ? decodeEnded(row) : null
      return { key, ended, job: ended?.job ?? decodeJob(row) }
    })
    const places = await db.getMany(jobs.map(({ job }) => idKey(job.id)))
    for (const [i, { key, ended, job }] of jobs.entries()) {
      if (places[i]?.toString() !== key) {
        batch.del(key)
        gone.add(key)
      } else if (ended !== null) rows[keptAs(ended)]++
      else countLive(rows, job.lane, 1)
    }
  }
  const ids = await withoutPlace(db, batch, gone, db.rows(IDS), (row) => row.toString())
  const marks = await withoutPlace(db, batch, gone, db.rows(MARKS), (row) => (unpack(row) as [string])[0])
  for await (const _ of db.rows(OUTCOMES)) rows.outcomes++
  Object.assign(meta.rows, rows)
  const left = gone.size + ids + marks
  return `a power cut has taken batches of the database and left later ones: ${left} rows that belong to nothing are removed`
}

/** Removes the rows of which the place that they name is not there, or is `gone`. */
async function withoutPlace(
  db: Database,
  batch: RowBatch,
  gone: ReadonlySet<string>,
  rows: AsyncIterable<readonly [string, Buffer]>,
  placeOf: (row: Buffer) => string,
): Promise<number> {
  let left = 0
  for await (const part of parts(rows)) {
    const places = part.map(([, row]) => placeOf(row))
    const there = await db.hasMany(places)
    for (const [i, [key]] of part.entries()) {
      if (there[i] === true && !gone.has(places[i] ?? '')) continue
      batch.del(key)
      left++
    }
  }
  return left
}

async function* parts(
  rows: AsyncIterable<readonly [string, Buffer]>,
): AsyncGenerator<(readonly [string, Buffer])[]> {
  let part: (readonly [string, Buffer])[] = []
  for await (const row of rows) {
    part.push(row)
    if (part.length < PART) continue
    yield part
    part = []
  }
  yield part
}
