import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { systemClock } from '#dist/src/clock.js'
import type { Wait } from '#dist/src/job/due.js'
import { HIGHEST_TERM } from '#dist/src/job/terms/agreed.js'
import type { Secret } from '#dist/src/options/secret.js'
import { LEAST_PRIORITY, MOST_PRIORITY } from '#dist/src/rules.js'
import { FrameReader, FrameWriter } from '#dist/src/wire/frame.js'
import { shakeHands } from '#dist/src/wire/handshake.js'
import type { JobFields } from '#dist/src/wire/job-fields.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import type { Enqueue, LinkMessage, Welcome } from '#dist/src/wire/messages.js'
import { agreed } from '../fixtures/record.mjs'

/** A job for `echo`, as an app sends it. */
export function enqueueOf(
  number: number,
  job: Pick<JobFields, 'id' | 'args'> & Partial<JobFields>,
  wait: Partial<Wait> = {},
): Enqueue {
  return {
    type: 'enqueue',
    number,
    job: { edition: 0, name: 'echo', agreed: agreed({ maxAttempts: 1 }), ...job },
    delayMs: null,
    byWall: false,
    wanted: true,
    heldMs: 0,
    sentBefore: [],
    ...wait,
  }
}

/** A node that has `echo`, as an app hears of it. */
export function welcomeOf(fields: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    taken: 0,
    creditJobs: 100,
    creditBytes: 1e6,
    maxArgs: 1e5,
    jobs: [{ name: 'echo', defer: false }],
    unknownJob: 'fail',
    evented: 1,
    deferred: 0,
    alone: false,
    terms: HIGHEST_TERM,
    minPriority: LEAST_PRIORITY,
    maxPriority: MOST_PRIORITY,
    ...fields,
  }
}

/** A peer that has proved the secret, and from then on says what it likes and reads when it likes. */
export class RawPeer {
  readonly socket: Socket
  readonly got: LinkMessage[] = []
  readonly #writer: FrameWriter<LinkMessage>
  readonly #reader: FrameReader<LinkMessage>
  #wake: () => void = () => {}

  static async dial(
    t: Test,
    role: 'node' | 'distributor',
    to: { readonly host: string; readonly port: number },
    options: { readonly secret?: Secret | null; readonly name?: string } = {},
  ): Promise<RawPeer> {
    const { secret = null, name = `raw-${role}` } = options
    const socket = connect(to.port, to.host)
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    const { seals } = await shakeHands(
      socket,
      { role, name, instance: `${name}-life` },
      {
        secret,
        dialled: true,
        packageVersion: '0',
        maxFrame: 16 << 20,
        clock: systemClock,
        deadlineMs: 30_000,
      },
    )
    return new RawPeer(
      socket,
      new FrameWriter(linkMessages, seals?.ours),
      new FrameReader(linkMessages, { maxFrame: 16 << 20 }, seals?.theirs),
    )
  }

  constructor(socket: Socket, writer: FrameWriter<LinkMessage>, reader: FrameReader<LinkMessage>) {
    this.socket = socket
    this.#writer = writer
    this.#reader = reader
    socket.on('error', () => {}).on('close', () => this.#wake())
    socket.on('data', (chunk) => {
      reader.push(chunk)
      this.got.push(...this.#reader.take())
      this.#wake()
    })
    socket.resume()
  }

  /** In one frame, however large. */
  send(...messages: LinkMessage[]): void {
    for (const message of messages) this.#writer.add(message)
    this.socket.write(this.#writer.take() as Buffer)
  }

  has(test: (message: LinkMessage) => boolean): boolean {
    return this.got.some(test)
  }

  /** Resolves when it has come; throws when the connection closes before. */
  async until(test: () => boolean): Promise<void> {
    while (!test()) {
      if (this.socket.destroyed) throw new Error('the connection was closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
