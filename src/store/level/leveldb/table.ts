import { maskedCrc } from './crc32c.js'
import { unsnappy } from './snappy.js'
import { VarintReader } from './varint.js'

/**
 * A table of LevelDB: blocks, each with a byte of type and a checksum behind it, which is of the type, too; the last is the
 * index, which says where the others are; at the end, where the index is.
 */
const FOOTER = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
const SNAPPY = 1

/** Where a block is, without its type and checksum. */
export interface BlockPlace {
  readonly at: number
  readonly size: number
}

export interface TableFile {
  /** Blocks with rows. */
  readonly data: readonly BlockPlace[]
  /** With filters, and what says where these are. */
  readonly others: readonly BlockPlace[]
}

/** Throws a RangeError when the end, the index or what it needs is damaged. */
export function readTable(bytes: Buffer): TableFile {
  const footer = bytes.subarray(Math.max(0, bytes.length - FOOTER))
  if (footer.length < FOOTER || !footer.subarray(FOOTER - MAGIC.length).equals(MAGIC)) {
    throw new RangeError('its end is not the end of a table')
  }
  const r = new VarintReader(footer)
  const meta = placeIn(r)
  const index = placeIn(r)
  const filters = placesIn(bytes, meta)
  return { data: placesIn(bytes, index), others: [meta, ...filters, index] }
}

export function isWhole(bytes: Buffer, { at, size }: BlockPlace): boolean {
  const end = at + size + 1
  return end + 4 <= bytes.length && bytes.readUInt32LE(end) === maskedCrc(bytes, at, end)
}

/** The places that a block names. */
function placesIn(bytes: Buffer, block: BlockPlace): BlockPlace[] {
  if (!isWhole(bytes, block)) throw new RangeError(`the index at byte ${block.at} is damaged`)
  return Array.from(entriesOf(bytes, block), ([, value]) => placeIn(new VarintReader(value)))
}

function placeIn(r: VarintReader): BlockPlace {
  return { at: r.uint(), size: r.uint() }
}

/** What is in a whole block, as it was before it was compressed. */
function contentOf(bytes: Buffer, { at, size }: BlockPlace): Buffer {
  const content = bytes.subarray(at, at + size)
  return bytes[at + size] === SNAPPY ? unsnappy(content) : content
}

/** Keys and values of a whole block. A key has only what differs from the one before. */
export function* entriesOf(
  bytes: Buffer,
  place: BlockPlace,
): Generator<readonly [key: Buffer, value: Buffer]> {
  const block = contentOf(bytes, place)
  const restarts = block.readUInt32LE(block.length - 4)
  const r = new VarintReader(block.subarray(0, block.length - 4 * (restarts + 1)))
  let key: Buffer = Buffer.alloc(0)
  while (r.left > 0) {
    const shared = r.uint()
    const own = r.uint()
    const length = r.uint()
    key = Buffer.concat([key.subarray(0, shared), r.take(own)])
    yield [key, r.take(length)]
  }
}
