import { VarintReader } from './varint.js'

/** What LevelDB says of its files. */
export interface Version {
  /** The first log that is needed; 0 while there is none. */
  logNumber: number
  /** Of all that is in tables; logs may go on behind it. */
  lastSequence: number
  /** By number: bytes of each table. */
  readonly tables: Map<number, number>
}

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG = 9

/** The entries of a manifest, one after the other. Throws a RangeError when one can't be read. */
export function readVersion(entries: readonly Buffer[]): Version {
  const version: Version = { logNumber: 0, lastSequence: 0, tables: new Map() }
  for (const entry of entries) apply(version, entry)
  return version
}

function apply(version: Version, entry: Buffer): void {
  const r = new VarintReader(entry)
  // A table that changes its level is deleted and new in one entry.
  const gone: number[] = []
  const made: [number, number][] = []
  while (r.left > 0) {
    switch (r.uint()) {
      case COMPARATOR:
        r.bytes()
        break
      case LOG_NUMBER:
        version.logNumber = r.uint()
        break
      case LAST_SEQUENCE:
        version.lastSequence = r.uint()
        break
      case NEXT_FILE:
      case PREVIOUS_LOG:
        r.uint()
        break
      case COMPACT_POINTER:
        r.uint()
        r.bytes()
        break
      case DELETED_FILE:
        r.uint()
        gone.push(r.uint())
        break
      case NEW_FILE: {
        r.uint()
        made.push([r.uint(), r.uint()])
        r.bytes()
        r.bytes()
        break
      }
      default:
        throw new RangeError('it says something that is not known')
    }
  }
  for (const number of gone) version.tables.delete(number)
  for (const [number, bytes] of made) version.tables.set(number, bytes)
}
