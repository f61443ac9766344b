import { VarintReader } from './varint.js'

/** What a block was before it was compressed with Snappy. Throws a RangeError when it can't have been anything. */
export function unsnappy(bytes: Buffer): Buffer {
  const r = new VarintReader(bytes)
  const out = Buffer.alloc(r.uint())
  let end = 0
  while (r.left > 0) {
    const tag = byteOf(r)
    const high = tag >>> 2
    if ((tag & 3) === 0) {
      // Bytes as they are: up to 60, or the length follows in one to four bytes.
      const literal = r.take((high < 60 ? high : littleEndian(r, high - 59)) + 1)
      if (end + literal.length > out.length) throw new RangeError('more bytes than there were')
      out.set(literal, end)
      end += literal.length
      continue
    }
    // A copy of bytes that were met before.
    const [length, back] =
      (tag & 3) === 1
        ? [(high & 7) + 4, (tag >>> 5) * 256 + byteOf(r)]
        : [high + 1, littleEndian(r, (tag & 3) === 2 ? 2 : 4)]
    if (back === 0 || back > end || end + length > out.length) throw new RangeError('a copy of nothing')
    // What is copied may be what this copy itself has written.
    for (const to = end + length; end < to; end++) out[end] = out[end - back] as number
  }
  if (end !== out.length) throw new RangeError('fewer bytes than there were')
  return out
}

function byteOf(r: VarintReader): number {
  return littleEndian(r, 1)
}

function littleEndian(r: VarintReader, bytes: number): number {
  return r.take(bytes).readUIntLE(0, bytes)
}
