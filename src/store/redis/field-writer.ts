import { ByteWriter } from '../../bytes/byte-writer.js'

const FIRST_SIZE = 64 * 1024
const ARRAY = 0xdd
const SHORT_TEXT = 0xa0
const TEXT = 0xdb
/** Characters of which not even three bytes each are too many for a short text. */
const SHORT = 10

/**
 * Lists of texts, as a MessagePack array of arrays: what a Lua script can take apart without a loop of its own. Bytes
 * are written as text too, for Redis' MessagePack knows no other form for them.
 */
export class FieldWriter {
  readonly #out = new ByteWriter(FIRST_SIZE)
  #lists = 0
  #texts = 0

  /** All that `write` writes is one list. */
  list(write: () => void): void {
    if (this.#lists++ === 0) this.#head()
    const at = this.#head()
    this.#texts = 0
    write()
    this.#out.patch(at, this.#texts)
  }

  text(value: string): void {
    this.#texts++
    const at = this.#out.length
    if (value.length <= SHORT) {
      this.#out.u8(SHORT_TEXT)
      this.#out.patch8(at, SHORT_TEXT + this.#out.chars(value))
    } else {
      this.#out.u8(TEXT)
      this.#out.u32(0)
      this.#out.patch(at + 1, this.#out.chars(value))
    }
  }

  /** A text that `write` makes of a record. */
  row<T>(write: (out: ByteWriter, record: T) => void, record: T): void {
    this.#texts++
    const at = this.#out.length + 1
    this.#out.u8(TEXT)
    this.#out.u32(0)
    write(this.#out, record)
    this.#out.patch(at, this.#out.length - at - 4)
  }

  /** The array of all lists so far; begins anew. */
  take(): Buffer {
    this.#out.patch(1, this.#lists)
    this.#lists = 0
    return this.#out.take()
  }

  /** Where the number of what is in an array will be written. */
  #head(): number {
    this.#out.u8(ARRAY)
    this.#out.u32(0)
    return this.#out.length - 4
  }
}
