import { ByteReader, ByteWriter, TextTable } from '../bytes.js'
import { JrError } from '../errors.js'
import { SEAL_BYTES, type Seal } from './seal.js'

/** The messages of one kind of connection. What `write` writes, `read` reads in the same order. */
export interface MessageSet<M> {
  /** From 0 to 255. */
  code(message: M): number
  write(message: M, w: ByteWriter): void
  /** Null for a code that is not known. Throws JR_PROTOCOL for fields that are not of their form. */
  read(code: number, r: ByteReader): M | null
  /**
   * A message whose fields are not of their form, read from its beginning: what its sender can be told about, so that it
   * fails alone. Throws `error` when that can't be said.
   */
  salvage(code: number, r: ByteReader, error: JrError): M
}

/** The length that begins a frame. */
const PREFIX = 4
/** Code and length that begin a message. */
const HEAD = 5
/** Messages in a frame: what few bytes become may be a hundred times as large. */
const MAX_MESSAGES = 65_536

/** Gathers messages into one frame. */
export class FrameWriter<M> {
  readonly #set: MessageSet<M>
  readonly #seal: Seal | null
  readonly #w = new ByteWriter()
  #count = 0

  constructor(set: MessageSet<M>, seal: Seal | null = null) {
    this.#set = set
    this.#seal = seal
    this.#w.u32(0)
  }

  /** Bytes gathered. */
  get bytes(): number {
    return this.#w.length - PREFIX
  }

  add(message: M): void {
    const w = this.#w
    w.u8(this.#set.code(message))
    const at = w.length
    w.u32(0)
    this.#set.write(message, w)
    w.patch(at, w.length - at - 4)
    this.#count++
  }

  /** Takes back the last message, before which so many bytes had been gathered. */
  undo(bytes: number): void {
    this.#w.cut(bytes + PREFIX)
    this.#count--
  }

  /** No more than this may be gathered. */
  get isFull(): boolean {
    return this.#count >= MAX_MESSAGES
  }

  /** The frame of all that was gathered; null when there is nothing. */
  take(): Buffer | null {
    if (this.#count === 0) return null
    const w = this.#w
    const end = w.length
    if (this.#seal !== null) for (let n = 0; n < SEAL_BYTES; n += 4) w.u32(0)
    w.patch(0, w.length - PREFIX)
    const frame = w.take()
    if (this.#seal !== null) this.#seal.next(frame.subarray(0, end)).copy(frame, end)
    w.u32(0)
    this.#count = 0
    return frame
  }
}

/** Makes messages of bytes, whatever way they are split. */
export class FrameReader<M> {
  readonly #set: MessageSet<M>
  readonly #maxFrame: number
  readonly #seal: Seal | null
  /** Bytes of a frame behind its messages. */
  readonly #tail: number
  readonly #texts = new TextTable()
  /** A frame of which not all has come. */
  #chunks: Buffer[] = []
  #have = 0
  #need = PREFIX

  constructor(set: MessageSet<M>, limits: { readonly maxFrame: number }, seal: Seal | null = null) {
    this.#set = set
    this.#maxFrame = limits.maxFrame
    this.#seal = seal
    this.#tail = seal === null ? 0 : SEAL_BYTES
  }

  /** Whether the bytes so far end within a frame. */
  get partial(): boolean {
    return this.#have > 0
  }

  /**
   * The messages that these bytes complete; payloads are views of the chunk, or of the frame when it came in pieces.
   * Throws JR_PROTOCOL or JR_AUTH; the reader can't be used after that.
   */
  push(chunk: Buffer): M[] {
    const messages: M[] = []
    let bytes = chunk
    if (this.#have > 0) {
      this.#chunks.push(chunk)
      this.#have += chunk.length
      if (this.#have < this.#need) return messages
      bytes = Buffer.concat(this.#chunks, this.#have)
      this.#chunks = []
      this.#have = 0
    }
    const r = new ByteReader(bytes, 0, bytes.length, this.#texts)
    for (;;) {
      this.#need = PREFIX
      if (r.left >= PREFIX) this.#need += this.#lengthOf(bytes.readUInt32BE(r.at))
      if (r.left < this.#need || r.left === 0) break
      const end = r.at + this.#need
      const sealed = end - this.#tail
      this.#seal?.check(bytes.subarray(r.at, sealed), bytes.subarray(sealed, end))
      const outer = r.limit(sealed)
      r.u32()
      this.#read(r, messages)
      r.at = end
      r.unlimit(outer)
    }
    if (r.left > 0) {
      this.#chunks.push(r.at === 0 ? bytes : bytes.subarray(r.at))
      this.#have = r.left
    }
    return messages
  }

  #message(code: number, r: ByteReader): M | null {
    const from = r.at
    try {
      return this.#set.read(code, r)
    } catch (error) {
      if (!(error instanceof JrError)) throw error
      r.at = from
      return this.#set.salvage(code, r, error)
    }
  }

  #lengthOf(length: number): number {
    const bare = length - this.#tail
    if (bare >= HEAD && bare <= this.#maxFrame) return length
    const text = `a frame of ${bare} bytes: expected ${HEAD} to ${this.#maxFrame} (maxFrame)`
    throw new JrError('JR_PROTOCOL', text)
  }

  /** All messages of a frame. What a later version has put behind the fields that are known is left out. */
  #read(r: ByteReader, into: M[]): void {
    for (let count = 0; r.left > 0; count++) {
      if (count === MAX_MESSAGES)
        throw new JrError('JR_PROTOCOL', `a frame has more than ${MAX_MESSAGES} messages`)
      const code = r.u8()
      const length = r.u32()
      const end = r.at + length
      const outer = r.limit(end)
      const message = this.#message(code, r)
      if (message !== null) into.push(message)
      r.at = end
      r.unlimit(outer)
    }
  }
}
