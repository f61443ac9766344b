import { unpack } from '../../bytes/codec.js'
import { begun } from '../../job/record.js'
import type { Interrupted } from '../contract.js'
import { decodeJob } from '../records.js'
import type { Changes } from './changes.js'
import { type Database, missing } from './database.js'
import type { Groups } from './groups.js'
import { type JournalEntries, readJournal } from './journal.js'
import { GROUPS, groupOf, idKey, MARKS } from './keys.js'
import type { FoundGroup } from './log-opening.js'
import type { Notes } from './notes.js'
import type { Taken } from './taken.js'
import type { Young } from './young.js'

export interface RecoveryParts {
  readonly db: Database
  readonly young: Young
  readonly groups: Groups
  readonly notes: Notes
  readonly taken: Taken
  readonly changes: Changes
}

/** Brings back what is young, from the log and the groups that LevelDB has, and finds the jobs of which an attempt had begun. */
export async function recover(parts: RecoveryParts, log: readonly FoundGroup[]): Promise<Interrupted[]> {
  const { db, young, changes } = parts
  const journal: FoundGroup[] = [...log]
  for await (const [key, row] of db.rows(GROUPS)) journal.push({ segment: 0, group: groupOf(key), row })
  await replay(
    parts,
    journal.sort((a, b) => a.group - b.group),
  )
  await forgetOvertaken(parts)
  const found: Interrupted[] = []
  for (const { key, seq, startedAt } of [...young.marks.values()]) {
    const row = await db.get(key)
    // The journal does not say that an attempt is over: its job has left this place then.
    if (row === undefined) young.unmark(seq)
    else found.push(interrupted(row, startedAt))
  }
  for await (const [, row] of db.rows(MARKS)) {
    const [key, startedAt] = unpack(row) as [string, number]
    const job = await db.get(key)
    if (job === undefined) throw missing(key)
    found.push(interrupted(job, startedAt))
  }
  for (const each of found) changes.attempts.found(each)
  return [...found, ...young.interrupted()].sort((a, b) => a.job.seq - b.job.seq)
}

/** The rows are in the order of their groups. Throws JR_STORE_CORRUPT. */
async function replay(
  { young, groups, notes, taken }: RecoveryParts,
  journal: readonly FoundGroup[],
): Promise<void> {
  const ids = new Map<number, string>()
  const found = (seq: number) => young.find({ id: ids.get(seq) ?? '', seq })
  const lives: [string, string, number][] = []
  const into: JournalEntries = {
    insert: (job) => {
      // What says that it had left its place before may have gone with the power.
      const before = young.jobs.get(job.id)
      if (before !== undefined) young.take(before)
      // A view would keep the whole row.
      young.insert({ ...job, args: Buffer.from(job.args) })
      ids.set(job.seq, job.id)
    },
    begin: (seq, startedAt) => {
      const job = found(seq)
      if (job?.startedAt === 0) young.begin(job, startedAt)
    },
    gone: (seq) => {
      const job = found(seq)
      if (job !== undefined) young.take(job)
    },
    mark: (key, seq, startedAt) => young.mark(key, seq, startedAt),
    outcome: (outcome) =>
      young.outcome({ ...outcome, args: Buffer.from(outcome.args), error: Buffer.from(outcome.error) }),
    outcomeGone: (distributor, seq) => young.outcomeGone(distributor, seq),
    taken: (...life) => lives.push(life),
    note: (path, value) => notes.found(path, value === null ? null : Buffer.from(value)),
    noteGone: (path) => notes.foundGone(path),
  }
  for (const { group, row, segment } of journal) {
    groups.reach(group)
    readJournal(row, into)
    groups.written(groups.settle(row.length, segment))
  }
  for (const life of lives) await taken.found(...life)
}

/**
 * A power cut may take the end of the log, which was not on the disk, and leave what LevelDB was given after it. A job
 * that has a row then has gone on from where the log has it. That is written down: once the row has gone, nothing else
 * would say so.
 */
async function forgetOvertaken({ db, young, changes }: RecoveryParts): Promise<void> {
  const jobs = [...young.jobs.values()]
  const rows = await db.hasMany(jobs.map(({ job }) => idKey(job.id)))
  for (const [i, job] of jobs.entries()) if (rows[i] === true) changes.overtaken(job)
}

/** `attempt` includes the one that had begun. */
function interrupted(row: Buffer, startedAt: number): Interrupted {
  const job = decodeJob(row)
  return { job: begun(job), startedAt }
}
