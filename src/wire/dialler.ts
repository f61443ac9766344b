import { connect, type Socket } from 'node:net'
import type { Timer } from '../clock.js'
import { JrError } from '../errors.js'
import type { Surroundings } from '../surroundings.js'
import { type Address, formatAddress } from './address.js'

export interface DiallerOptions extends Surroundings {
  readonly address: Address
  readonly backoff: { readonly minMs: number; readonly maxMs: number }
  /** Resolves when the connection that was made has ended; true when it was of use: the next may be, too. */
  readonly onSocket: (socket: Socket) => Promise<boolean>
  readonly onRefused: (error: JrError) => void
}

/** Keeps one connection to an address: dials until it is there, and again when it is lost, with a jittered back-off. */
export class Dialler {
  readonly #options: DiallerOptions
  #socket: Socket | null = null
  #retry: Timer | null = null
  #failures = 0
  #stopped = false
  #keepAlive = true

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  start(): void {
    this.#dial()
  }

  stop(): void {
    this.#stopped = true
    this.#retry?.cancel()
    this.#socket?.destroy()
  }

  /** Whether trying to connect keeps the process alive. */
  hold(alive: boolean): void {
    this.#keepAlive = alive
    if (alive) {
      this.#retry?.ref()
      this.#socket?.ref()
    } else {
      this.#retry?.unref()
      this.#socket?.unref()
    }
  }

  #dial(): void {
    this.#retry = null
    const { address, onRefused, onSocket } = this.#options
    const socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
    this.#socket = socket
    if (!this.#keepAlive) socket.unref()
    const refused = (cause: Error) => {
      onRefused(new JrError('JR_CONNECTION', `${formatAddress(address)}: ${cause.message}`, { cause }))
      this.#again()
    }
    socket.once('error', refused)
    socket.once('connect', () => {
      socket.off('error', refused)
      onSocket(socket).then(
        (useful) => {
          if (useful) this.#failures = 0
          this.#again()
        },
        (error) => {
          onRefused(error)
          this.#again()
        },
      )
    })
  }

  #again(): void {
    this.#socket = null
    if (this.#stopped) return
    const { backoff, clock, chance } = this.#options
    const ceiling = Math.min(backoff.minMs * 2 ** this.#failures++, backoff.maxMs)
    this.#retry = clock.setTimer(ceiling / 2 + (ceiling / 2) * chance.random(), () => this.#dial())
    if (!this.#keepAlive) this.#retry.unref()
  }
}
