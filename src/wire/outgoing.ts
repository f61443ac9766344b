import type { Writable } from 'node:stream'
import type { Clock } from '../clock.js'
import type { FrameWriter } from './frame.js'

/** A frame is sent when it has grown to this, and at the end of the tick in any case. */
const FLUSH_BYTES = 64 * 1024
/** So soon after a frame the next one waits for all that this turn of the event loop has to say. */
const BUSY_MS = 0.25

/** What is said, gathered into frames: one a tick, or one a turn of the event loop when much is said. */
export class Outgoing<M> {
  readonly #stream: Pick<Writable, 'write' | 'writableLength'>
  readonly #writer: FrameWriter<M>
  readonly #clock: Pick<Clock, 'mono'>
  readonly #maxSend: number
  readonly #onDue: () => void
  #due = false
  #flushedAt = 0

  /** `onDue`: it is time to call `flush`. */
  constructor(
    stream: Pick<Writable, 'write' | 'writableLength'>,
    writer: FrameWriter<M>,
    options: { readonly clock: Pick<Clock, 'mono'>; readonly maxSend?: number },
    onDue: () => void,
  ) {
    this.#stream = stream
    this.#writer = writer
    this.#clock = options.clock
    this.#maxSend = options.maxSend ?? Number.POSITIVE_INFINITY
    this.#onDue = onDue
  }

  /** Bytes that wait, here and in the stream. */
  get bytes(): number {
    return this.#stream.writableLength + this.#writer.bytes
  }

  /** False: the message alone is larger than a frame that the peer takes. */
  send(message: M): boolean {
    if (!this.#add(message)) return false
    if (this.#writer.bytes >= FLUSH_BYTES || this.#writer.isFull) this.#onDue()
    else if (!this.#due) {
      this.#due = true
      if (this.#clock.mono() - this.#flushedAt < BUSY_MS) setImmediate(this.#endOfTick)
      else process.nextTick(this.#endOfTick)
    }
    return true
  }

  /** Sends what was gathered. Answers how many bytes wait in the stream. */
  flush(): number {
    const frame = this.#writer.take()
    if (frame === null) return 0
    this.#stream.write(frame)
    this.#flushedAt = this.#clock.mono()
    return this.#stream.writableLength
  }

  #add(message: M): boolean {
    const before = this.#writer.bytes
    this.#writer.add(message)
    if (this.#writer.bytes <= this.#maxSend) return true
    this.#writer.undo(before)
    if (before === 0) return false
    this.#onDue()
    return this.#add(message)
  }

  readonly #endOfTick = (): void => {
    this.#due = false
    this.#onDue()
  }
}
