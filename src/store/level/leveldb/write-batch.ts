import { VarintReader } from './varint.js'

/** A row as LevelDB was given it, or that it is gone. */
export interface Version {
  readonly key: string
  /** The later of two of one key has the higher number. */
  readonly sequence: number
  /** Null: it was removed. */
  readonly row: Buffer | null
}

const PUT = 1
const COUNT_AT = 8
const HEAD = 12

/** An entry of LevelDB's log: rows that were put and removed together. Throws a RangeError when it can't be read. */
export function* versionsInBatch(entry: Buffer): Generator<Version> {
  const first = sequenceOf(entry)
  const r = new VarintReader(entry, HEAD)
  for (let sequence = first; r.left > 0; sequence++) {
    const isPut = r.uint() === PUT
    const key = r.bytes().toString()
    yield { key, sequence, row: isPut ? r.bytes() : null }
  }
}

/** The sequence of the first row of an entry. */
export function sequenceOf(entry: Buffer): number {
  return Number(entry.readBigUInt64LE(0))
}

/** The sequence with which the next entry begins. */
export function sequenceBehind(entry: Buffer): number {
  return sequenceOf(entry) + entry.readUInt32LE(COUNT_AT)
}

/** A row of a table. Its key has the number, and whether it was put, behind it. */
export function versionInTable(key: Buffer, value: Buffer): Version {
  const tag = key.readBigUInt64LE(key.length - 8)
  const isPut = Number(tag & 0xffn) === PUT
  return {
    key: key.toString('utf8', 0, key.length - 8),
    sequence: Number(tag >> 8n),
    row: isPut ? value : null,
  }
}
