const FIRST_SIZE = 64 * 1024
const HEADER = 5

/**
 * Fields of a group, as a MessagePack array of texts: what a Lua script can take apart without a loop of its own. Bytes
 * are written as text too, for Redis' MessagePack knows no other form for them.
 */
export class FieldWriter {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE)
  #length = HEADER
  #count = 0

  text(value: string): void {
    // The longest that it can be in UTF-8.
    this.#reserve(value.length * 3)
    const short = value.length < 11
    const start = this.#length + (short ? 1 : 3)
    const size = this.#buffer.write(value, start)
    if (short) this.#buffer[this.#length] = 0xa0 + size
    else {
      if (size > 0xffff) return this.bytes(Buffer.from(value))
      this.#buffer[this.#length] = 0xda
      this.#buffer.writeUInt16BE(size, this.#length + 1)
    }
    this.#length = start + size
    this.#count++
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer[this.#length] = 0xdb
    this.#buffer.writeUInt32BE(value.length, this.#length + 1)
    this.#buffer.set(value, this.#length + HEADER)
    this.#length += HEADER + value.length
    this.#count++
  }

  /** The array of everything written so far; begins anew. */
  take(): Buffer {
    this.#buffer[0] = 0xdd
    this.#buffer.writeUInt32BE(this.#count, 1)
    const taken = this.#buffer.subarray(0, this.#length)
    this.#buffer = Buffer.allocUnsafe(FIRST_SIZE)
    this.#length = HEADER
    this.#count = 0
    return taken
  }

  #reserve(size: number): void {
    const needed = this.#length + HEADER + size
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}
