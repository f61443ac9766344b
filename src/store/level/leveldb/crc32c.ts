/** CRC-32C, as LevelDB's files have it: Node's own `crc32` is of another polynomial. */
const POLYNOMIAL = 0x82f63b78
const MASK_DELTA = 0xa282ead8
const BYTE = 256

/** Eight tables in one: the first is for the last of eight bytes, each other for the byte before. */
const TABLES = tables()

/** Of the bytes from `from` on, up to `to`, as they are stored: masked. */
export function maskedCrc(bytes: Buffer, from: number, to: number): number {
  const crc = crc32c(bytes, from, to)
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

function crc32c(bytes: Buffer, from: number, to: number): number {
  let crc = -1
  let at = from
  for (; at + 8 <= to; at += 8) {
    const low = crc ^ word(bytes, at)
    const high = word(bytes, at + 4)
    crc =
      entry(7, low & 255) ^
      entry(6, (low >>> 8) & 255) ^
      entry(5, (low >>> 16) & 255) ^
      entry(4, low >>> 24) ^
      entry(3, high & 255) ^
      entry(2, (high >>> 8) & 255) ^
      entry(1, (high >>> 16) & 255) ^
      entry(0, high >>> 24)
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ entry(0, (crc ^ (bytes[at] as number)) & 255)
  return ~crc
}

function word(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function entry(table: number, byte: number): number {
  return TABLES[table * BYTE + byte] as number
}

function tables(): Int32Array {
  const made = new Int32Array(8 * BYTE)
  for (let byte = 0; byte < BYTE; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    made[byte] = crc
  }
  for (let i = BYTE; i < made.length; i++) {
    const before = made[i - BYTE] as number
    made[i] = (before >>> 8) ^ (made[before & 255] as number)
  }
  return made
}
