import { nowOf } from '../../clock.js'
import { liveView } from '../../job/live-view.js'
import { bytesOfStored, type StoredJob } from '../../job/record.js'
import { isTerminal, type JobState, TERMINAL_STATES } from '../../job/states.js'
import { meets } from '../../verbs/query.js'
import { LIST_BYTES, type ListPage, type ListQuery, LOOKED_AT } from '../contract.js'
import { decodeEnded, decodeJob } from '../records.js'
import { ENDED_HEAD, ENDED_MARK } from './change-fields.js'
import { allAfter, ENDED_LENGTH, endedRange, placeOf, type Range } from './keys.js'
import { type Readable, Reader } from './reader.js'

/** Rows that one script reads for a list: it comes beside the jobs that the node runs meanwhile. */
const AT_ONCE = 100
const BYTES = 256 * 1024

/** Lists the jobs of one node for people. */
export class Lister {
  readonly #server: Readable
  readonly #reader: Reader

  constructor(server: Readable, reader = new Reader(server)) {
    this.#server = server
    this.#reader = reader
  }

  /** Goes through what waits, what runs and what has ended, in this order. */
  async list(query: ListQuery): Promise<ListPage> {
    const { state, after, limit } = query
    const jobs: StoredJob[] = []
    let looked = 0
    let lookedBytes = 0
    let bytes = 0
    for await (const { cursor, view } of this.#all(state, after)) {
      if (meets(query, view)) {
        jobs.push(view)
        bytes += bytesOfStored(view)
      }
      lookedBytes += bytesOfStored(view)
      const enough = jobs.length >= limit || bytes >= LIST_BYTES
      if (enough || ++looked >= LOOKED_AT.count || lookedBytes >= LOOKED_AT.bytes)
        return { jobs, next: cursor }
    }
    return { jobs, next: null }
  }

  async *#all(
    states: ListQuery['state'],
    after: string | undefined,
  ): AsyncGenerator<{ cursor: string; view: StoredJob }> {
    const section = after?.[0] ?? 'w'
    const last = after === undefined || after.length === 1 ? null : after.slice(1)
    const { keys } = this.#server
    const has = (what: (state: JobState) => boolean) => states === undefined || states.some(what)
    const isRunning = (state: JobState) => state === 'running'
    if (section === 'w' && has((state) => !isRunning(state) && !isTerminal(state))) {
      for await (const { member, row } of this.#each(keys.waiting, allAfter(last))) {
        const job = decodeJob(row)
        if (placeOf(job, job.id) === member)
          yield { cursor: `w${member}`, view: liveView(job, 0, nowOf(this.#server.clock)) }
      }
    }
    if (section !== 'e' && has(isRunning)) {
      const from = section === 'r' ? last : null
      for await (const { member, job, startedAt } of this.#reader.eachRunning(
        this.#server.owner.name,
        from,
      )) {
        yield { cursor: `r${member}`, view: { job, state: 'running', startedAt, finishedAt: 0 } }
      }
    }
    const behind = section === 'e' && last !== null ? `(${last}` : null
    for (const { min, max } of rangesOf(states)) {
      const from = behind !== null && (min === '-' || behind > min) ? behind : min
      for await (const { member, row } of this.#each(keys.ended, { min: from, max })) {
        if (isEndedAt(row, member))
          yield { cursor: `e${member}`, view: decodeEnded(row.subarray(ENDED_HEAD)) }
      }
    }
  }

  async *#each(set: string, range: Range): AsyncGenerator<{ member: string; row: Buffer }> {
    const { jobs } = this.#server.shared
    for (let { min } = range; ; ) {
      const page = await this.#reader.some(set, jobs, { min, max: range.max }, true, AT_ONCE, BYTES)
      for (const { member, row } of page) if (row !== null) yield { member, row }
      const last = page.at(-1)
      if (last === undefined) return
      min = `(${last.member}`
    }
  }
}

/** Where the ended jobs are of these states, in order. */
function rangesOf(states: ListQuery['state']): readonly Range[] {
  if (states === undefined) return [allAfter(null)]
  return TERMINAL_STATES.filter((state) => states.includes(state)).map(endedRange)
}

/** Another job may have the id of one that had ended, whoever kept that. */
function isEndedAt(row: Buffer, place: string): boolean {
  return row.toString('latin1', 0, ENDED_HEAD) === ENDED_MARK + place.slice(0, ENDED_LENGTH)
}
