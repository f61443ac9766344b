import { ByteReader } from '../bytes/byte-reader.js'
import { TextTable } from '../bytes/text-table.js'

/** To put together what is larger when its last piece has come would keep the process too long. */
const LARGE = 256 * 1024
const NOTHING = Buffer.alloc(0)

/** Bytes that come in pieces, and a reader of those that are in one. */
export class Incoming {
  readonly #texts = new TextTable()
  #bytes: Buffer = NOTHING
  #r = new ByteReader(NOTHING)
  /** What has come behind `#bytes`. */
  #chunks: Buffer[] = []
  #behind = 0
  /** How many bytes in one piece are waited for. */
  #awaited = 0
  /** The place for what is large and waited for: each piece is put into it as it comes. */
  #large: Buffer | null = null
  #filled = 0

  get reader(): ByteReader {
    return this.#r
  }

  /** Bytes that have come and were not read. */
  get left(): number {
    return this.#r.left + this.#behind + (this.#large === null ? 0 : this.#filled)
  }

  push(chunk: Buffer): void {
    if (this.#large === null && this.#awaited > LARGE) this.#large = this.#begin(this.#awaited)
    const rest = this.#large === null ? chunk : this.#fill(this.#large, chunk)
    if (rest.length === 0) return
    this.#chunks.push(rest)
    this.#behind += rest.length
  }

  /** Whether so many bytes have come that were not read; they are in one piece then. */
  has(count: number): boolean {
    const { left, at } = this.#r
    if (left >= count) return true
    if (left + this.#behind < count) {
      this.#awaited = count
      return false
    }
    const [only] = this.#chunks
    if (left === 0 && this.#chunks.length === 1 && only !== undefined) this.#read(only)
    else this.#read(Buffer.concat([this.#bytes.subarray(at), ...this.#chunks]))
    this.#chunks = []
    this.#behind = 0
    return true
  }

  /** Those from the place of the reader on. */
  next(count: number): Buffer {
    const { at } = this.#r
    return this.#bytes.subarray(at, at + count)
  }

  /** What has been read is not kept. */
  release(): void {
    if (this.#r.left === 0) this.#read(NOTHING)
  }

  #begin(size: number): Buffer {
    const large = Buffer.allocUnsafe(size)
    this.#filled = 0
    for (const piece of [this.#bytes.subarray(this.#r.at), ...this.#chunks])
      this.#filled += piece.copy(large, this.#filled)
    this.#read(NOTHING)
    this.#chunks = []
    this.#behind = 0
    return large
  }

  /** Answers with what is behind it. */
  #fill(large: Buffer, chunk: Buffer): Buffer {
    const taken = chunk.copy(large, this.#filled)
    this.#filled += taken
    if (this.#filled === large.length) {
      this.#large = null
      this.#awaited = 0
      this.#read(large)
    }
    return chunk.subarray(taken)
  }

  #read(bytes: Buffer): void {
    this.#bytes = bytes
    this.#r = new ByteReader(bytes, 0, bytes.length, this.#texts)
  }
}
