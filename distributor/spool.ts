import {
  closeSync,
  existsSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { pack, unpack } from '../src/codec.js'
import { JrError } from '../src/errors.js'
import { newId } from '../src/job/id.js'
import type { Missed } from '../src/job/record.js'
import type { Backoff } from '../src/job/retry-policy.js'
import { DirectoryLock } from '../src/store/directory-lock.js'
import type { OutJob } from './out-job.js'
import { Ticket } from './ticket.js'

/** A job of an earlier life of the app: where it had been sent, when it had been. */
export interface Spooled {
  readonly job: OutJob
  readonly node: string | null
}

const FORMAT = 1
/** A record: length and checksum of what follows, as two 32-bit numbers, then MessagePack. */
const PREFIX = 8
const COMPACT_BYTES = 4 * 1024 * 1024

/**
 * Jobs that wait for a node, on disk: a file to which what happens is appended. A killed app loses nothing of it, and
 * a record that was torn at the end is left out. Keeps the identity of the distributor too, so that nodes know its
 * next life as the same sender and take nothing twice.
 */
export class Spool {
  readonly instance: string
  readonly #lock: DirectoryLock
  readonly #file: string
  readonly #live: Map<string, Buffer[]>
  #fd: number
  #size = 0
  #syncing = false
  #dirty = false
  #closed: (() => void) | null = null
  readonly #onError: (error: JrError) => void

  private constructor(
    file: string,
    lock: DirectoryLock,
    instance: string,
    live: Map<string, Buffer[]>,
    onError: (error: JrError) => void,
  ) {
    this.#file = file
    this.#lock = lock
    this.#live = live
    this.#onError = onError
    this.instance = instance
    this.#fd = this.#rewrite()
  }

  /** Rejects with JR_STORE_LOCKED when another app uses the folder, JR_STORE when it can't be used. */
  static async open(
    dir: string,
    clock: { now(): number; mono(): number },
    onError: (error: JrError) => void,
  ): Promise<{ spool: Spool; jobs: Spooled[] }> {
    try {
      mkdirSync(dir, { recursive: true })
    } catch (cause) {
      throw new JrError('JR_STORE', `cannot make the spool folder ${dir}: ${String(cause)}`, { cause })
    }
    const lock = new DirectoryLock(dir)
    await lock.take()
    try {
      const file = join(dir, 'spool.log')
      const { instance, live, sent } = existsSync(file)
        ? read(file)
        : { instance: newId(), live: new Map(), sent: new Map() }
      const spool = new Spool(file, lock, instance, live, onError)
      const jobs = [...live.values()].map(([record]) => jobOf(record as Buffer, clock))
      return { spool, jobs: jobs.map((job) => restored(job, sent.get(job.id))) }
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  has(id: string): boolean {
    return this.#live.has(id)
  }

  add(job: OutJob, now: number, mono: number): void {
    const record = encode(fieldsOf(job, now - Math.round(mono - job.since)))
    this.#live.set(job.id, [record])
    this.#append(record)
  }

  /** Before it is sent: so that a next life knows under which number the node may have it. */
  sent(job: OutJob, node: string): void {
    const records = this.#live.get(job.id)
    if (records === undefined) return
    const record = encode(['sent', job.id, node, job.ticket.number])
    records[1] = record
    this.#append(record)
  }

  remove(id: string): void {
    if (!this.#live.delete(id)) return
    this.#append(encode(['gone', id]))
    if (this.#size < COMPACT_BYTES) return
    closeSync(this.#fd)
    this.#fd = this.#rewrite()
  }

  async close(): Promise<void> {
    if (this.#syncing) {
      await new Promise<void>((resolve) => {
        this.#closed = resolve
      })
    }
    closeSync(this.#fd)
    await this.#lock.release()
  }

  #append(record: Buffer): void {
    try {
      writeSync(this.#fd, record)
    } catch (cause) {
      this.#onError(
        new JrError('JR_STORE', `the spool ${this.#file} cannot be written: ${String(cause)}`, { cause }),
      )
      return
    }
    this.#size += record.length
    this.#sync()
  }

  /** One fsync at a time; what is written meanwhile shares the next. */
  #sync(): void {
    this.#dirty = true
    if (this.#syncing) return
    this.#syncing = true
    this.#dirty = false
    fsync(this.#fd, (cause) => {
      this.#syncing = false
      if (cause !== null)
        this.#onError(new JrError('JR_STORE', `the spool ${this.#file}: ${cause.message}`, { cause }))
      else if (this.#dirty) this.#sync()
      if (!this.#syncing) this.#closed?.()
    })
  }

  /** A new file with what is live, put in the place of the old one. */
  #rewrite(): number {
    const fd = openSync(`${this.#file}.new`, 'w')
    const records = [encode(['spool', FORMAT, this.instance]), ...[...this.#live.values()].flat()]
    this.#size = 0
    for (const record of records) {
      writeSync(fd, record)
      this.#size += record.length
    }
    renameSync(`${this.#file}.new`, this.#file)
    return fd
  }
}

function encode(fields: unknown[]): Buffer {
  const body = pack(fields)
  const record = Buffer.allocUnsafe(PREFIX + body.length)
  record.writeUInt32BE(body.length, 0)
  record.writeUInt32BE(crc32(body), 4)
  record.set(body, PREFIX)
  return record
}

interface Content {
  readonly instance: string
  readonly live: Map<string, Buffer[]>
  readonly sent: Map<string, { node: string; number: number }>
}

function read(file: string): Content {
  const bytes = readFileSync(file)
  const live = new Map<string, Buffer[]>()
  const sent = new Map<string, { node: string; number: number }>()
  let instance = ''
  for (let at = 0; at + PREFIX <= bytes.length; ) {
    const end = at + PREFIX + bytes.readUInt32BE(at)
    const body = bytes.subarray(at + PREFIX, end)
    // What was being written when the app died; nothing behind it can have been written.
    if (end > bytes.length || crc32(body) !== bytes.readUInt32BE(at + 4)) break
    const record = Buffer.from(bytes.subarray(at, end))
    const fields = unpack(body) as [string, ...unknown[]]
    const id = fields[1] as string
    switch (fields[0]) {
      case 'spool':
        if (fields[1] !== FORMAT)
          throw new JrError('JR_STORE_CORRUPT', `${file} has format ${fields[1]}, not ${FORMAT}`)
        instance = fields[2] as string
        break
      case 'job':
        live.set(id, [record])
        break
      case 'sent': {
        const records = live.get(id)
        if (records !== undefined) records[1] = record
        sent.set(id, { node: fields[2] as string, number: fields[3] as number })
        break
      }
      case 'gone':
        live.delete(id)
        sent.delete(id)
    }
    at = end
  }
  if (instance === '') instance = newId()
  return { instance, live, sent }
}

function fieldsOf(job: OutJob, enqueuedAt: number): unknown[] {
  const { id, unique, name, delayMs, periodMs, missed, defer, node, strictNode, notNode } = job
  const rest = [job.maxAttempts, job.backoff, job.timeoutMs, job.ticket.wanted, job.args]
  return [
    'job',
    id,
    unique,
    name,
    enqueuedAt,
    delayMs,
    periodMs,
    missed,
    defer,
    node,
    strictNode,
    notNode,
    ...rest,
  ]
}

function jobOf(record: Buffer, clock: { now(): number; mono(): number }): OutJob {
  const f = unpack(record.subarray(PREFIX)) as unknown[]
  const ticket = new Ticket(f[1] as string, f[3] as string, null, null, f[15] as boolean)
  const args = f[16] as Buffer
  return {
    ticket,
    id: ticket.id,
    unique: f[2] as boolean,
    name: ticket.name,
    // The time that the app was away counts.
    since: clock.mono() - Math.max(0, clock.now() - (f[4] as number)),
    delayMs: f[5] as number | null,
    periodMs: f[6] as number,
    missed: f[7] as Missed,
    defer: f[8] as boolean | null,
    node: f[9] as string | null,
    strictNode: f[10] as boolean,
    notNode: f[11] as string[],
    maxAttempts: f[12] as number | null,
    backoff: f[13] as Backoff | null,
    timeoutMs: f[14] as number | null,
    args,
    bytes: args.length,
  }
}

function restored(job: OutJob, sent: { node: string; number: number } | undefined): Spooled {
  if (sent === undefined) return { job, node: null }
  job.ticket.number = sent.number
  return { job, node: sent.node }
}
