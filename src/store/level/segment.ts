import { crc32 } from 'node:zlib'

/**
 * A file of the log. It begins with its number, which grows with each use of the file; what an earlier use has left
 * behind the end is not met, for the number is part of each checksum.
 *
 *     magic (8)  number (4)  checksum (4)      then records:
 *     length (4)  checksum (4)  group (6)  synced (4)  batch (6)  row (length - 16)
 *
 * Each record says what was on the disk for certain when it was written: of this file all up to `synced`, and of
 * LevelDB all up to this batch. So what a loss of power has torn is told from what has gone since. A record
 * of length 0 says that nothing follows in this file.
 */
const MAGIC = Buffer.from('JR-LOG2\n')
export const SEGMENT_HEAD = 16
/** Bytes that a record takes beside its row. */
export const RECORD_HEAD = 24
export const END_RECORD = 8
const PREFIX = 8
const FACTS = RECORD_HEAD - PREFIX

/** What is on the disk for certain. */
export interface Witness {
  /** Bytes of the segment. */
  readonly synced: number
  /** The last batch of LevelDB. */
  readonly batch: number
}

export interface LogRecord extends Witness {
  readonly group: number
  readonly row: Buffer
}

export interface SegmentContent {
  /** Up to the first that is not whole. */
  readonly records: readonly LogRecord[]
  /** Where the next record goes. */
  readonly end: number
  /** It was said that nothing follows. */
  readonly sealed: boolean
  /** Whole records behind the end: something before them was lost or damaged. */
  readonly behind: readonly (LogRecord & { readonly at: number })[]
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
export function recordHead(into: Buffer, number: number, { group, row, synced, batch }: LogRecord): void {
  into.writeUInt32BE(row.length + FACTS, 0)
  into.writeUIntBE(group, 8, 6)
  into.writeUInt32BE(synced, 14)
  into.writeUIntBE(batch, 18, 6)
  into.writeUInt32BE(crc32(row, crc32(into.subarray(PREFIX, RECORD_HEAD), number)), 4)
}

export function endRecord(number: number): Buffer {
  const record = Buffer.alloc(END_RECORD)
  record.writeUInt32BE(crc32(record.subarray(0, 4), number), 4)
  return record
}

/** The rows are parts of `file`. */
export function readSegment(file: Buffer, number: number): SegmentContent {
  const records: LogRecord[] = []
  let end = SEGMENT_HEAD
  for (let size = sizeAt(file, end, number); size !== null; size = sizeAt(file, end, number)) {
    if (size === END_RECORD) return { records, end, sealed: true, behind: [] }
    records.push(recordAt(file, end, size))
    end += size
  }
  return { records, end, sealed: false, behind: recordsBehind(file, end, number) }
}

function recordAt(file: Buffer, at: number, size: number): LogRecord {
  return {
    group: file.readUIntBE(at + 8, 6),
    synced: file.readUInt32BE(at + 14),
    batch: file.readUIntBE(at + 18, 6),
    row: file.subarray(at + RECORD_HEAD, at + size),
  }
}

/** The size of the whole record at this place; null when there is none. */
function sizeAt(file: Buffer, at: number, number: number): number | null {
  if (at + END_RECORD > file.length) return null
  const length = file.readUInt32BE(at)
  const sum = file.readUInt32BE(at + 4)
  if (length === 0) return sum === crc32(file.subarray(at, at + 4), number) ? END_RECORD : null
  const to = at + PREFIX + length
  if (length < FACTS || to > file.length) return null
  return sum === crc32(file.subarray(at + PREFIX, to), number) ? to - at : null
}

/** Looked for at each place: of a record that is damaged the length can't be trusted. */
function recordsBehind(file: Buffer, end: number, number: number): SegmentContent['behind'] {
  const found: (LogRecord & { at: number })[] = []
  for (let at = end + 1; at + RECORD_HEAD <= file.length; ) {
    // Most of what is there is zeros.
    const empty = file[at + 4] === 0 && file[at + 5] === 0 && file[at + 6] === 0 && file[at + 7] === 0
    const size = empty ? null : sizeAt(file, at, number)
    if (size === null || size === END_RECORD) at++
    else {
      found.push({ ...recordAt(file, at, size), at })
      at += size
    }
  }
  return found
}
