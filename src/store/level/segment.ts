import { crc32 } from 'node:zlib'

/**
 * A file of the log. It begins with its number, which grows with each use of the file; what an earlier use has left
 * behind the end is not met, for the number is part of each checksum.
 *
 *     magic (8)  number (4)  checksum (4)      then records:
 *     length (4)  checksum (4)  group (6)  row (length - 6)
 *
 * A record of length 0 says that nothing follows in this file.
 */
const MAGIC = Buffer.from('JR-LOG1\n')
export const SEGMENT_HEAD = 16
/** Bytes that a record takes beside its row. */
export const RECORD_HEAD = 14
export const END_RECORD = 8
const GROUP = 6

export interface LogRecord {
  readonly group: number
  readonly row: Buffer
}

export interface SegmentContent {
  readonly records: readonly LogRecord[]
  /** Where the next record goes. */
  readonly end: number
  /** It was said that nothing follows. */
  readonly sealed: boolean
  /** Bytes behind the end that hold a record of this use of the file: something before it was lost or damaged. */
  readonly lost: number
}

export function segmentHead(number: number): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD)
  MAGIC.copy(head)
  head.writeUInt32BE(number, 8)
  head.writeUInt32BE(crc32(head.subarray(0, 12)), 12)
  return head
}

/** Null when it is not the beginning of a segment. */
export function segmentNumber(file: Buffer): number | null {
  if (file.length < SEGMENT_HEAD || !file.subarray(0, MAGIC.length).equals(MAGIC)) return null
  return file.readUInt32BE(12) === crc32(file.subarray(0, 12)) ? file.readUInt32BE(8) : null
}

/** Writes what goes before the row. */
export function recordHead(into: Buffer, number: number, group: number, row: Buffer): void {
  into.writeUInt32BE(row.length + GROUP, 0)
  into.writeUIntBE(group, 8, GROUP)
  into.writeUInt32BE(crc32(row, crc32(into.subarray(8, RECORD_HEAD), number)), 4)
}

export function endRecord(number: number): Buffer {
  const record = Buffer.alloc(END_RECORD)
  record.writeUInt32BE(crc32(record.subarray(0, 4), number), 4)
  return record
}

/** Everything up to the first record that is not whole. The rows are parts of `file`. */
export function readSegment(file: Buffer, number: number): SegmentContent {
  const records: LogRecord[] = []
  let end = SEGMENT_HEAD
  for (let size = recordAt(file, end, number); size !== null; size = recordAt(file, end, number)) {
    if (size === END_RECORD) return { records, end, sealed: true, lost: 0 }
    const row = file.subarray(end + RECORD_HEAD, end + size)
    records.push({ group: file.readUIntBE(end + 8, GROUP), row })
    end += size
  }
  return { records, end, sealed: false, lost: bytesLost(file, end, number) }
}

/** The size of the whole record at this place; null when there is none. */
function recordAt(file: Buffer, at: number, number: number): number | null {
  if (at + END_RECORD > file.length) return null
  const length = file.readUInt32BE(at)
  const sum = file.readUInt32BE(at + 4)
  if (length === 0) return sum === crc32(file.subarray(at, at + 4), number) ? END_RECORD : null
  const to = at + 8 + length
  if (length < GROUP || to > file.length) return null
  return sum === crc32(file.subarray(at + 8, to), number) ? to - at : null
}

/** A record behind the first that is not whole tells a hole from the end. */
function bytesLost(file: Buffer, end: number, number: number): number {
  for (let at = end + 1; at + RECORD_HEAD <= file.length; at++) {
    // Most of what is there is zeros.
    if (file[at + 4] === 0 && file[at + 5] === 0 && file[at + 6] === 0 && file[at + 7] === 0) continue
    const size = recordAt(file, at, number)
    if (size !== null && size !== END_RECORD) return at - end
  }
  return 0
}
