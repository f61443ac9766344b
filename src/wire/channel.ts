import type { Duplex } from 'node:stream'
import { type Clock, setTicker, type Timer } from '../clock.js'
import { JrError } from '../errors.js'
import { FrameReader, FrameWriter, type MessageSet } from './frame.js'
import type { FrameRoom } from './frame-room.js'
import { Heartbeat } from './heartbeat.js'
import { Outgoing } from './outgoing.js'
import type { Seals } from './seal.js'

export interface ChannelOptions<M> {
  /** Bytes; a longer frame from the peer closes the channel. */
  readonly maxFrame: number
  /** Bytes: the largest frame that the peer takes. Default: any. */
  readonly maxSend?: number
  readonly clock: Clock
  /**
   * Bytes. When more wait for the peer it is given up: it asks and does not read, which who keeps to the protocol does
   * not do. Default: any.
   */
  readonly maxUnread?: number
  /** A ping is sent this often; a peer that was silent for `misses` of them is dead. Null: no heartbeat. */
  readonly heartbeat: {
    readonly everyMs: number
    readonly misses: number
    readonly ping: M
    readonly pong: M
  } | null
  /** What unfinished frames may take, of this channel and others. Default: any. */
  readonly room?: FrameRoom
  /** Every frame has a seal. Missing or null: none has. */
  readonly seals?: Seals | null
  /**
   * Called with a batch at a time; a frame may be several. May throw: the channel then closes with what was thrown. Pings and
   * pongs do not come here.
   */
  readonly onMessages: (messages: M[]) => void
  /** What is said to a peer whose message we can't take, before the connection closes. */
  readonly lastWords?: (error: JrError) => M
  /** Called once, when nothing more will come: all that had come has been handed over, unless our side gave up. Null: closed in good order. */
  readonly onClose: (error: JrError | null) => void
  /** `writable` is true again. May throw, as `onMessages`. */
  readonly onDrain?: () => void
}

/** Why a channel is not read: the store is full, or so much has been asked for that the answers are behind. */
export type Hold = 'store' | 'errands'

/** Bytes that wait in the socket before the channel asks to hold back. */
const HIGH_WATER = 1024 * 1024
/** Handed over at once. Few bytes may ask for much: what a batch can cost is bounded by both. */
const BATCH_MESSAGES = 1024
const BATCH_BYTES = 64 * 1024
/** When the batches of one turn of the event loop have taken so long, what else the process has to do comes first. */
const TURN_MS = 2

/** Messages over a stream, in frames: one frame a tick, or one a turn of the event loop when much is said. Owns the stream. */
export class Channel<M extends { readonly type: string }> {
  readonly #stream: Duplex
  readonly #outgoing: Outgoing<M>
  readonly #reader: FrameReader<M>
  readonly #options: ChannelOptions<M>
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat | null
  #beat: Timer | null = null
  /** Over: closed, and all that had come before has been handed over. */
  #status: 'open' | 'closing' | 'closed' | 'over' = 'open'
  #error: JrError | null = null
  #drainDue = false
  /** Why nothing is to be read, as the owner has said. */
  readonly #holds = new Set<Hold>()
  #turnDue = false
  #paused = false
  /** What has come and was not handed over never will be. */
  #deaf = false

  constructor(stream: Duplex, set: MessageSet<M>, options: ChannelOptions<M>) {
    this.#stream = stream
    this.#outgoing = new Outgoing(stream, new FrameWriter(set, options.seals?.ours), options, () =>
      this.flush(),
    )
    this.#reader = new FrameReader(set, options, options.seals?.theirs)
    this.#options = options
    this.#clock = options.clock
    stream.on('data', (chunk: Buffer) => this.#receive(chunk))
    stream.on('drain', () => this.#drained())
    stream.on('error', (cause) => this.destroy(new JrError('JR_CONNECTION', cause.message, { cause })))
    stream.on('end', () => this.#shut())
    stream.on('close', () => this.#closed())
    const { heartbeat } = options
    this.#heartbeat = heartbeat === null ? null : new Heartbeat(heartbeat)
    if (heartbeat !== null) {
      this.#beat = setTicker(options.clock, heartbeat.everyMs, () => this.#look(heartbeat.ping))
      this.#beat.unref()
    }
  }

  /** Nothing can be sent any more. */
  get closed(): boolean {
    return this.#status !== 'open'
  }

  /** False: hold back until `onDrain`. */
  get writable(): boolean {
    if (this.#status !== 'open') return false
    if (this.#outgoing.bytes < HIGH_WATER) return true
    this.#drainDue = true
    return false
  }

  /**
   * Joins the frame of this tick. Nothing happens when the channel is closed. False when the message alone is larger than
   * a frame that the peer takes: it is not sent.
   */
  send(message: M): boolean {
    return this.#status !== 'open' || this.#outgoing.send(message)
  }

  /** Sends what was gathered, and does not wait for the end of the tick. Nothing happens when the channel is closed. */
  flush(): void {
    if (this.#status !== 'open') return
    const unread = this.#outgoing.flush()
    if (unread <= (this.#options.maxUnread ?? Number.POSITIVE_INFINITY)) return
    this.destroy(new JrError('JR_CONNECTION', `the peer does not read: ${unread} bytes wait for it`))
  }

  /** Sends what was gathered, then closes. What has come while the owner paused is heard by nobody any more. */
  close(): void {
    // A stream that is not read does not end, and does not keep the process for those who wait until it has.
    if (this.#status === 'open' && this.#held) {
      this.#deaf = true
      this.#read(true)
    }
    this.#shut()
  }

  #shut(): void {
    if (this.#status !== 'open') return
    this.flush()
    this.#status = 'closing'
    this.#stream.end()
    // The peer may never read to the end: then the stream would stay for ever.
    this.#clock.setTimer(1000, () => this.#stream.destroy()).unref()
  }

  /** Closes at once; what was gathered is lost. */
  destroy(error: JrError | null = null): void {
    this.#error ??= error
    this.#deaf = true
    if (this.#status === 'open') this.#status = 'closing'
    this.#stream.destroy()
  }

  /** From now on nothing is read or handed over, until each `why` has been taken back by `resume`: the peer has to wait. */
  pause(why: Hold): void {
    this.#holds.add(why)
  }

  resume(why: Hold): void {
    if (this.#holds.delete(why) && !this.#held) this.#nextTurn()
  }

  get #held(): boolean {
    return this.#holds.size > 0
  }

  #receive(chunk: Buffer): void {
    this.#heartbeat?.heard()
    if (this.#deaf) return
    this.#reader.push(chunk)
    if (!this.#turnDue) this.#handOver()
  }

  /** A batch at a time, and no more in a turn of the event loop than others can wait for. */
  readonly #handOver = (): void => {
    this.#turnDue = false
    const from = this.#clock.mono()
    try {
      while (!this.#held && !this.#deaf) {
        const messages = this.#reader.take(BATCH_MESSAGES, BATCH_BYTES)
        if (messages.length === 0) break
        this.#heartbeat?.ended()
        const heard = this.#heartbeat === null ? messages : this.#answerBeats(messages)
        if (heard.length > 0) this.#options.onMessages(heard)
        if (this.#clock.mono() - from >= TURN_MS && this.#reader.partial) return this.#nextTurn()
      }
    } catch (cause) {
      this.#giveUp(cause)
    }
    if (this.#status === 'closed') this.#end()
    // What nobody hears is read all the same: a connection that closes with bytes unread takes with it what was said last.
    else this.#read(this.#deaf || this.#mayGoOn())
  }

  #mayGoOn(): boolean {
    const { room } = this.#options
    if (!this.#held) return room?.has(this, this.#reader.unfinished, this.#goOn) ?? true
    // Who is held must not keep others waiting.
    room?.leave(this)
    return false
  }

  readonly #goOn = (): void => this.#nextTurn()

  #nextTurn(): void {
    this.#read(false)
    if (this.#turnDue) return
    this.#turnDue = true
    setImmediate(this.#handOver)
  }

  #read(on: boolean): void {
    if (this.#paused === !on) return
    this.#paused = !on
    if (on) this.#stream.resume()
    else this.#stream.pause()
  }

  /** What our side threw is this connection's end, and not the process's. */
  #giveUp(cause: unknown): void {
    const error =
      cause instanceof JrError
        ? cause
        : new JrError('JR_PROTOCOL', `a message could not be handled: ${cause}`, { cause })
    const { lastWords } = this.#options
    if (lastWords === undefined) return this.destroy(error)
    this.#error ??= error
    this.#deaf = true
    this.#read(true)
    this.send(lastWords(error))
    // Closed in order, for what is destroyed may take the last words with it.
    this.close()
  }

  #answerBeats(messages: M[]): M[] {
    if (!messages.some(isBeat)) return messages
    const { heartbeat } = this.#options
    // One answers all that came at once.
    if (heartbeat !== null && messages.some(({ type }) => type === 'ping')) this.send(heartbeat.pong)
    return messages.filter((message) => !isBeat(message))
  }

  #look(ping: M): void {
    const dead = this.#heartbeat?.beat(this.#paused, this.#reader.partial) ?? null
    if (dead === null) this.send(ping)
    else this.destroy(dead)
  }

  #drained(): void {
    if (!this.#drainDue) return
    this.#drainDue = false
    try {
      this.#options.onDrain?.()
    } catch (cause) {
      this.#giveUp(cause)
    }
  }

  #closed(): void {
    if (this.#status === 'closed' || this.#status === 'over') return
    this.#status = 'closed'
    this.#beat?.cancel()
    this.#options.room?.leave(this)
    if (!this.#turnDue || this.#held || this.#deaf) this.#end()
  }

  #end(): void {
    if (this.#status === 'over') return
    this.#status = 'over'
    this.#deaf = true
    this.#options.onClose(this.#error)
  }
}

function isBeat(message: { readonly type: string }): boolean {
  return message.type === 'ping' || message.type === 'pong'
}
