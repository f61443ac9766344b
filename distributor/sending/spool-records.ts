import { crc32 } from 'node:zlib'
import { ByteReader } from '../../src/bytes/byte-reader.js'
import { ByteWriter } from '../../src/bytes/byte-writer.js'
import { pack, unpack } from '../../src/bytes/codec.js'
import { whenOf } from '../../src/job/due.js'
import { readJobFields, type SentJob, writeJobFields } from '../../src/wire/job-fields.js'
import { Ticket } from '../told/ticket.js'
import { renumber, restOf, together } from './bundle.js'
import { messageOf, type OutJob, outJob } from './out-job.js'

/**
 * The file of a spool: one record behind the other. A record is the length and the checksum of what follows, as two 32-bit
 * numbers, and then MessagePack: a list that begins with what the record says. The first, and no other, is `spool`.
 */
type Head = [says: 'spool', format: number, instance: string]
type Sent = [says: 'sent', id: string, node: string, number: number]
type Gone = [says: 'gone', id: string]
/**
 * The job is in the form in which it travels: what was taken at `enqueue` is what is read again, by the same rules. Behind it are those
 * that are to be taken together with it: in one record, so that all of them are there or none is.
 */
type Waits = [says: 'job', id: string, enqueuedAt: number, fields: Buffer]
/** All in front of this byte was on the disk when it was written. */
type Safe = [says: 'safe', bytes: number]
type Fields = Head | Waits | Sent | Gone | Safe

export const FORMAT = 5
const PREFIX = 8
/** The first byte of what says `safe`. */
const LIST_OF_TWO = 0x92

/** The records of a job that is not gone. */
export interface JobRecords {
  readonly job: Buffer
  /** Of the last time that it was sent. */
  sent: Buffer | null
}

export interface SpoolContent {
  /** Null when there is no head, and so nothing. Of another format than ours nothing more is read. */
  readonly format: number | null
  readonly instance: string | null
  /** By id. */
  readonly live: Map<string, JobRecords>
  /** Where the first record is that is not whole; the length of the file when all are. */
  readonly end: number
  /** A whole record behind it says that it was on the disk: no loss of power has torn it. */
  readonly damaged: boolean
}

/** A job of an earlier life of the app: where it had been sent, when it had been. */
export interface Spooled {
  readonly job: OutJob
  readonly node: string | null
}

export function headRecord(instance: string): Buffer {
  return encode(['spool', FORMAT, instance])
}

export function jobRecord(job: OutJob, enqueuedAt: number): Buffer {
  const w = new ByteWriter(256 + job.bytes)
  for (const each of [job, ...restOf(job)]) writeJobFields(w, messageOf(each, 0, enqueuedAt))
  return encode(['job', job.id, enqueuedAt, w.take()])
}

export function sentRecord(id: string, node: string, number: number): Buffer {
  return encode(['sent', id, node, number])
}

export function goneRecord(id: string): Buffer {
  return encode(['gone', id])
}

export function safeRecord(bytes: number): Buffer {
  return encode(['safe', bytes])
}

/**
 * What a file says, up to the first record that is not whole: after a loss of power the end may be torn, zeros or anything,
 * and what is behind it had not been synced. Never throws.
 */
export function readRecords(bytes: Buffer): SpoolContent {
  const live = new Map<string, JobRecords>()
  const first = recordAt(bytes, 0)
  const head = fieldsOf(first)
  if (first === null || head?.[0] !== 'spool')
    return { format: null, instance: null, live, end: 0, damaged: bytes.length > 0 }
  const [, format, instance] = head
  if (format !== FORMAT) return { format, instance: null, live, end: 0, damaged: false }
  let at = first.length
  for (;;) {
    const record = recordAt(bytes, at)
    const fields = fieldsOf(record)
    if (record === null || fields === null || fields[0] === 'spool') break
    at += record.length
    if (fields[0] === 'job') live.set(fields[1], { job: copyOf(record), sent: null })
    else if (fields[0] === 'gone') live.delete(fields[1])
    else if (fields[0] === 'sent') {
      const records = live.get(fields[1])
      if (records !== undefined) records.sent = copyOf(record)
    }
  }
  return { format, instance, live, end: at, damaged: wasSafe(bytes, at) }
}

/** Looked for at each place: of a record that is damaged the length can't be trusted. */
function wasSafe(bytes: Buffer, end: number): boolean {
  for (let at = end + 1; at + PREFIX <= bytes.length; at++) {
    const fields = bytes[at + PREFIX] === LIST_OF_TWO ? fieldsOf(recordAt(bytes, at)) : null
    if (fields?.[0] === 'safe' && fields[1] > end) return true
  }
  return false
}

/** From records that `readRecords` has answered. */
export function spooledOf(records: JobRecords, clock: { now(): number; mono(): number }): Spooled {
  const job = jobOf(decode(records.job) as Waits, clock)
  if (records.sent === null) return { job, node: null }
  const [, , node, number] = decode(records.sent) as Sent
  renumber(job, number)
  return { job, node }
}

function encode(fields: Fields): Buffer {
  const body = pack(fields)
  const record = Buffer.allocUnsafe(PREFIX + body.length)
  record.writeUInt32BE(body.length, 0)
  record.writeUInt32BE(crc32(body), 4)
  record.set(body, PREFIX)
  return record
}

/** Null when there is no whole record at this place. */
function recordAt(bytes: Buffer, at: number): Buffer | null {
  if (at + PREFIX > bytes.length) return null
  const length = bytes.readUInt32BE(at)
  const end = at + PREFIX + length
  // The checksum of nothing is 0, so zeros would pass for records.
  if (length === 0 || end > bytes.length) return null
  return crc32(bytes.subarray(at + PREFIX, end)) === bytes.readUInt32BE(at + 4)
    ? bytes.subarray(at, end)
    : null
}

/** Null when it is none of ours, whatever its checksum. */
function fieldsOf(record: Buffer | null): Fields | null {
  if (record === null) return null
  try {
    const fields = decode(record)
    return Array.isArray(fields) && isOurs(fields) ? (fields as Fields) : null
  } catch {
    return null
  }
}

function isOurs(fields: readonly unknown[]): boolean {
  const [says, first, second, third] = fields
  switch (says) {
    case 'spool':
      return Number.isInteger(first) && (first !== FORMAT || typeof second === 'string')
    case 'job':
      return Number.isSafeInteger(second) && Buffer.isBuffer(third) && fieldsIn(third)[0]?.job.id === first
    case 'sent':
      return typeof first === 'string' && typeof second === 'string' && Number.isInteger(third)
    case 'gone':
      return typeof first === 'string'
    case 'safe':
      return Number.isSafeInteger(first)
    default:
      return false
  }
}

function decode(record: Buffer): unknown {
  return unpack(record.subarray(PREFIX))
}

/** A view would keep the whole file in memory. */
function copyOf(record: Buffer): Buffer {
  return Buffer.from(record)
}

function fieldsIn(bytes: Buffer): SentJob[] {
  const r = new ByteReader(bytes)
  const fields: SentJob[] = []
  while (r.left > 0) fields.push(readJobFields(r))
  return fields
}

function jobOf([, , enqueuedAt, bytes]: Waits, clock: { now(): number; mono(): number }): OutJob {
  // The time that the app was away counts.
  const since = clock.mono() - Math.max(0, clock.now() - enqueuedAt)
  const jobs = fieldsIn(bytes).map(({ job, wanted, sentBefore, ...wait }) => {
    const ticket = new Ticket(job.id, job.name, null, null, wanted, job.edition)
    return outJob(job, whenOf(wait, enqueuedAt), ticket, since, sentBefore)
  })
  return together(jobs)
}
