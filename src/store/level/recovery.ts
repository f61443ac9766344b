import { unpack } from '../../codec.js'
import type { Interrupted } from '../contract.js'
import { decodeJob } from '../records.js'
import type { Database } from './database.js'
import { GROUPS, groupOf, MARKS } from './keys.js'
import type { Writer } from './writer.js'
import type { Young } from './young.js'

/** Brings back what is young, and finds the jobs of which an attempt had begun. */
export async function recover(db: Database, young: Young, writer: Writer): Promise<Interrupted[]> {
  for await (const [key, row] of db.iterator(GROUPS)) young.replay(groupOf(key), row)
  young.replayed()
  const found: Interrupted[] = []
  for (const { key, seq, startedAt } of [...young.marks.values()]) {
    const row = await db.get(key)
    // The journal does not say that an attempt is over: its job has left this place then.
    if (row === undefined) young.unmark(seq)
    else found.push(interrupted(row, startedAt))
  }
  for await (const row of db.values(MARKS)) {
    const [key, startedAt] = unpack(row) as [string, number]
    const job = await db.get(key)
    if (job !== undefined) found.push(interrupted(job, startedAt))
  }
  for (const each of found) writer.found(each)
  return [...found, ...young.interrupted()].sort((a, b) => a.job.seq - b.job.seq)
}

/** `attempt` includes the one that had begun. */
function interrupted(row: Buffer, startedAt: number): Interrupted {
  const job = decodeJob(row)
  return { job: { ...job, attempt: job.attempt + 1 }, startedAt }
}
