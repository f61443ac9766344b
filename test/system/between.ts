import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What becomes of a frame: others in its place; null: it is kept, and the next one is asked about, too. */
export type Trick = (frame: Buffer) => Buffer[] | null

type From = 'dialler' | 'dialled'

/** Magic, hello and proof come before the frames. */
const MAGIC_BYTES = 4
const GREETINGS = 2

/** Sits between who dials it and a port, hands on what both say, and plays a trick on frames when it is told to. */
export class Between {
  readonly port: number
  #trick: { readonly from: From; readonly play: Trick } | null = null

  static async start(t: Test, to: { readonly port: number }): Promise<Between> {
    let between: Between | null = null
    const sockets = new Set<Socket>()
    const server = createServer((near) => {
      const far = connect(to.port, '127.0.0.1')
      for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
      between?.handOn('dialler', near, far)
      between?.handOn('dialled', far, near)
    }).listen(0, '127.0.0.1')
    t.teardown(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    await once(server, 'listening')
    between = new Between((server.address() as { port: number }).port)
    return between
  }

  constructor(port: number) {
    this.port = port
  }

  /** On the next frame of that side. */
  play(from: From, trick: Trick): void {
    this.#trick = { from, play: trick }
  }

  handOn(from: From, source: Socket, sink: Socket): void {
    let bytes = Buffer.alloc(0)
    let start = MAGIC_BYTES
    let passed = 0
    source.on('close', () => sink.destroy())
    source.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= start + 4) {
        const end = start + 4 + bytes.readUInt32BE(start)
        if (bytes.length < end) return
        const whole = bytes.subarray(0, end)
        bytes = bytes.subarray(end)
        start = 0
        for (const frame of passed++ < GREETINGS ? [whole] : this.#changed(from, whole)) sink.write(frame)
      }
    })
  }

  #changed(from: From, frame: Buffer): Buffer[] {
    const trick = this.#trick
    if (trick?.from !== from) return [frame]
    const others = trick.play(frame)
    if (others === null) return []
    this.#trick = null
    return others
  }
}
