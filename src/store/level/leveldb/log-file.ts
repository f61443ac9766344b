import { maskedCrc } from './crc32c.js'

/**
 * LevelDB's log, and its manifest, are files of this kind: blocks of 32 KiB with records that do not cross them, so that
 * an entry is one record, or several: a first, others, and a last.
 *
 *     checksum (4)  length (2)  type (1)  data         little-endian
 */
const BLOCK = 32 * 1024
const HEAD = 7
const FULL = 1
const FIRST = 2
const LAST = 4

export interface LogFile {
  /** Entries up to the first that is not whole. */
  readonly entries: readonly Buffer[]
  /** Where that one begins; the length of the file when all are whole. */
  readonly end: number
  /** Where a whole one begins behind it, the first; null when there is none. */
  readonly next: number | null
}

/** From the entry on that begins at `from`. The entries are parts of `bytes` where they can be. */
export function readLogFile(bytes: Buffer, from = 0): LogFile {
  const entries: Buffer[] = []
  let parts: Buffer[] = []
  /** Where the entry begins of which there are parts, or the next. */
  let begin = from
  for (let at = from; ; ) {
    at = blockRest(at) < HEAD ? at + blockRest(at) : at
    if (parts.length === 0) begin = Math.min(at, bytes.length)
    if (at >= bytes.length && parts.length === 0) return { entries, end: bytes.length, next: null }
    const size = recordAt(bytes, at)
    const type = size === null ? 0 : (bytes[at + 6] as number)
    const starts = type === FULL || type === FIRST
    if (size === null || starts !== (parts.length === 0)) {
      return { entries, end: begin, next: nextEntry(bytes, size === null ? at + 1 : at) }
    }
    parts.push(bytes.subarray(at + HEAD, at + size))
    at += size
    if (type !== FULL && type !== LAST) continue
    entries.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
    parts = []
  }
}

/** The size of the whole record at this place; null when there is none. */
function recordAt(bytes: Buffer, at: number): number | null {
  if (at + HEAD > bytes.length) return null
  const type = bytes[at + 6] as number
  if (type < FULL || type > LAST) return null
  const size = HEAD + bytes.readUInt16LE(at + 4)
  if (size > blockRest(at) || at + size > bytes.length) return null
  return bytes.readUInt32LE(at) === maskedCrc(bytes, at + 6, at + size) ? size : null
}

/** Lengths can't be trusted behind what is damaged, so it is looked for at each place. */
function nextEntry(bytes: Buffer, from: number): number | null {
  for (let at = from; at + HEAD <= bytes.length; at++) {
    const type = bytes[at + 6]
    if ((type === FULL || type === FIRST) && recordAt(bytes, at) !== null) return at
  }
  return null
}

function blockRest(at: number): number {
  return BLOCK - (at % BLOCK)
}
