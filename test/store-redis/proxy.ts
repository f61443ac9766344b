import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** Stands between a store and its Redis, and breaks connections where a test wants them broken. */
export interface Proxy {
  readonly port: number
  /** The next answer of Redis that has this text is not passed on: its connection is cut instead. */
  cutAnswerTo(request: string): Promise<void>
  /** Resolves when Redis has been sent this text so many times from now on. */
  heard(request: string, times: number): Promise<void>
  /** Cuts all connections. */
  cut(): void
  /** What comes from those who connect is swallowed from now on; what goes to them is passed on. */
  mute(): void
  /** Cuts all connections, and takes no more. */
  close(): void
}

export async function startProxy(t: Test, target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let muted = false
  let wanted: { text: string; done: () => void } | null = null
  let counted: { text: string; left: number; done: () => void } | null = null
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    let cutNext: (() => void) | null = null
    client.on('data', (data) => {
      if (muted) return
      if (counted !== null) {
        counted.left -= data.toString('latin1').split(counted.text).length - 1
        if (counted.left <= 0) counted.done()
      }
      if (wanted !== null && data.includes(wanted.text)) {
        cutNext = wanted.done
        wanted = null
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (cutNext === null) return client.write(data)
      client.destroy()
      upstream.destroy()
      cutNext()
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const close = () => {
    cut()
    server.close()
  }
  t.teardown(close)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    cut,
    close,
    mute: () => {
      muted = true
    },
    heard: (text, times) =>
      new Promise((done) => {
        counted = { text, left: times, done }
      }),
    cutAnswerTo: (text) =>
      new Promise((done) => {
        wanted = { text, done }
      }),
  }
}
