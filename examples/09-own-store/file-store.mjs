// @ts-check
// A store of one's own: jobs in memory, and every group of changes in a log on disk before it is applied to them.
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesOfJob,
  DirectoryLock,
  firstOf,
  JrError,
  LIST_BYTES,
  liveView,
  meets,
  NOTES_BYTES,
} from 'job-reactor/store'
import { apply, lifeOf, noJobs, prune } from './jobs.mjs'
import { readLog, startLog } from './log.mjs'
import { notesIn } from './notes.mjs'

/** @typedef {import('job-reactor/store').Store} Store */

/** The fields of each change that are the store's, beside `kind` and `notes`. The node's own are on the same objects, functions among them. */
const FIELDS = {
  insert: ['job', 'ownId', 'number'],
  begin: ['job', 'startedAt'],
  move: ['from', 'running', 'to', 'outcome'],
  end: ['from', 'running', 'outcome', 'keep'],
  remove: ['id'],
  acknowledge: ['distributor', 'seqs'],
  note: [],
}

/**
 * Jobs of one node, in a folder that is made when it is not there.
 * @returns {Store}
 */
export function fileStore(dir) {
  return new FileStore(dir)
}

/** @implements {Store} */
class FileStore {
  kind = 'file'
  #dir
  #lock
  /** `{ log, jobs }` while it is open. @type {any} */
  #open = null
  /** Why a write failed: from then on all are refused. @type {JrError | null} */
  #failed = null
  /** What is being written: a prune may come while a group is. */
  #writing = Promise.resolve()

  constructor(dir) {
    this.#dir = dir
    this.#lock = new DirectoryLock(dir)
  }

  /** @type {Store['open']} */
  async open(node) {
    if (this.#open !== null) throw new JrError('JR_STORE_LOCKED', `the store in ${this.#dir} is open already`)
    await mkdir(this.#dir, { recursive: true }).catch((cause) => {
      throw new JrError('JR_STORE', `cannot make the folder ${this.#dir}: ${cause}`, { cause })
    })
    await this.#lock.take()
    try {
      return await this.#load(node)
    } catch (error) {
      await this.#lock.release()
      throw error
    }
  }

  async #load(node) {
    const path = join(this.#dir, 'jobs.log')
    const read = await readLog(path)
    const notes = []
    if (read === null) notes.push(`${path} was not there: this store is new`)
    else if (read.torn > 0)
      notes.push(`${path}: ${read.torn} bytes of a group that was not written whole were cut off`)
    const [first, ...rest] = read?.entries ?? [{ id: randomUUID(), node, epoch: 0, jobs: noJobs() }]
    if (first === undefined)
      throw new JrError('JR_STORE_CORRUPT', `${path} has no whole entry. Restore a backup`)
    const { id, jobs } = first
    if (first.node !== node)
      throw new JrError('JR_BAD_CONFIG', `${path} belongs to node '${first.node}', not '${node}'`)
    for (const entry of rest) replay(jobs, entry)
    const epoch = first.epoch + 1
    // Without what has ended since, and with the new epoch, which must be on disk before anything is numbered by it.
    const log = await startLog(path, { id, node, epoch, jobs })
    this.#open = { log, jobs }
    this.#failed = null
    const running = [...jobs.live.values()].filter(({ startedAt }) => startedAt > 0)
    const interrupted = running.map((live) => ({ job: viewOf(live).job, startedAt: live.startedAt }))
    return { id, epoch, interrupted, notes }
  }

  // `durable` is not looked at: every group waits for the disk, so that only the last one can be torn.
  /** @type {Store['commit']} */
  async commit(changes) {
    const jobs = this.#jobs()
    return this.#write(changes.map(plain), () => changes.map((change) => apply(jobs, change)))
  }

  /** @type {Store['prune']} */
  async prune(as, olderThan, keep) {
    const jobs = this.#jobs()
    const entry = { kind: 'prune', as, olderThan, keep }
    return this.#write(entry, () => prune(jobs, entry))
  }

  /** @type {Store['lanes']} */
  async lanes(after, limit) {
    const heads = new Map()
    for (const { job, startedAt } of this.#jobs().live.values()) {
      if (startedAt > 0 || (after !== null && job.lane <= after)) continue
      heads.set(job.lane, Math.min(job.due, heads.get(job.lane) ?? job.due))
    }
    const lanes = [...heads].map(([lane, due]) => ({ lane, due }))
    return lanes.sort((a, b) => (a.lane < b.lane ? -1 : 1)).slice(0, limit)
  }

  /** @type {Store['waiting']} */
  async waiting(lane, after, limit, maxBytes) {
    const found = [...this.#jobs().live.values()].flatMap(({ job, startedAt }) => {
      const behind = after === null || job.due > after.due || (job.due === after.due && job.seq > after.seq)
      return startedAt === 0 && job.lane === lane && behind ? [job] : []
    })
    found.sort((a, b) => a.due - b.due || a.seq - b.seq)
    return firstOf(found, limit, maxBytes, ({ args }) => args.length)
  }

  /** @type {Store['load']} */
  async load(id) {
    const { live, ended } = this.#jobs()
    const found = live.get(id)
    return found === undefined ? (ended.get(id) ?? null) : viewOf(found)
  }

  /** @type {Store['list']} */
  async list(query) {
    const { after, limit } = query
    const { live, ended } = this.#jobs()
    const all = [...[...live.values()].map(viewOf), ...ended.values()].filter(
      (one) => meets(query, one) && (after === undefined || one.job.id > after),
    )
    all.sort((a, b) => (a.job.id < b.job.id ? -1 : 1))
    const jobs = firstOf(all, limit, LIST_BYTES, ({ job }) => bytesOfJob(job))
    return { jobs, next: jobs.length < all.length ? (jobs.at(-1)?.job.id ?? null) : null }
  }

  /** @type {Store['outcomes']} */
  async outcomes(distributor, after, limit, maxBytes) {
    const all = [...(this.#jobs().outcomes.get(distributor)?.values() ?? [])]
    const wanted = all.filter(({ seq }) => seq > after).sort((a, b) => a.seq - b.seq)
    return firstOf(wanted, limit, maxBytes, ({ args, error }) => args.length + error.length)
  }

  /** @type {Store['taken']} */
  async taken(distributor, instance) {
    return this.#jobs().taken.get(lifeOf(distributor, instance)) ?? 0
  }

  /** @type {Store['notes']} */
  async notes(shelf, range, limit) {
    return firstOf(notesIn(this.#jobs(), shelf, range), limit, NOTES_BYTES, ({ value }) => value.length)
  }

  /** @type {Store['countNotes']} */
  async countNotes(shelf, range) {
    return notesIn(this.#jobs(), shelf, range).length
  }

  async counts() {
    const { live, ended, outcomes } = this.#jobs()
    const counts = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0, outcomes: 0 }
    for (const { startedAt } of live.values()) counts[startedAt === 0 ? 'waiting' : 'running']++
    for (const { state } of ended.values()) counts[state]++
    for (const kept of outcomes.values()) counts.outcomes += kept.size
    return counts
  }

  async close() {
    const open = this.#open
    if (open === null) return
    this.#open = null
    await this.#writing
    try {
      await open.log.close()
    } finally {
      await this.#lock.release()
    }
  }

  /** Writes an entry, one after the other; `then` applies it once it is on disk, so that nobody sees what is not. */
  async #write(entry, then) {
    const log = this.#open?.log
    const written = this.#writing.then(async () => {
      if (this.#failed !== null) throw this.#failed
      try {
        await log?.append(entry)
      } catch (cause) {
        // Half of it may be there: what is written behind it would be lost at the next opening.
        this.#failed = new JrError('JR_STORE', `writing to ${this.#dir} failed: ${cause}`, { cause })
        throw this.#failed
      }
      return then()
    })
    this.#writing = written.then(
      () => {},
      () => {},
    )
    return written
  }

  #jobs() {
    if (this.#open === null) throw new JrError('JR_STORE_CLOSED', `the store in ${this.#dir} is not open`)
    return this.#open.jobs
  }
}

function replay(jobs, entry) {
  if (Array.isArray(entry)) for (const change of entry) apply(jobs, change)
  else prune(jobs, entry)
}

function plain(change) {
  if (change.kind === 'together') return { kind: 'together', changes: change.changes.map(plain) }
  const fields = ['kind', 'notes', ...FIELDS[change.kind]]
  return Object.fromEntries(Object.entries(change).filter(([name]) => fields.includes(name)))
}

/** As people see it: while it runs, with the attempt that has begun. */
function viewOf({ job, startedAt }) {
  const now = Date.now()
  return liveView(job, startedAt, { steady: now, wall: now })
}
