/** Reads numbers and strings as LevelDB writes them. Throws a RangeError beyond the end. */
export class VarintReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Whole numbers up to 2 ** 53 - 1: nothing that is numbered here comes near. */
  uint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined || scale > 2 ** 49) throw new RangeError('a number that does not end')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** A part of the bytes. */
  take(length: number): Buffer {
    if (length > this.left) throw new RangeError('bytes that are not there')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Bytes behind their length. */
  bytes(): Buffer {
    return this.take(this.uint())
  }
}
