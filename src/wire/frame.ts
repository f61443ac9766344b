import { pack, unpackChecked } from '../codec.js'
import { JrError } from '../errors.js'

/**
 * The messages of one kind of connection. `encode` gives the positional fields of a message, its code first, and
 * appends payloads to `payloads`, putting their lengths into the fields; `decode` takes them in the same order.
 */
export interface MessageSet<M> {
  encode(message: M, payloads: Buffer[]): unknown[]
  /** Null for a code that is not known. Throws JR_PROTOCOL for fields that are not of their form. */
  decode(fields: readonly unknown[], payloads: PayloadCursor): M | null
}

/** Hands out the payloads behind the head of a frame, in order. */
export class PayloadCursor {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** A view of the frame. Throws JR_PROTOCOL when the frame is not so long. */
  take(length: unknown): Buffer {
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > this.left) {
      throw new JrError('JR_PROTOCOL', 'the length of a payload does not fit its frame')
    }
    const from = this.#at
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
  }
}

/** Both lengths that begin a frame: of what follows, and of the head. */
const PREFIX = 8
/** Bytes of the heads of a frame, and values in them: what few bytes unpack to may be a hundred times as large. */
const MAX_HEAD = 4 * 1024 * 1024
const MAX_VALUES = 250_000
const HEAD_DEPTH = 6

/** Gathers messages into one frame. */
export class FrameWriter<M> {
  readonly #set: MessageSet<M>
  #heads: unknown[][] = []
  #payloads: Buffer[] = []
  #counted = 0
  #bytes = 0

  constructor(set: MessageSet<M>) {
    this.#set = set
  }

  /** Bytes of payload gathered, and a guess at the heads. */
  get bytes(): number {
    return this.#bytes + this.#heads.length * 64
  }

  get count(): number {
    return this.#heads.length
  }

  add(message: M): void {
    this.#heads.push(this.#set.encode(message, this.#payloads))
    for (; this.#counted < this.#payloads.length; this.#counted++) {
      this.#bytes += (this.#payloads[this.#counted] as Buffer).length
    }
  }

  /** The frame of all that was gathered; null when there is nothing. */
  take(): Buffer | null {
    if (this.#heads.length === 0) return null
    const head = pack(this.#heads)
    const frame = Buffer.allocUnsafe(PREFIX + head.length + this.#bytes)
    frame.writeUInt32BE(frame.length - 4, 0)
    frame.writeUInt32BE(head.length, 4)
    frame.set(head, PREFIX)
    let at = PREFIX + head.length
    for (const payload of this.#payloads) {
      frame.set(payload, at)
      at += payload.length
    }
    this.#heads = []
    this.#payloads = []
    this.#counted = 0
    this.#bytes = 0
    return frame
  }
}

/** Makes messages of bytes, whatever way they are split. */
export class FrameReader<M> {
  readonly #set: MessageSet<M>
  readonly #maxFrame: number
  /** A frame of which not all has come. */
  #chunks: Buffer[] = []
  #have = 0
  #need = 4

  constructor(set: MessageSet<M>, limits: { readonly maxFrame: number }) {
    this.#set = set
    this.#maxFrame = limits.maxFrame
  }

  /** Whether the bytes so far end within a frame. */
  get partial(): boolean {
    return this.#have > 0
  }

  /**
   * The messages that these bytes complete; payloads are views of the chunk, or of the frame when it came in pieces.
   * Throws JR_PROTOCOL; the reader can't be used after that.
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
    let at = 0
    for (;;) {
      const left = bytes.length - at
      this.#need = 4
      if (left >= 4) {
        const length = bytes.readUInt32BE(at)
        if (length < 5 || length > this.#maxFrame) {
          throw new JrError(
            'JR_PROTOCOL',
            `a frame of ${length} bytes: expected 5 to ${this.#maxFrame} (maxFrame)`,
          )
        }
        this.#need = 4 + length
      }
      if (left < this.#need || left === 0) break
      this.#decode(bytes.subarray(at + 4, at + this.#need), messages)
      at += this.#need
    }
    if (at < bytes.length) {
      this.#chunks.push(at === 0 ? bytes : bytes.subarray(at))
      this.#have = bytes.length - at
    }
    return messages
  }

  #decode(frame: Buffer, into: M[]): void {
    const size = frame.readUInt32BE(0)
    if (size > frame.length - 4)
      throw new JrError('JR_PROTOCOL', 'the head of a frame is longer than the frame')
    if (size > MAX_HEAD) throw new JrError('JR_PROTOCOL', `the head of a frame has over ${MAX_HEAD} bytes`)
    const head = frame.subarray(4, 4 + size)
    const messages = unpackChecked(head, { maxDepth: HEAD_DEPTH, maxNodes: MAX_VALUES })
    if (!Array.isArray(messages)) throw new JrError('JR_PROTOCOL', 'the head of a frame must be an array')
    const payloads = new PayloadCursor(frame, 4 + size)
    let unknown = false
    for (const fields of messages) {
      if (!Array.isArray(fields)) throw new JrError('JR_PROTOCOL', 'a message must be an array')
      const message = this.#set.decode(fields, payloads)
      if (message === null) unknown = true
      else into.push(message)
    }
    // The payloads of a message that is not known can't be told from those behind it: such messages have none.
    if (payloads.left > 0 && !unknown)
      throw new JrError('JR_PROTOCOL', 'a frame has bytes that belong to no message')
  }
}
