import { unpack } from '../../codec.js'
import type { EndedJob, JobRecord, Lane, Outcome, Place } from '../../job/record.js'
import { isTerminal, waitingState } from '../../job/states.js'
import type { Interrupted, ListPage, ListQuery, StoredJob } from '../contract.js'
import type { Database } from './database.js'
import {
  endedPrefix,
  idKey,
  isEndedKey,
  jobsRange,
  laneRange,
  markKey,
  outcomeKey,
  outcomePrefix,
} from './keys.js'
import { decodeEnded, decodeJob, decodeOutcome } from './rows.js'

/** Rows looked at for one page of a list, so that a filter that nothing meets costs no unbounded scan. */
const LOOKED_AT = 10_000

export async function readInterrupted(db: Database): Promise<Interrupted[]> {
  const found: Interrupted[] = []
  for await (const [, row] of db.iterator({ gt: 'a', lt: 'b' })) {
    const [key, startedAt] = unpack(row) as [string, number]
    const jobRow = await db.get(key)
    if (jobRow === undefined) continue
    const job = decodeJob(jobRow)
    found.push({ job: { ...job, attempt: job.attempt + 1 }, startedAt })
  }
  return found
}

export async function readWaiting(
  db: Database,
  lane: Lane,
  after: Place | null,
  limit: number,
  maxBytes: number,
  isRunning: (id: string) => boolean,
): Promise<JobRecord[]> {
  const jobs: JobRecord[] = []
  let bytes = 0
  for await (const row of db.values(laneRange(lane, after))) {
    const job = decodeJob(row)
    if (isRunning(job.id)) continue
    jobs.push(job)
    bytes += job.args.length
    if (jobs.length >= limit || bytes >= maxBytes) break
  }
  return jobs
}

export async function readJob(db: Database, id: string, now: number): Promise<StoredJob | null> {
  const place = (await db.get(idKey(id)))?.toString()
  const row = place === undefined ? undefined : await db.get(place)
  if (place === undefined || row === undefined) return null
  if (isEndedKey(place)) return endedView(decodeEnded(row))
  return liveView(db, decodeJob(row), now)
}

export async function readPage(db: Database, query: ListQuery, now: number): Promise<ListPage> {
  const { state, name, limit, after } = query
  const ended = state !== undefined && isTerminal(state)
  const range = ended
    ? { gt: endedPrefix(state), lt: `${endedPrefix(state)}~` }
    : jobsRange(state === undefined)
  const jobs: StoredJob[] = []
  let looked = 0
  let last = ''
  for await (const [key, row] of db.iterator({ ...range, ...(after === undefined ? {} : { gt: after }) })) {
    last = key
    const view = isEndedKey(key) ? endedView(decodeEnded(row)) : await liveView(db, decodeJob(row), now)
    if ((state === undefined || view.state === state) && (name === undefined || view.job.name === name))
      jobs.push(view)
    if (jobs.length >= limit || ++looked >= LOOKED_AT) return { jobs, next: last }
  }
  return { jobs, next: null }
}

export async function readOutcomes(
  db: Database,
  distributor: string,
  after: number,
  limit: number,
): Promise<Outcome[]> {
  const prefix = outcomePrefix(distributor)
  const outcomes: Outcome[] = []
  for await (const row of db.values({ gt: outcomeKey(prefix, after), lt: `${prefix}~`, limit })) {
    outcomes.push(decodeOutcome(row))
  }
  return outcomes
}

function endedView({ job, state, startedAt, finishedAt }: EndedJob): StoredJob {
  return { job, state, startedAt, finishedAt }
}

async function liveView(db: Database, job: JobRecord, now: number): Promise<StoredJob> {
  const mark = await db.get(markKey(job.seq))
  if (mark === undefined) return { job, state: waitingState(job, now), startedAt: 0, finishedAt: 0 }
  const [, startedAt] = unpack(mark) as [string, number]
  return { job: { ...job, attempt: job.attempt + 1 }, state: 'running', startedAt, finishedAt: 0 }
}
