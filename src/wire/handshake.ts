import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { pack, unpackChecked } from '../bytes/codec.js'
import type { Clock, Timer } from '../clock.js'
import { JrError } from '../errors.js'
import type { Secret } from '../options/secret.js'
import { label, text, whole } from './fields.js'
import type { Peer } from './messages.js'
import { type Seals, sealsOf } from './seal.js'

/** PROTOCOL.md, "Handshake". */
export const MAGIC = Buffer.from('JRP1')
export const PROTOCOL = 5
const OLDEST_PROTOCOL = 5
const MAX_HELLO = 1024
const NONCE_BYTES = 32

export interface Identity {
  readonly role: 'distributor' | 'node'
  readonly name: string
  readonly instance: string
}

/** Who the peer is; with a secret, what seals the frames that follow. */
export interface Greeted {
  readonly peer: Peer
  readonly seals: Seals | null
}

/**
 * Says who we are, hears who the peer is, and, with a secret, has both prove that they know it, the dialler first. Resolves with the
 * peer once all is well; bytes that came behind the handshake are put back into the socket. Rejects with
 * JR_PROTOCOL, JR_VERSION, JR_AUTH or JR_CONNECTION; the caller closes the socket.
 */
export async function shakeHands(
  socket: Socket,
  identity: Identity,
  options: {
    readonly secret: Secret | null
    /** Whether we dialled: who dialled proves first. */
    readonly dialled: boolean
    readonly packageVersion: string
    /** The largest frame that we take. */
    readonly maxFrame: number
    readonly clock: Clock
    readonly deadlineMs: number
  },
): Promise<Greeted> {
  const reader = new HelloReader(socket, options.clock, options.deadlineMs)
  try {
    const nonce = randomBytes(NONCE_BYTES)
    const { role, name, instance } = identity
    const hello = [
      PROTOCOL,
      OLDEST_PROTOCOL,
      role,
      name,
      instance,
      options.packageVersion,
      process.pid,
      nonce,
    ]
    const ours = Buffer.concat([MAGIC, framed([...hello, options.secret !== null, options.maxFrame])])
    socket.write(ours)
    const theirs = await reader.next(true)
    const { peer, secured } = readHello(theirs.value, identity)
    if (secured !== (options.secret !== null)) {
      const has = secured
        ? 'the peer has a secret and we have none'
        : 'we have a secret and the peer has none'
      throw new JrError('JR_AUTH', `${has} (option secretFile)`)
    }
    if (options.secret !== null) {
      const { dialled, secret } = options
      const hellos = dialled ? [ours, theirs.bytes] : [theirs.bytes, ours]
      // Who was dialled says nothing that comes of the secret before the other has proved that he knows it. So whoever
      // dials two of us has no proof of one to show to the other.
      if (dialled) socket.write(framed([proof(secret[0], true, hellos)]))
      const answer = await (dialled ? answerTo(reader) : reader.next(false))
      const key = proved(answer.value, dialled ? [secret[0]] : secret, !dialled, hellos)
      if (!dialled) socket.write(framed([proof(key, false, hellos)]))
      return { peer, seals: sealsOf(key, hellos, dialled) }
    }
    return { peer, seals: null }
  } finally {
    reader.detach()
  }
}

/** Bound to who dialled and to all that both have said, so that it can be said neither back nor on another connection. */
function proof(key: Buffer, dialled: boolean, hellos: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key).update(`job-reactor 2 ${dialled ? 'dialler' : 'dialled'} `)
  // Each hello begins with its length, so two of them can be split in one way only.
  for (const hello of hellos) hmac.update(hello)
  return hmac.digest()
}

/** What comes behind our proof. A peer that knows another secret can say nothing, and closes. */
async function answerTo(reader: HelloReader): Promise<{ readonly value: unknown }> {
  try {
    return await reader.next(false)
  } catch (cause) {
    if (!(cause instanceof JrError && cause.code === 'JR_CONNECTION')) throw cause
    const text = 'the peer closed the connection after our proof: the secrets may differ (option secretFile)'
    throw new JrError('JR_AUTH', text, { cause })
  }
}

/** The key that the peer has proved to know. Throws JR_AUTH when it is none of these. */
function proved(
  answer: unknown,
  keys: readonly Buffer[],
  dialler: boolean,
  hellos: readonly Uint8Array[],
): Buffer {
  const given = Array.isArray(answer) ? answer[0] : null
  const key = keys.find((key) => {
    const expected = proof(key, dialler, hellos)
    return given instanceof Uint8Array && given.length === expected.length && timingSafeEqual(given, expected)
  })
  if (key !== undefined) return key
  throw new JrError('JR_AUTH', 'the peer does not know our secret (option secretFile)')
}

function framed(value: unknown): Buffer {
  const body = pack(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function readHello(hello: unknown, us: Identity): { peer: Peer; secured: boolean } {
  if (!Array.isArray(hello) || hello.length < 9) throw new JrError('JR_PROTOCOL', 'a hello has ten fields')
  const newest = whole(hello[0], 'protocol', 65_535)
  const oldest = whole(hello[1], 'oldest protocol', 65_535)
  const protocol = Math.min(newest, PROTOCOL)
  if (protocol < OLDEST_PROTOCOL || protocol < oldest) {
    const theirs = `the peer speaks protocol ${range(oldest, newest)}`
    const text = `${theirs}, and we speak ${range(OLDEST_PROTOCOL, PROTOCOL)}: update the older side`
    throw new JrError('JR_VERSION', text)
  }
  const role = hello[2]
  if (role !== 'distributor' && role !== 'node')
    throw new JrError('JR_PROTOCOL', 'a peer is a distributor or a node')
  if (role === us.role)
    throw new JrError('JR_PROTOCOL', `two ${role}s are connected to each other: check the addresses`)
  const nonce = hello[7]
  if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES) {
    throw new JrError('JR_PROTOCOL', `a nonce has ${NONCE_BYTES} bytes`)
  }
  const peer: Peer = {
    role,
    name: label(hello[3], 'name'),
    instance: label(hello[4], 'instance'),
    packageVersion: text(hello[5], 'package version'),
    protocol,
    pid: whole(hello[6], 'pid'),
    maxFrame: whole(hello[9], 'maxFrame'),
  }
  return { peer, secured: hello[8] === true }
}

function range(oldest: number, newest: number): string {
  return oldest === newest ? `${newest}` : `${oldest} to ${newest}`
}

/** Reads the few small frames of the handshake, and not a byte more. */
class HelloReader {
  readonly #socket: Socket
  readonly #deadline: Timer
  #bytes = Buffer.alloc(0)
  #error: JrError | null = null
  #wake: () => void = () => {}
  #greeted = false

  constructor(socket: Socket, clock: Clock, deadlineMs: number) {
    this.#socket = socket
    socket.on('data', this.#onData).on('error', this.#onError).on('close', this.#onClose)
    this.#deadline = clock.setTimer(deadlineMs, () => {
      this.#fail(this.#tooLate(deadlineMs))
    })
  }

  async next(first: boolean): Promise<{ readonly value: unknown; readonly bytes: Buffer }> {
    const start = first ? MAGIC.length : 0
    for (;;) {
      if (this.#error !== null) throw this.#error
      const magic = this.#bytes.subarray(0, start)
      if (first && !MAGIC.subarray(0, magic.length).equals(magic)) {
        throw new JrError('JR_PROTOCOL', 'the peer does not speak this protocol')
      }
      if (this.#bytes.length >= start + 4) {
        const length = this.#bytes.readUInt32BE(start)
        if (length === 0 || length > MAX_HELLO) throw new JrError('JR_PROTOCOL', `a hello of ${length} bytes`)
        const end = start + 4 + length
        if (this.#bytes.length >= end) {
          this.#greeted = true
          const bytes = this.#bytes.subarray(0, end)
          this.#bytes = this.#bytes.subarray(end)
          return { value: unpackChecked(bytes.subarray(start + 4), { maxDepth: 2, maxNodes: 32 }), bytes }
        }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #tooLate(ms: number): JrError {
    if (!this.#greeted) return new JrError('JR_PROTOCOL', `no hello within ${ms} ms`)
    const text = `the peer has not proved within ${ms} ms that it knows our secret (option secretFile)`
    return new JrError('JR_AUTH', text)
  }

  detach(): void {
    this.#deadline.cancel()
    this.#socket.off('data', this.#onData).off('error', this.#onError).off('close', this.#onClose)
    this.#socket.pause()
    if (this.#bytes.length > 0 && !this.#socket.destroyed) this.#socket.unshift(this.#bytes)
    // Whoever takes the socket listens for errors; until then they must not bring the process down.
    if (this.#error !== null) this.#socket.on('error', () => {})
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    // Nobody may have us hold more than the handshake can need before we know who it is.
    if (this.#bytes.length > 4 * MAX_HELLO) this.#socket.pause()
    this.#wake()
  }

  readonly #onError = (cause: Error): void => {
    this.#fail(new JrError('JR_CONNECTION', cause.message, { cause }))
  }

  readonly #onClose = (): void => {
    this.#fail(new JrError('JR_CONNECTION', 'the peer closed the connection during the handshake'))
  }

  #fail(error: JrError): void {
    this.#error ??= error
    this.#wake()
  }
}
