import type { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { JrError } from '../errors.js'
import { Incoming } from './incoming.js'
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

interface OpenFrame {
  /** Messages that have been read. */
  count: number
  readonly end: number
  /** Where reading ended before it was limited to the frame. */
  readonly outer: number
}

/** Makes messages of bytes, whatever way they are split; no more of them at once than are asked for. */
export class FrameReader<M> {
  readonly #set: MessageSet<M>
  readonly #maxFrame: number
  readonly #seal: Seal | null
  /** Bytes of a frame behind its messages. */
  readonly #tail: number
  readonly #incoming = new Incoming()
  /** The one that is being read. */
  #frame: OpenFrame | null = null
  /** Bytes of one that has not come whole. */
  #length = 0

  constructor(set: MessageSet<M>, limits: { readonly maxFrame: number }, seal: Seal | null = null) {
    this.#set = set
    this.#maxFrame = limits.maxFrame
    this.#seal = seal
    this.#tail = seal === null ? 0 : SEAL_BYTES
  }

  /** Whether bytes have come that were not read: within a frame, or behind what was asked for. */
  get partial(): boolean {
    return this.#frame !== null || this.#incoming.left > 0
  }

  /** Bytes of a frame that has begun to come and is not whole, with those to come; 0: there is none. */
  get unfinished(): number {
    return this.#length
  }

  push(chunk: Buffer): void {
    this.#incoming.push(chunk)
  }

  /**
   * The next messages that have come whole, with their frame: so many at most, and no more than about so many bytes; none
   * when there are no more. Payloads are views of the chunk, or of the frame when it came in pieces. Throws JR_PROTOCOL or
   * JR_AUTH; the reader can't be used after that.
   */
  take(most = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY): M[] {
    const messages: M[] = []
    let taken = 0
    while (messages.length < most && taken < bytes) {
      const frame = this.#frame ?? this.#open()
      if (frame === null) break
      const r = this.#incoming.reader
      const from = r.at
      if (frame.count++ === MAX_MESSAGES)
        throw new JrError('JR_PROTOCOL', `a frame has more than ${MAX_MESSAGES} messages`)
      const message = this.#message(r)
      if (message !== null) messages.push(message)
      taken += r.at - from
      if (r.left === 0) this.#close(frame)
    }
    return messages
  }

  /** The next frame, when it has come whole. */
  #open(): OpenFrame | null {
    const incoming = this.#incoming
    if (!incoming.has(PREFIX)) return null
    const length = this.#lengthOf(incoming.next(PREFIX).readUInt32BE())
    this.#length = PREFIX + length
    if (!incoming.has(PREFIX + length)) return null
    this.#length = 0
    const r = incoming.reader
    const bytes = incoming.next(PREFIX + length)
    const sealed = bytes.length - this.#tail
    this.#seal?.check(bytes.subarray(0, sealed), bytes.subarray(sealed))
    this.#frame = { count: 0, end: r.at + bytes.length, outer: r.limit(r.at + sealed) }
    r.u32()
    return this.#frame
  }

  #close({ end, outer }: OpenFrame): void {
    this.#frame = null
    const r = this.#incoming.reader
    r.at = end
    r.unlimit(outer)
    this.#incoming.release()
  }

  #lengthOf(length: number): number {
    const bare = length - this.#tail
    if (bare >= HEAD && bare <= this.#maxFrame) return length
    const text = `a frame of ${bare} bytes: expected ${HEAD} to ${this.#maxFrame} (maxFrame)`
    throw new JrError('JR_PROTOCOL', text)
  }

  /** What a later version has put behind the fields that are known is left out. */
  #message(r: ByteReader): M | null {
    const code = r.u8()
    const length = r.u32()
    const end = r.at + length
    const outer = r.limit(end)
    const message = this.#fields(code, r)
    r.at = end
    r.unlimit(outer)
    return message
  }

  #fields(code: number, r: ByteReader): M | null {
    const from = r.at
    try {
      return this.#set.read(code, r)
    } catch (error) {
      if (!(error instanceof JrError)) throw error
      r.at = from
      return this.#set.salvage(code, r, error)
    }
  }
}
