import type { Now } from '../../clock.js'
import type { Lane } from '../../job/lane.js'
import { liveView } from '../../job/live-view.js'
import { bytesOfOutcome } from '../../job/outcome.js'
import {
  bytesOfStored,
  comparePlaces,
  type JobRecord,
  type Outcome,
  type Place,
  type StoredJob,
} from '../../job/record.js'
import { isTerminal, TERMINAL_STATES } from '../../job/states.js'
import { meets } from '../../verbs/query.js'
import { type LaneHead, LIST_BYTES, type ListPage, type ListQuery, LOOKED_AT } from '../contract.js'
import { firstOf } from '../first-of.js'
import { decodeEnded, decodeJob, decodeOutcome } from '../records.js'
import type { Attempts } from './attempts.js'
import { type Database, type KeyRange, missing } from './database.js'
import { type Found, firstYoung, type Wanted } from './first-young.js'
import {
  endedRange,
  endOfLane,
  headOf,
  idKey,
  isEndedKey,
  jobsRange,
  laneRange,
  outcomeKey,
  outcomePrefix,
  startOfLane,
} from './keys.js'
import type { Rows } from './rows.js'
import type { Young } from './young.js'

/** Rows read at a time of those that wait. */
const READ_AT_ONCE = 1000
/** Keys read at a time while lanes are looked for. */
const FEW_KEYS = 16
const MANY_KEYS = 1024

/** What the reader has to know of rows, and tells of them. */
export interface ReaderParts {
  readonly db: Database
  readonly young: Young
  readonly attempts: Pick<Attempts, 'startedAt' | 'places'>
  readonly rows: Pick<Rows, 'reading'>
}

/**
 * Reads what has rows of its own together with what is young. What is young is looked at first, in the same step in
 * which LevelDB takes its snapshot: what gets a row after that is not missed, and not met twice.
 */
export class Reader {
  readonly #db: Database
  readonly #young: Young
  readonly #attempts: ReaderParts['attempts']
  readonly #rows: ReaderParts['rows']

  constructor({ db, young, attempts, rows }: ReaderParts) {
    this.#db = db
    this.#young = young
    this.#attempts = attempts
    this.#rows = rows
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    const young = this.#young.waiting(lane, after)
    const done = this.#rows.reading()
    const jobs: JobRecord[] = []
    let bytes = 0
    try {
      for await (const [, row] of this.#db.rows(laneRange(lane, after), Math.min(limit, READ_AT_ONCE))) {
        const job = decodeJob(row)
        if (this.#attempts.startedAt(job.id) > 0) continue
        jobs.push(job)
        bytes += job.args.length
        if (jobs.length >= limit || bytes >= maxBytes) break
      }
    } finally {
      done(jobs)
    }
    const all = young.length === 0 ? jobs : [...young, ...jobs].sort(comparePlaces)
    return firstOf(all, limit, maxBytes, ({ args }) => args.length)
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    const young = this.#young.heads(after)
    const heads = await this.#headsOfRows(after, limit)
    if (young.length === 0) return heads
    // Behind the last of them there may be others that have rows.
    const last = heads.length < limit ? null : (heads.at(-1)?.lane ?? null)
    const near = last === null ? young : young.filter(({ lane }) => lane <= last)
    return merged(near, heads).slice(0, limit)
  }

  async load(id: string, now: Now): Promise<StoredJob | null> {
    const young = this.#young.jobs.get(id)
    if (young !== undefined) return liveView(young.job, young.startedAt, now)
    // A job may take another place between the two reads.
    const snapshot = this.#db.snapshot()
    try {
      const place = (await this.#db.get(idKey(id), snapshot))?.toString()
      if (place === undefined) return null
      const row = await this.#db.get(place, snapshot)
      if (row === undefined) throw missing(place)
      if (isEndedKey(place)) return decodeEnded(row)
      return liveView(decodeJob(row), this.#attempts.startedAt(id), now)
    } finally {
      await snapshot.close()
    }
  }

  async page(query: ListQuery, now: Now): Promise<ListPage> {
    const { state, limit, after } = query
    const wanted: Wanted = (stored) => meets(query, stored)
    const ranges = rangesOf(state)
    const at = ranges.findIndex(({ lt }) => after === undefined || after < lt)
    const range = ranges[at]
    if (range === undefined) return { jobs: [], next: null }
    const { gt, lt } = range
    const from = after !== undefined && after > gt ? after : gt
    const young = isEndedKey(from) ? [] : [...this.#young.jobs.values()]
    const snapshot = this.#db.snapshot()
    try {
      // One more than are asked for: then it is known where the next page begins.
      const found = await firstYoung(young, from, wanted, limit + 1, now)
      const { rows, end } = await this.#rowsFound({ gt: from, lt, snapshot }, wanted, limit, now)
      found.push(...rows)
      found.sort((a, b) => (a.key < b.key ? -1 : 1))
      const inRange = end === null ? found : found.filter(({ key }) => key <= end)
      const page = firstOf(inRange, limit, LIST_BYTES, ({ view }) => bytesOfStored(view))
      // What is in the next range is on the next page.
      const behind = end ?? ranges[at + 1]?.gt ?? null
      const next = page.length < inRange.length ? (page.at(-1)?.key ?? null) : behind
      return { jobs: page.map(({ view }) => view), next }
    } finally {
      await snapshot.close()
    }
  }

  /** Beyond `end` nothing has been looked at. */
  async #rowsFound(range: KeyRange, wanted: Wanted, limit: number, now: Now) {
    const rows: Found[] = []
    let looked = 0
    let lookedBytes = 0
    let bytes = 0
    for await (const [key, row] of this.#db.rows(range)) {
      const view = this.#view(key, row, now)
      if (wanted(view)) {
        rows.push({ key, view })
        bytes += bytesOfStored(view)
      }
      lookedBytes += row.length
      const enough = rows.length >= limit || bytes >= LIST_BYTES
      if (enough || ++looked >= LOOKED_AT.count || lookedBytes >= LOOKED_AT.bytes) return { rows, end: key }
    }
    return { rows, end: null }
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    const prefix = outcomePrefix(distributor)
    const young = this.#young.outcomes(distributor, after)
    const outcomes: Outcome[] = []
    let bytes = 0
    for await (const [, row] of this.#db.rows({ gt: outcomeKey(prefix, after), lt: `${prefix}~`, limit })) {
      const outcome = decodeOutcome(row)
      outcomes.push(outcome)
      bytes += bytesOfOutcome(outcome)
      if (bytes >= maxBytes) break
    }
    if (young.length === 0) return outcomes
    return firstOf(
      [...outcomes, ...young].sort((a, b) => a.seq - b.seq),
      limit,
      maxBytes,
      bytesOfOutcome,
    )
  }

  async #headsOfRows(after: Lane | null, limit: number): Promise<LaneHead[]> {
    const running = this.#attempts.places()
    const { gt, lt } = jobsRange(false)
    const keys = this.#db.keys({ gt: after === null ? gt : endOfLane(after), lt })
    const heads: LaneHead[] = []
    /** How the keys of the last lane begin. */
    let known: string | null = null
    try {
      for (let size = FEW_KEYS; heads.length < limit; ) {
        const found = await keys.next(size)
        const last = found.at(-1)
        if (last === undefined) break
        let lanes = 0
        for (const key of found) {
          if ((known !== null && key.startsWith(known)) || running.has(key)) continue
          const head = headOf(key)
          known = startOfLane(head.lane)
          lanes++
          if (heads.push(head) === limit) break
        }
        // Short lanes are read through faster than they are sought.
        size = lanes > 1 ? Math.min(size * 2, MANY_KEYS) : FEW_KEYS
        if (lanes <= 1 && known !== null && last.startsWith(known)) keys.seek(endOfLane(headOf(last).lane))
      }
    } finally {
      await keys.close()
    }
    return heads
  }

  #view(key: string, row: Buffer, now: Now): StoredJob {
    if (isEndedKey(key)) return decodeEnded(row)
    const job = decodeJob(row)
    return liveView(job, this.#attempts.startedAt(job.id), now)
  }
}

/** Of a lane that has both the earlier. */
function merged(some: readonly LaneHead[], others: readonly LaneHead[]): LaneHead[] {
  const heads = new Map(others.map((head) => [head.lane, head]))
  for (const head of some) {
    if (head.due < (heads.get(head.lane)?.due ?? Number.POSITIVE_INFINITY)) heads.set(head.lane, head)
  }
  return [...heads.values()].sort((a, b) => (a.lane < b.lane ? -1 : 1))
}

/** Where jobs are in these states, in the order of keys. */
function rangesOf(states: ListQuery['state']): readonly { readonly gt: string; readonly lt: string }[] {
  if (states === undefined) return [jobsRange(true)]
  const ended = TERMINAL_STATES.filter((state) => states.includes(state)).map(endedRange)
  return states.every(isTerminal) ? ended : [jobsRange(false), ...ended]
}
