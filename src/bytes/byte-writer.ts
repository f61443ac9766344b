const FIRST_SIZE = 1024
/** Text up to this many characters is written and compared byte by byte: a call into the runtime costs more. */
const SHORT = 64
/** To look a method up for each letter is slow: inside, there are many kinds of strings. */
const { charCodeAt } = String.prototype
/** Whole numbers up to this are small integers to the runtime. Larger ones are written in two parts. */
const SMALL = 0x7fffffff
const PART = 2 ** 28
const LOW_DIGITS = 5
const LOW = 36 ** LOW_DIGITS

/**
 * Writes small values one behind the other: whole numbers as varints of seven bits a byte, text as UTF-8 behind its
 * length. What was written is read with `ByteReader`, in the same order.
 */
export class ByteWriter {
  #bytes: Buffer
  #at = 0

  constructor(size = FIRST_SIZE) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  get length(): number {
    return this.#at
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  /** A whole number from 0 to 2 ** 53 - 1. */
  uint(value: number): void {
    this.#reserve(8)
    const bytes = this.#bytes
    let at = this.#at
    let rest = value
    if (value > SMALL) {
      // In two parts that are small integers: a larger number takes several times as long.
      const high = Math.floor(value / PART)
      const low = value - high * PART
      bytes[at++] = low | 0x80
      bytes[at++] = (low >>> 7) | 0x80
      bytes[at++] = (low >>> 14) | 0x80
      bytes[at++] = (low >>> 21) | 0x80
      rest = high
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#at = at
  }

  float(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleBE(value, this.#at)
  }

  /** Four bytes, big-endian. */
  u32(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32BE(value, this.#at)
  }

  text(value: string): void {
    const { length } = value
    if (length < SHORT) {
      this.#reserve(SHORT + 1)
      if (this.#ascii(value, length, this.#at + 1)) {
        this.#bytes[this.#at] = length
        this.#at += 1 + length
        return
      }
    }
    const size = Buffer.byteLength(value)
    this.uint(size)
    this.#reserve(size)
    this.#at += this.#bytes.write(value, this.#at)
  }

  /** Text without its length in bytes, which is answered. */
  chars(value: string): number {
    const { length } = value
    this.#reserve(SHORT)
    if (length < SHORT && this.#ascii(value, length, this.#at)) {
      this.#at += length
      return length
    }
    const size = Buffer.byteLength(value)
    this.#reserve(size)
    this.#at += this.#bytes.write(value, this.#at)
    return size
  }

  /** A whole number as digits and small letters, with leading zeros, so that it is ordered as text. */
  base36(value: number, width: number): void {
    this.#reserve(width)
    const bytes = this.#bytes
    // In two halves that are small integers: a larger number takes several times as long.
    const high = Math.floor(value / LOW)
    let rest = value - high * LOW
    for (let i = this.#at + width - 1; i >= this.#at; i--) {
      if (i === this.#at + width - 1 - LOW_DIGITS) rest = high
      const digit = rest % 36
      bytes[i] = digit < 10 ? 48 + digit : 87 + digit
      rest = (rest - digit) / 36
    }
    this.#at += width
  }

  bytes(value: Uint8Array): void {
    this.uint(value.length)
    this.raw(value)
  }

  /** Without its length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  /** Overwrites what was written with `u8` at this place. */
  patch8(at: number, value: number): void {
    this.#bytes[at] = value
  }

  /** Overwrites what was written with `u32` at this place. */
  patch(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at)
  }

  /** Takes back what was written beyond this length. */
  cut(length: number): void {
    this.#at = length
  }

  /** All that was written, where it lies: `use` is to keep none of it. */
  peek<T>(use: (bytes: Buffer, from: number, end: number) => T): T {
    return use(this.#bytes, 0, this.#at)
  }

  /** All that was written; the writer begins anew with another buffer. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at)
    // As large as the last: most of what is written in a row is of one size.
    this.#bytes = Buffer.allocUnsafe(Math.max(FIRST_SIZE, Math.min(2 * this.#at, 256 * 1024)))
    this.#at = 0
    return taken
  }

  /** A copy of all that was written, no larger than that; the writer begins anew with the buffer that it has. */
  copy(): Buffer {
    const copied = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return copied
  }

  /** Whether all of it could be written there as one byte each. */
  #ascii(value: string, length: number, from: number): boolean {
    const bytes = this.#bytes
    for (let i = 0; i < length; i++) {
      const code = charCodeAt.call(value, i)
      if (code > 0x7f) return false
      bytes[from + i] = code
    }
    return true
  }

  #reserve(more: number): void {
    const need = this.#at + more
    if (need <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(need, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
