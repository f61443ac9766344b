import { isBlocked } from '../../job/lane.js'
import type { JobRecord } from '../../job/record.js'
import { encodeJob } from '../records.js'
import type { Books } from './books.js'
import { idKey, placeKey } from './keys.js'
import { backlogOf, countLive } from './meta.js'
import type { RowBatch } from './row-batch.js'
import type { YoungJob } from './young.js'

/** With so many rows of jobs that were to run at once, a new job will not live for a moment only. */
const BACKLOG = 1000

/** Of what may be young, the part that jobs in keyed lanes, and those that are blocked, may fill. */
const KEYED_SHARE = 0.5

/** Where jobs stand that wait or run: young, or in rows. */
export class Places {
  /** Rows that have gone. */
  dropped = 0
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  /** A job waits at this place from now on. */
  put(batch: RowBatch, job: JobRecord): void {
    const { young, journal, counts } = this.#books
    const backlog = backlogOf(job.lane)
    const blocked = isBlocked(job.lane)
    // What waits for a limit, for the turn of its group, or for others of its flow, does not make other jobs wait: it leaves room for them.
    const share = blocked || backlog === 'keyed' ? KEYED_SHARE : 1
    const mayLive = blocked || (backlog !== null && counts[backlog] < BACKLOG)
    const mayBeYoung = mayLive && young.hasRoomFor(job.args.length, share)
    // An id that is not young's own would be another job's: `ownId` was not asked for.
    if (!mayBeYoung || young.jobs.has(job.id)) return this.putRow(batch, job)
    young.insert(job)
    journal.insert(job)
  }

  takeYoung(found: YoungJob): void {
    const { young, journal } = this.#books
    young.take(found)
    journal.gone(found.job.seq)
  }

  putRow(batch: RowBatch, job: JobRecord): void {
    const { rows, counts } = this.#books
    const key = placeKey(job)
    batch.put(key, encodeJob(job))
    this.putId(batch, job.id, key)
    rows.jobNow(job, true)
    countLive(counts, job.lane, 1)
  }

  dropRow(batch: RowBatch, job: JobRecord): void {
    const { rows, counts } = this.#books
    this.dropped++
    batch.del(placeKey(job))
    this.dropId(batch, job.id)
    rows.jobNow(job, false)
    countLive(counts, job.lane, -1)
  }

  putId(batch: RowBatch, id: string, place: string): void {
    batch.put(idKey(id), Buffer.from(place))
    this.#books.rows.idNow(id, place)
  }

  dropId(batch: RowBatch, id: string): void {
    batch.del(idKey(id))
    this.#books.rows.idNow(id, null)
  }
}
