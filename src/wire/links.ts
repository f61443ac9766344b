import type { Socket } from 'node:net'
import type { JrError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Secret } from '../options/secret.js'
import { PACKAGE_VERSION } from '../package-version.js'
import type { Surroundings } from '../surroundings.js'
import { type Address, formatAddress } from './address.js'
import { Channel } from './channel.js'
import { Dialler } from './dialler.js'
import { FrameRoom } from './frame-room.js'
import { type Greeted, type Identity, shakeHands } from './handshake.js'
import { linkMessages } from './link-messages.js'
import { Listener } from './listener.js'
import type { LinkMessage, Peer } from './messages.js'
import { OneEach } from './one-each.js'
import { SEAL_BYTES } from './seal.js'
import { Visitors } from './visitors.js'

/** A connection whose handshake is done. */
export interface Link {
  readonly peer: Peer
  readonly channel: Channel<LinkMessage>
  readonly address: string
}

export interface LinkHandlers {
  onMessages(messages: LinkMessage[]): void
  onClose(error: JrError | null): void
  onDrain?(): void
}

export interface LinksOptions extends Surroundings {
  /** Asked for at each handshake. */
  readonly identity: () => Identity
  readonly secret: Secret | null
  readonly maxFrame: number
  readonly heartbeatMs: number
  readonly allowRemoteWithoutSecret: boolean
  readonly log: Logger
  readonly onLink: (link: Link) => LinkHandlers
  readonly handshakeMs?: number
  readonly backoff?: { readonly minMs: number; readonly maxMs: number }
  /** That others may make. Default: 1,024, and no more than a quarter of the open files that the process may have. */
  readonly maxConnections?: number
}

const HEARTBEAT_MISSES = 3
/** Far more than the windows of both sides, beside the largest message. */
const MAX_UNREAD = 64 * 1024 * 1024
/** Bytes of all frames of all peers that have not come whole. */
const MAX_UNFINISHED = 64 * 1024 * 1024
/** A peer that closes each connection at once, and says nothing, is dialled less and less often. */
const STEADY_MS = 1000

/** All connections of one process, whichever side dialled. */
export class Links {
  readonly #options: LinksOptions
  readonly #listeners: Listener[] = []
  readonly #diallers = new Map<string, Dialler>()
  readonly #channels = new Set<Channel<LinkMessage>>()
  readonly #sockets = new Set<Socket>()
  readonly #room = new FrameRoom(MAX_UNFINISHED)
  readonly #visitors: Visitors
  readonly #oneEach = new OneEach()
  /** Where it listens. */
  readonly listening: string[] = []
  #alive = true
  #stopped = false

  constructor(options: LinksOptions) {
    this.#options = options
    this.#visitors = new Visitors(options.log, options.clock, options.maxConnections)
  }

  /** Whom it dials. */
  get dialling(): string[] {
    return [...this.#diallers.keys()]
  }

  /** Resolves with the real address. Rejects with JR_ADDRESS. */
  async listen(address: Address): Promise<Address> {
    const listener = this.#listener((socket) => this.#visitors.receive(socket, this.#greet))
    const real = await listener.listen(address)
    this.#listeners.push(listener)
    this.listening.push(formatAddress(real))
    return real
  }

  /** Whether `listen` would do. Who connects meanwhile is sent away. Rejects with JR_ADDRESS. */
  async tryListen(address: Address): Promise<void> {
    const listener = this.#listener(async (socket) => socket.destroy())
    await listener.listen(address)
    await listener.close()
  }

  /** Keeps a connection to this address until `stop`. A second call for the same address does nothing. */
  dial(address: Address): void {
    const where = formatAddress(address)
    if (this.#diallers.has(where) || this.#stopped) return
    const { backoff = { minMs: 50, maxMs: 5000 }, clock, chance, log } = this.#options
    let complained = ''
    const dialler = new Dialler({
      address,
      backoff,
      clock,
      chance,
      onSocket: async (socket) => {
        const useful = await this.#open(socket, where, true)
        if (useful) complained = ''
        return useful
      },
      onRefused: (error) => {
        // One line for each new reason, not one for each attempt.
        if (error.message === complained) return
        complained = error.message
        log.warn('connection:refused', { address: where, code: error.code, error: error.message })
      },
    })
    this.#diallers.set(where, dialler)
    dialler.hold(this.#alive)
    dialler.start()
  }

  /** Whether connections, and trying to connect, keep the process alive. Listening does in any case. */
  hold(alive: boolean): void {
    this.#alive = alive
    for (const dialler of this.#diallers.values()) dialler.hold(alive)
  }

  /** Says goodbye on every connection, closes them, and takes and dials no more. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const channel of this.#channels) {
      channel.send({ type: 'bye', reason: 'stopping' })
      channel.close()
    }
    const open = [...this.#sockets].filter((socket) => !socket.destroyed)
    const closed = open.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await new Promise<void>((resolve) => {
      // Keeps the process: who waits for this must hear that it is done.
      const timer = this.#options.clock.setTimer(1000, resolve)
      Promise.all(closed).then(() => {
        timer.cancel()
        resolve()
      })
    })
    for (const dialler of this.#diallers.values()) dialler.stop()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  readonly #greet = (socket: Socket, where: string, known: () => void) =>
    this.#open(socket, where, false, known)

  #listener(onSocket: (socket: Socket) => Promise<unknown>): Listener {
    const { secret, allowRemoteWithoutSecret } = this.#options
    return new Listener({ allowRemote: secret !== null || allowRemoteWithoutSecret, onSocket })
  }

  /**
   * Resolves when there is no connection with the peer any more: this one has ended, and any that took its place. With whether
   * the next is worth while at once: the peer had said something, or stayed a while.
   */
  async #open(
    socket: Socket,
    where: string,
    dialled: boolean,
    known: () => void = () => {},
  ): Promise<boolean> {
    const { identity, secret, handshakeMs = 5000, maxFrame, heartbeatMs, clock, onLink } = this.#options
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.setNoDelay(true)
    socket.resume()
    let greeted: Greeted
    try {
      greeted = await shakeHands(socket, identity(), {
        secret,
        dialled,
        packageVersion: PACKAGE_VERSION,
        maxFrame,
        clock,
        deadlineMs: handshakeMs,
      })
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      known()
    }
    if (socket.destroyed || this.#stopped) {
      socket.destroy()
      return false
    }
    const { peer, seals } = greeted
    if (this.#oneEach.isTaken(peer, dialled)) {
      socket.destroy()
      await this.#oneEach.parted(peer)
      return true
    }
    const useful = await new Promise<boolean>((resolve) => {
      const ping: LinkMessage = { type: 'ping' }
      const pong: LinkMessage = { type: 'pong' }
      let handlers: LinkHandlers | null = null
      let heard = false
      const from = clock.mono()
      const channel: Channel<LinkMessage> = new Channel<LinkMessage>(socket, linkMessages, {
        maxFrame,
        maxSend: peer.maxFrame - SEAL_BYTES,
        maxUnread: MAX_UNREAD + peer.maxFrame,
        room: this.#room,
        seals,
        clock,
        heartbeat: { everyMs: heartbeatMs, misses: HEARTBEAT_MISSES, ping, pong },
        onMessages: (messages) => {
          // Who is refused at once dials less and less often.
          heard ||= messages.some(({ type }) => type !== 'broken')
          handlers?.onMessages(messages)
        },
        onDrain: () => handlers?.onDrain?.(),
        lastWords: ({ code, message: text }) => ({ type: 'broken', code, message: text }),
        onClose: (error) => {
          this.#channels.delete(channel)
          leave()
          handlers?.onClose(error)
          resolve(heard || clock.mono() - from >= STEADY_MS)
        },
      })
      this.#channels.add(channel)
      const leave = this.#oneEach.enter(peer, dialled, channel)
      handlers = onLink({ peer, channel, address: where })
      socket.resume()
    })
    await this.#oneEach.parted(peer)
    return useful
  }
}
