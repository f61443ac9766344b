import { closeSync, fsync, openSync, renameSync } from 'node:fs'
import { JrError } from '../../src/errors.js'
import { makePrivateDirectory } from '../../src/private-directory.js'
import { DirectoryLock } from '../../src/store/directory-lock.js'
import type { Surroundings } from '../../src/surroundings.js'
import { syncDirectory } from '../../src/sync-directory.js'
import type { OutJob } from './out-job.js'
import { fileIn, markUsed, readSpool, writeSynced, writeWhole } from './spool-file.js'
import {
  goneRecord,
  headRecord,
  type JobRecords,
  jobRecord,
  type SpoolContent,
  type Spooled,
  safeRecord,
  sentRecord,
  spooledOf,
} from './spool-records.js'

/** A file of this size is rewritten when half of it is of no use any more. */
const COMPACT_BYTES = 4 * 1024 * 1024

/**
 * Jobs that wait for a node, on disk: a file to which what happens is appended, and synced soon after. A killed app loses
 * nothing of it; a loss of power takes what was not synced, and a record that was torn by it is left out. Keeps the
 * identity of the distributor too, so that nodes know its next life as the same sender and take nothing twice.
 */
export class Spool {
  readonly instance: string
  readonly #dir: string
  readonly #file: string
  readonly #lock: DirectoryLock
  readonly #live: Map<string, JobRecords>
  readonly #onError: (error: JrError) => void
  /** Below 0: not open. */
  #fd = -1
  #size = 0
  /** Bytes that are on the disk. */
  #safe = 0
  /** Bytes that the file would have if it were rewritten now. */
  #needed = 0
  #compactAt = COMPACT_BYTES
  #syncing = false
  #dirty = false
  #closed: (() => void) | null = null

  private constructor(
    dir: string,
    lock: DirectoryLock,
    instance: string,
    live: SpoolContent['live'],
    onError: (error: JrError) => void,
  ) {
    this.instance = instance
    this.#dir = dir
    this.#file = fileIn(dir)
    this.#lock = lock
    this.#live = live
    this.#onError = onError
  }

  /**
   * Rejects with JR_STORE_LOCKED when another app uses the folder, JR_STORE_CORRUPT when its file is damaged, gone, or of another format,
   * JR_STORE when it can't be used.
   */
  static async open(
    dir: string,
    { clock, chance }: Surroundings,
    onError: (error: JrError) => void,
  ): Promise<{ spool: Spool; jobs: Spooled[]; notes: string[] }> {
    try {
      makePrivateDirectory(dir)
    } catch (cause) {
      throw new JrError('JR_STORE', `cannot make the spool folder ${dir}: ${String(cause)}`, { cause })
    }
    const lock = new DirectoryLock(dir)
    await lock.take()
    let spool: Spool | null = null
    try {
      const { instance, live, notes } = readSpool(dir)
      spool = new Spool(dir, lock, instance ?? chance.id(), live, onError)
      spool.#rewrite()
      markUsed(dir)
      return { spool, jobs: Array.from(spool.#live.values(), (records) => spooledOf(records, clock)), notes }
    } catch (cause) {
      await (spool === null ? lock.release() : spool.close())
      if (cause instanceof JrError) throw cause
      throw new JrError('JR_STORE', `cannot use the spool in ${dir}: ${String(cause)}`, { cause })
    }
  }

  has(id: string): boolean {
    return this.#live.has(id)
  }

  add(job: OutJob, now: number, mono: number): void {
    const record = jobRecord(job, now - Math.round(mono - job.since))
    this.#needed += record.length - bytesOf(this.#live.get(job.id))
    this.#live.set(job.id, { job: record, sent: null })
    this.#append(record)
  }

  /** Before it is sent: so that a next life knows under which number the node may have it. */
  sent(job: OutJob, node: string): void {
    const records = this.#live.get(job.id)
    if (records === undefined) return
    const record = sentRecord(job.id, node, job.ticket.number)
    this.#needed += record.length - (records.sent?.length ?? 0)
    records.sent = record
    this.#append(record)
  }

  remove(id: string): void {
    const records = this.#live.get(id)
    if (records === undefined) return
    this.#live.delete(id)
    this.#needed -= bytesOf(records)
    this.#append(goneRecord(id))
  }

  async close(): Promise<void> {
    if (this.#syncing) {
      await new Promise<void>((resolve) => {
        this.#closed = resolve
      })
    }
    this.#closeFile()
    await this.#lock.release()
  }

  #append(record: Buffer, toSync = true): void {
    try {
      // What a failed write has left of its record is overwritten by the next.
      this.#size += writeWhole(this.#fd, record, this.#size)
    } catch (cause) {
      this.#failed('written', cause)
      return
    }
    if (!toSync) return
    this.#dirty = true
    if (!this.#syncing) this.#sync()
  }

  /** One fsync at a time; what is written meanwhile shares the next. */
  #sync(): void {
    this.#syncing = true
    this.#dirty = false
    const size = this.#size
    fsync(this.#fd, (cause) => {
      this.#syncing = false
      if (cause !== null) this.#failed('synced', cause)
      else this.#sayThatSafe(size)
      // Only here: a file is not to be closed while it is being synced.
      this.#compact()
      if (this.#dirty && this.#fd >= 0) this.#sync()
      if (!this.#syncing) this.#closed?.()
    })
  }

  /** So that what has gone since is told from what a loss of power has torn. Nobody waits for it. */
  #sayThatSafe(size: number): void {
    if (this.#fd < 0 || size <= this.#safe) return
    this.#append(safeRecord(size), false)
    this.#safe = this.#size
  }

  #compact(): void {
    if (this.#size < this.#compactAt || this.#size < 2 * this.#needed) return
    try {
      this.#rewrite()
    } catch (cause) {
      // Not again with every record.
      this.#compactAt = this.#size + COMPACT_BYTES
      this.#failed('rewritten', cause)
    }
  }

  /** A new file with what is live takes the place of the old one when all of it is on the disk. */
  #rewrite(): void {
    const records = [headRecord(this.instance)]
    for (const { job, sent } of this.#live.values()) {
      records.push(job)
      if (sent !== null) records.push(sent)
    }
    const fresh = `${this.#file}.new`
    const size = writeSynced(fresh, records)
    // A file that is open can't be replaced everywhere.
    this.#closeFile()
    try {
      renameSync(fresh, this.#file)
    } finally {
      this.#fd = openSync(this.#file, 'r+')
    }
    this.#size = size
    this.#safe = size
    this.#needed = size
    this.#compactAt = COMPACT_BYTES
    this.#dirty = false
    syncDirectory(this.#dir)
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #failed(what: string, cause: unknown): void {
    this.#onError(
      new JrError('JR_STORE', `the spool ${this.#file} cannot be ${what}: ${String(cause)}`, { cause }),
    )
  }
}

function bytesOf(records: JobRecords | undefined): number {
  return records === undefined ? 0 : records.job.length + (records.sent?.length ?? 0)
}
