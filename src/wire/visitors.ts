import type { Socket } from 'node:net'
import type { Clock } from '../clock.js'
import { CountedLines, RARELY_MS } from '../counted-lines.js'
import { shareOfDescriptors } from '../descriptors.js'
import { JrError } from '../errors.js'
import type { Logger } from '../logger.js'

/** Connections that have not come past the handshake. One more, and the oldest of them is closed. */
const MAX_STRANGERS = 64
/** Connections that others have made to this process. */
const MAX_CONNECTIONS = 1024

/** Connections that others have made: no more than the process can bear, whoever they are. */
export class Visitors {
  readonly #most: number
  readonly #all = new Set<Socket>()
  /** In the order in which they came. */
  readonly #strangers = new Set<Socket>()
  /** Those that were closed to make room. */
  readonly #pushedOut = new WeakSet<Socket>()
  readonly #log: Logger
  /** Whoever connects decides how many there are. */
  readonly #complaints: CountedLines
  /** A peer of another version dials again and again. */
  readonly #otherVersions: CountedLines

  /** `most`: default 1,024, and no more than a quarter of the open files that the process may have. */
  constructor(log: Logger, clock: Clock, most = shareOfDescriptors(MAX_CONNECTIONS)) {
    this.#most = most
    this.#log = log
    this.#complaints = new CountedLines(log, clock)
    this.#otherVersions = new CountedLines(log, clock, RARELY_MS)
  }

  /** `greet` is called for a connection that may stay, with what to call when it is known who it is. */
  async receive(
    socket: Socket,
    greet: (socket: Socket, where: string, known: () => void) => Promise<unknown>,
  ): Promise<void> {
    const where =
      socket.remoteAddress === undefined ? 'a local socket' : `${socket.remoteAddress}:${socket.remotePort}`
    if (this.#all.size >= this.#most) {
      socket.destroy()
      const error = `there are ${this.#most} connections already; a process may have so many, and no more than a quarter of its open files (ulimit -n)`
      this.#complaints.warn('connection:refused', { address: where, error })
      return
    }
    const known = () => this.#strangers.delete(socket)
    this.#all.add(socket)
    socket.once('close', () => this.#all.delete(socket))
    const [oldest] = this.#strangers
    if (this.#strangers.size >= MAX_STRANGERS && oldest !== undefined) {
      this.#pushedOut.add(oldest)
      oldest.destroy()
    }
    this.#strangers.add(socket)
    socket.once('close', known)
    try {
      await greet(socket, where, known)
    } catch (error) {
      const facts =
        error instanceof JrError ? { code: error.code, error: error.message } : { error: String(error) }
      // Whoever wants to know whether somebody listens comes, and goes without a word.
      if (facts.code === 'JR_CONNECTION' && socket.bytesRead === 0 && !this.#pushedOut.has(socket)) {
        this.#log.debug('connection:probed', { address: where })
        return
      }
      const lines = facts.code === 'JR_VERSION' ? this.#otherVersions : this.#complaints
      lines.warn('connection:refused', { address: where, ...facts })
    }
  }
}
