import { JrError } from '../errors.js'
import type { TextTable } from './text-table.js'

/** Reads what a `ByteWriter` wrote, from anywhere: each step is checked, and throws JR_PROTOCOL. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #texts: TextTable | null
  #end: number
  at: number

  /** `texts`: where texts that come again and again are kept, so that each is made once. */
  constructor(bytes: Buffer, at = 0, end = bytes.length, texts: TextTable | null = null) {
    this.#bytes = bytes
    this.at = at
    this.#end = end
    this.#texts = texts
  }

  get left(): number {
    return this.#end - this.at
  }

  /** From now on reading ends here; answers where it ended before. */
  limit(end: number): number {
    const before = this.#end
    if (end > before || end < this.at) tooShort()
    this.#end = end
    return before
  }

  /** Undoes `limit`. */
  unlimit(end: number): void {
    this.#end = end
  }

  u8(): number {
    if (this.at >= this.#end) tooShort()
    return this.#bytes[this.at++] as number
  }

  flag(): boolean {
    const value = this.u8()
    if (value > 1) refuse('expected true or false')
    return value === 1
  }

  uint(): number {
    const bytes = this.#bytes
    let value = 0
    let scale = 1
    for (;;) {
      if (this.at >= this.#end) tooShort()
      const byte = bytes[this.at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
      if (scale > 2 ** 49) refuse('a number is too large')
    }
    if (value > Number.MAX_SAFE_INTEGER) refuse('a number is too large')
    return value
  }

  float(): number {
    if (this.left < 8) tooShort()
    const value = this.#bytes.readDoubleBE(this.at)
    this.at += 8
    return value
  }

  u32(): number {
    if (this.left < 4) tooShort()
    const value = this.#bytes.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  text(): string {
    const from = this.#skip()
    return this.#bytes.toString('utf8', from, this.at)
  }

  /** Text that has probably been read before. */
  known(): string {
    const from = this.#skip()
    return this.#texts === null
      ? this.#bytes.toString('utf8', from, this.at)
      : this.#texts.find(this.#bytes, from, this.at)
  }

  /** Bytes behind their length, where they lie: `use` is to keep none of them. */
  span<T>(use: (bytes: Buffer, from: number, end: number) => T): T {
    const from = this.#skip()
    return use(this.#bytes, from, this.at)
  }

  /** A view of what is read. */
  bytes(): Buffer {
    const from = this.#skip()
    return this.#bytes.subarray(from, this.at)
  }

  #skip(): number {
    const length = this.uint()
    const from = this.at
    if (length > this.#end - from) tooShort()
    this.at = from + length
    return from
  }
}

function tooShort(): never {
  return refuse('it ends too early')
}

function refuse(why: string): never {
  throw new JrError('JR_PROTOCOL', `not what was expected: ${why}`)
}
