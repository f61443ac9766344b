import { lstatSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { JrError } from '../errors.js'
import { probe } from '../socket-file.js'
import { type Address, formatAddress, isLocal } from './address.js'

export interface ListenerOptions {
  readonly allowRemote: boolean
  readonly onSocket: (socket: Socket) => Promise<unknown>
}

/** Takes connections at one address. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true, allowHalfOpen: false, pauseOnConnect: true }, (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      options.onSocket(socket)
    })
  }

  /** Resolves with the real address (port 0 is settled then). Rejects with JR_ADDRESS. */
  async listen(address: Address): Promise<Address> {
    if (!isLocal(address) && !this.#options.allowRemote) {
      const text = `${formatAddress(address)}: other machines could connect and run jobs; set a secret (option secretFile)`
      throw new JrError('JR_ADDRESS', `${text}, or listen on 127.0.0.1`)
    }
    if ('path' in address) await makeWay(address.path)
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: Error) => {
        reject(
          new JrError('JR_ADDRESS', `cannot listen on ${formatAddress(address)}: ${cause.message}`, {
            cause,
          }),
        )
      }
      this.#server.once('error', refused)
      this.#server.listen('path' in address ? { path: address.path } : address, () => {
        this.#server.off('error', refused)
        // Too many open files, for one: the connections that are there go on.
        this.#server.on('error', () => {})
        resolve()
      })
    })
    const bound = this.#server.address()
    if (typeof bound !== 'object' || bound === null || 'path' in address) return address
    return { host: address.host, port: bound.port }
  }

  hold(alive: boolean): void {
    if (alive) this.#server.ref()
    else this.#server.unref()
  }

  /** Takes no more; connections that are there are closed by their owners. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }
}

/**
 * A socket file outlives a process that was killed: it is removed when nobody answers there. Anything else that is
 * there stays. Rejects with JR_ADDRESS.
 */
async function makeWay(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined) return
  if (!there.isSocket()) {
    const text = `cannot listen on ${path}: something that is no socket is there; choose another path`
    throw new JrError('JR_ADDRESS', text)
  }
  if ((await probe(path)) === 'ECONNREFUSED') unlinkSync(path)
}
