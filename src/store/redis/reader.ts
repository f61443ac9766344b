import { type Clock, nowOf } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { Lane } from '../../job/lane.js'
import { liveView } from '../../job/live-view.js'
import { begun, type JobRecord, type Outcome, type Place, type StoredJob } from '../../job/record.js'
import type { Interrupted, LaneHead, Left } from '../contract.js'
import { decodeEnded, decodeJob, decodeOutcome } from '../records.js'
import { ENDED_HEAD, ENDED_MARK } from './change-fields.js'
import type { Client } from './client.js'
import {
  allAfter,
  headOf,
  idOf,
  laneRange,
  type NodeKeys,
  nodeKeys,
  outcomeRange,
  placeOf,
  type Range,
  type SharedKeys,
} from './keys.js'
import type { Part, Row } from './page.js'

/** Rows that one script reads: Redis serves nobody else meanwhile. */
const READ_AT_ONCE = 500
const BYTES_AT_ONCE = 4 * 1024 * 1024
/** Rows of jobs that run: how large they are is not known before, and one may have `maxArgs`. */
const RUNNING_AT_ONCE = 16

/** What reading needs: a connection, and whose keys. */
export interface Readable {
  readonly owner: { readonly name: string }
  readonly prefix: string
  readonly shared: SharedKeys
  readonly keys: NodeKeys
  readonly watcher: Client
  readonly clock: Clock
  read(part: Part): Promise<Row[]>
  lanes(after: Lane | null, limit: number): Promise<string[]>
  persist<T>(client: Client, ask: () => Promise<T>): Promise<T>
}

/** What is in Redis, for one node. Every read is tried again until it is answered or the time-out is over. */
export class Reader {
  readonly #server: Readable

  constructor(server: Readable) {
    this.#server = server
  }

  async waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]> {
    const { keys } = this.#server
    const jobs: JobRecord[] = []
    let bytes = 0
    for (let from = after; ; ) {
      const most = Math.min(limit - jobs.length, READ_AT_ONCE)
      const room = Math.min(maxBytes - bytes, BYTES_AT_ONCE)
      const page = await this.#jobs(keys.waiting, laneRange(lane, from), most, room)
      for (const job of page) {
        jobs.push(job)
        bytes += job.args.length
      }
      if (page.length === 0 || jobs.length >= limit || bytes >= maxBytes) return jobs
      from = page.at(-1) ?? null
    }
  }

  async lanes(after: Lane | null, limit: number): Promise<LaneHead[]> {
    const most = Math.min(limit, READ_AT_ONCE)
    return (await this.#ask(() => this.#server.lanes(after, most))).map(headOf)
  }

  async interrupted(node: string): Promise<Interrupted[]> {
    const found: Interrupted[] = []
    for await (const { job, startedAt } of this.eachRunning(node, null)) found.push({ job, startedAt })
    return found
  }

  /** In the order of their places, after this one. */
  async *eachRunning(node: string, after: string | null): AsyncGenerator<Interrupted & { member: string }> {
    const marks = await this.#running(nodeKeys(this.#server.prefix, node))
    const places = [...marks.keys()].filter((place) => after === null || place > after).sort()
    for (let at = 0; at < places.length; at += RUNNING_AT_ONCE) {
      const some = places.slice(at, at + RUNNING_AT_ONCE)
      const rows = await this.#rows(some.map(idOf))
      for (const [i, member] of some.entries()) {
        // Another node was quicker, and the job may have ended there.
        const row = rows[i]
        if (row == null || isEnded(row)) continue
        const job = decodeJob(row)
        if (placeOf(job, job.id) !== member) continue
        yield { member, job: begun(job), startedAt: marks.get(member) ?? 0 }
      }
    }
  }

  /** `before`: its row when it was looked for in vain; it may have moved meanwhile. */
  async load(id: string, before?: Buffer): Promise<StoredJob | null> {
    const [row] = await this.#rows([id])
    if (row == null) return null
    const stored = await this.stands(id, row)
    return stored === null && before?.equals(row) !== true ? this.load(id, row) : stored
  }

  /** The job of this row, as it stands with this node; null when this is not the node that has it. */
  async stands(id: string, row: Buffer): Promise<StoredJob | null> {
    const { keys } = this.#server
    if (isEnded(row)) {
      const place = row.toString('latin1', 1, ENDED_HEAD) + id
      const kept = (await this.#call('ZSCORE', keys.ended, place)) !== null
      return kept ? decodeEnded(row.subarray(ENDED_HEAD)) : null
    }
    const job = decodeJob(row)
    const place = placeOf(job, id)
    const mark = (await this.#call('HGET', keys.running, place)) as Buffer | null
    const waits = mark === null && (await this.#call('ZSCORE', keys.waiting, place)) !== null
    return mark !== null || waits ? liveView(job, Number(mark), nowOf(this.#server.clock)) : null
  }

  async outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]> {
    const { keys } = this.#server
    const range = outcomeRange(distributor, after)
    const page = await this.#page(keys.outcomes, keys.payloads, range, limit, maxBytes, false)
    return page.map(({ row }) => decodeOutcome(row))
  }

  /** `after` is the first letter of what is being gone through, and the last member of it. */
  async left(node: string, after: string | null): Promise<Left> {
    const keys = nodeKeys(this.#server.prefix, node)
    const nothing = { interrupted: [], waiting: [], outcomes: [] }
    if (after === null) return { ...nothing, interrupted: await this.interrupted(node), next: 'w' }
    const range = allAfter(after.length === 1 ? null : after.slice(1))
    if (after.startsWith('w')) {
      const page = await this.some(keys.waiting, this.#server.shared.jobs, range, true)
      const waiting = page.flatMap(({ member, row }) => {
        if (row === null || isEnded(row)) return []
        const job = decodeJob(row)
        return placeOf(job, job.id) === member ? [job] : []
      })
      return { ...nothing, waiting, next: page.length === 0 ? 'o' : `w${page.at(-1)?.member}` }
    }
    const page = await this.some(keys.outcomes, keys.payloads, range, false)
    const outcomes = page.flatMap(({ row }) => (row === null ? [] : [decodeOutcome(row)]))
    return { ...nothing, outcomes, next: page.length === 0 ? null : `o${page.at(-1)?.member}` }
  }

  /** Of these jobs those that are with this node, and have not ended. */
  async find(node: string, ids: readonly string[]): Promise<Pick<Left, 'interrupted' | 'waiting'>> {
    const { running, waiting } = nodeKeys(this.#server.prefix, node)
    const rows = ids.length === 0 ? [] : await this.#rows(ids)
    const jobs = rows.flatMap((row) => (row == null || isEnded(row) ? [] : [decodeJob(row)]))
    if (jobs.length === 0) return { interrupted: [], waiting: [] }
    const places = jobs.map((job) => placeOf(job, job.id))
    const marks = (await this.#call('HMGET', running, ...places)) as (Buffer | null)[]
    const stand = (await this.#call('ZMSCORE', waiting, ...places)) as (Buffer | null)[]
    return {
      interrupted: jobs.flatMap((job, i) => {
        const mark = marks[i] ?? null
        return mark === null ? [] : [{ job: begun(job), startedAt: Number(mark) }]
      }),
      waiting: jobs.filter((_, i) => (stand[i] ?? null) !== null),
    }
  }

  /** Members of a set in this range, with their rows, as many as one script reads. */
  some(
    set: string,
    rows: string,
    range: Range,
    places: boolean,
    limit = READ_AT_ONCE,
    maxBytes = BYTES_AT_ONCE,
  ) {
    const part = { set, rows, range, limit, maxBytes, places }
    return this.#ask(() => this.#server.read(part))
  }

  async #page(set: string, rows: string, range: Range, limit: number, maxBytes: number, places: boolean) {
    const page = await this.#ask(() => this.#server.read({ set, rows, range, limit, maxBytes, places }))
    return page.map(({ member, row }) => {
      if (row !== null) return { member, row }
      throw new JrError('JR_STORE_CORRUPT', `Redis has no row for ${JSON.stringify(member)} of ${set}`)
    })
  }

  async #jobs(set: string, range: Range, limit: number, maxBytes: number): Promise<JobRecord[]> {
    const page = await this.#page(set, this.#server.shared.jobs, range, limit, maxBytes, true)
    return page.map(({ row }) => decodeJob(row))
  }

  async #running(keys: NodeKeys): Promise<Map<string, number>> {
    const flat = (await this.#call('HGETALL', keys.running)) as Buffer[]
    const marks = new Map<string, number>()
    for (let i = 0; i < flat.length; i += 2) marks.set(String(flat[i]), Number(flat[i + 1]))
    return marks
  }

  #rows(ids: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#call('HMGET', this.#server.shared.jobs, ...ids) as Promise<(Buffer | null)[]>
  }

  #call(command: string, ...args: string[]): Promise<unknown> {
    return this.#ask(() => this.#server.watcher.call(command, ...args))
  }

  #ask<T>(what: () => Promise<T>): Promise<T> {
    return this.#server.persist(this.#server.watcher, what)
  }
}

function isEnded(row: Buffer): boolean {
  return row[0] === ENDED_MARK.charCodeAt(0)
}
