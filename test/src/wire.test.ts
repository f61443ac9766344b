import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { pack } from '#dist/src/bytes/codec.js'
import { systemChance } from '#dist/src/chance.js'
import { systemClock } from '#dist/src/clock.js'
import type { JrError } from '#dist/src/errors.js'
import { silentLogger } from '#dist/src/logger.js'
import { isOpen, readSecret, type Secret } from '#dist/src/options/secret.js'
import { formatAddress, parseAddress } from '#dist/src/wire/address.js'
import { Channel, type ChannelOptions } from '#dist/src/wire/channel.js'
import { FrameReader, FrameWriter } from '#dist/src/wire/frame.js'
import { PROTOCOL } from '#dist/src/wire/handshake.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import { type Link, Links, type LinksOptions } from '#dist/src/wire/links.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { FIRST_VERSION } from '../fixtures/first-version.js'
import { agreed } from '../fixtures/record.mjs'
import { outcome } from '../node/records.js'

const bytes = (text: string) => Buffer.from(text)
const job = {
  id: 'id-1',
  edition: 0,
  name: 'work',
  agreed: agreed({ period: 1, missed: 'skip', node: 'n1', notNode: ['n2'], backoff: 2.5 }),
  args: bytes('args'),
} as const
const sent = {
  delayMs: 20,
  byWall: true,
  wanted: true,
  heldMs: 3,
  sentBefore: [{ node: 'n1', number: 7, last: 9 }],
} as const

const MESSAGES: LinkMessage[] = [
  { type: 'ping' },
  { type: 'pong' },
  { type: 'bye', reason: 'stopping' },
  { type: 'enqueue', number: 7, job, ...sent, more: true },
  {
    type: 'enqueue',
    number: 8,
    job: { ...job, agreed: agreed({}), args: bytes('') },
    ...sent,
    delayMs: null,
    sentBefore: [],
    more: false,
  },
  { type: 'forget', ids: ['a', 'b'] },
  { type: 'cancel', request: 1, id: 'a' },
  { type: 'watch', request: 2, id: 'a', key: 'kwork\0b' },
  { type: 'outcomes-taken', first: 3, count: 12 },
  { type: 'request', request: 3, verb: 'jobs', body: bytes('body') },
  {
    type: 'welcome',
    taken: 9,
    creditJobs: 10,
    creditBytes: 11,
    maxArgs: 12,
    jobs: [{ name: 'work', defer: true }],
    unknownJob: 'wait',
    evented: 2,
    deferred: 1,
    alone: true,
    terms: 9,
    minPriority: -(2 ** 31),
    maxPriority: 7,
  },
  { type: 'accepted', number: 8 },
  { type: 'refused', number: 9, code: 'JR_DUPLICATE', message: 'no', job: 'a' },
  { type: 'joined', number: 9, id: 'a' },
  { type: 'outcome', stored: true, outcome: outcome({ error: bytes('error') }) },
  { type: 'reply', request: 3, ok: false, body: bytes('') },
  { type: 'node-state', status: 'paused', jobs: [], evented: 0, deferred: 1, busy: 0 },
]

function frameOf(messages: readonly LinkMessage[]): Buffer {
  const writer = new FrameWriter(linkMessages)
  for (const message of messages) writer.add(message)
  const frame = writer.take()
  if (frame === null) throw new Error('no frame')
  return frame
}

const reader = (maxFrame = 1 << 20) => new FrameReader(linkMessages, { maxFrame })

/** All messages that this completes. */
function read(from: FrameReader<LinkMessage>, chunk: Buffer): LinkMessage[] {
  from.push(chunk)
  return from.take()
}

t.test('every message comes back as it went', async (t) => {
  for (const message of MESSAGES) t.same(read(reader(), frameOf([message])), [message], message.type)
  t.same(read(reader(), frameOf(MESSAGES)), MESSAGES, 'all in one frame')
})

t.test('a frame may be split at every byte', async (t) => {
  const frames = Buffer.concat([frameOf(MESSAGES), frameOf(MESSAGES.slice(0, 4)), frameOf(MESSAGES.slice(4))])
  const expected = [...MESSAGES, ...MESSAGES]
  for (let at = 0; at <= frames.length; at++) {
    const split = reader()
    const got = [...read(split, frames.subarray(0, at)), ...read(split, frames.subarray(at))]
    if (!isDeepStrictEqual(got, expected)) t.fail(`split at ${at}`)
  }
  const single = reader()
  const got: LinkMessage[] = []
  for (const byte of frames) got.push(...read(single, Buffer.from([byte])))
  t.same(got, expected, 'byte by byte')
  fc.assert(
    fc.property(fc.array(fc.nat(frames.length), { maxLength: 12 }), (cuts) => {
      const some = reader()
      const ends = [...cuts.sort((a, b) => a - b), frames.length]
      let from = 0
      let count = 0
      for (const end of ends) {
        count += read(some, frames.subarray(from, end)).length
        from = end
      }
      return count === expected.length && !some.partial
    }),
  )
})

t.test('a large frame may come in any pieces, with others before and behind it', async (t) => {
  const large: LinkMessage = { type: 'request', request: 9, verb: 'jobs', body: Buffer.alloc(700_000, 'x') }
  const frames = Buffer.concat([
    frameOf(MESSAGES),
    frameOf([large]),
    frameOf([large, ...MESSAGES]),
    frameOf(MESSAGES),
  ])
  const expected = [...MESSAGES, large, large, ...MESSAGES, ...MESSAGES]
  for (const size of [1000, 65_536, 262_144, 300_001, 700_050, frames.length]) {
    const some = reader()
    const got: LinkMessage[] = []
    for (let at = 0; at < frames.length; at += size) {
      got.push(...read(some, frames.subarray(at, at + size)))
    }
    t.ok(isDeepStrictEqual(got, expected), `pieces of ${size}`)
    t.notOk(some.partial)
    t.equal(some.unfinished, 0)
  }
})

t.test('frames that are no frames are refused, and nothing is made of them', async (t) => {
  const frame = (length: number, rest: Buffer) => {
    const prefix = Buffer.alloc(4)
    prefix.writeUInt32BE(length, 0)
    return Buffer.concat([prefix, rest])
  }
  const message = (code: number, fields: number[], length = fields.length) => {
    const head = Buffer.alloc(5)
    head.writeUInt8(code, 0)
    head.writeUInt32BE(length, 1)
    return Buffer.concat([head, Buffer.from(fields)])
  }
  const framed = (...messages: Buffer[]) => {
    const all = Buffer.concat(messages)
    return frame(all.length, all)
  }
  const bad: Record<string, Buffer> = {
    'too long': frame(0xffffffff, Buffer.alloc(0)),
    'over the limit': frame(2 << 20, Buffer.alloc(0)),
    'too short': frame(4, Buffer.alloc(4)),
    'a message longer than the frame': framed(message(1, [], 100)),
    'a message without its fields': framed(message(11, [])),
    'text longer than the message': framed(message(3, [50, 0x61])),
    'text that is too long': framed(message(3, [0x88, 0x27, ...Array.from({ length: 5000 }, () => 0x61)])),
    'a number that does not end': framed(
      message(
        21,
        Array.from({ length: 12 }, () => 0xff),
      ),
    ),
    'a number beyond 2 ** 53': framed(message(21, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
    'a list longer than the message': framed(message(11, [0xff, 0xff, 0x7f, 1, 0x61])),
    'neither true nor false': framed(message(24, [1, 2, 0])),
    'a choice that is not there': framed(message(25, [9, 0, 0, 0])),
    'too many messages': framed(...Array.from({ length: 70_000 }, () => message(1, []))),
    'bytes behind the last message': frame(7, Buffer.concat([message(1, []), Buffer.alloc(2)])),
  }
  for (const [name, chunk] of Object.entries(bad))
    t.throws(() => read(reader(), chunk), { code: 'JR_PROTOCOL' }, name)
  const alone: [string, Buffer, object][] = [
    [
      'payload longer than the message',
      message(15, [7, 4, 0x6a, 0x6f, 0x62, 0x73, 100, 1, 2, 3]),
      { what: 'request', number: 7 },
    ],
    ['an id that is empty', message(12, [5, 0]), { what: 'request', number: 5 }],
    [
      'flags that are not known',
      message(10, [9, 0xff, 0xff, 0x7f, 1, 0x61, 1, 0x61, 0]),
      { what: 'job', number: 9 },
    ],
    ['an outcome without its end', message(23, [0, 3, 1, 0x61]), { what: 'outcome', id: 'a' }],
  ]
  for (const [name, one, about] of alone) {
    const [first, second] = read(reader(), framed(one, message(1, [])))
    t.match(first, { type: 'unreadable', about, error: { code: 'JR_PROTOCOL' } }, `${name}: by itself`)
    t.same(second, { type: 'ping' }, 'what comes behind it is read')
  }
  t.same(
    read(reader(), framed(message(99, [1, 2, 3]), message(1, []))),
    [{ type: 'ping' }],
    'a code that is not known is left out',
  )
  t.same(
    read(reader(), framed(message(21, [7, 1, 2, 3]))),
    [{ type: 'accepted', number: 7 }],
    'fields behind those that are known are left out',
  )
})

t.test('random bytes make no messages and no trouble', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (random) => {
      try {
        read(reader(), Buffer.from(random))
      } catch (error) {
        return (error as JrError).code === 'JR_PROTOCOL'
      }
      return true
    }),
    { numRuns: 2000 },
  )
})

t.test('addresses', async (t) => {
  const good: [unknown, string][] = [
    ['127.0.0.1:5000', '127.0.0.1:5000'],
    ['[::1]:80', '[::1]:80'],
    [5000, '127.0.0.1:5000'],
    ['5000', '127.0.0.1:5000'],
    ['localhost:1', 'localhost:1'],
    [['10.0.0.1', 7], '10.0.0.1:7'],
    ['/run/app.sock', '/run/app.sock'],
    ['unix:app.sock', 'unix:app.sock'],
    ['./app.sock', './app.sock'],
    [{ path: '/a' }, '/a'],
    [{ port: 3 }, '127.0.0.1:3'],
  ]
  for (const [value, text] of good) t.equal(formatAddress(parseAddress(value, 'x')), text)
  for (const value of ['', 'host', 'host:99999', -1, 1.5, null, {}, ['a'], 'a:b:c']) {
    t.throws(() => parseAddress(value, 'opts.nodes'), { message: /^opts\.nodes: expected/ }, String(value))
  }
})

async function pair(t: Test): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const near = connect(address.port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return [near, far]
}

const beat = (everyMs: number) => ({
  everyMs,
  misses: 3,
  ping: { type: 'ping' } as LinkMessage,
  pong: { type: 'pong' } as LinkMessage,
})

t.test('a channel: one frame a tick, answers pings, ends in good order', async (t) => {
  const [near, far] = await pair(t)
  const got: LinkMessage[] = []
  const options = { maxFrame: 1 << 20, clock: systemClock, heartbeat: beat(10), onClose: () => {} }
  const a = new Channel<LinkMessage>(near, linkMessages, { ...options, onMessages: () => {} })
  const closed = new Promise<JrError | null>((resolve) => {
    new Channel<LinkMessage>(far, linkMessages, {
      ...options,
      onMessages: (messages) => got.push(...messages),
      onClose: resolve,
    })
  })
  for (const message of MESSAGES.slice(2)) a.send(message)
  a.close()
  a.send({ type: 'accepted', number: 99 })
  t.equal(await closed, null)
  t.same(got, MESSAGES.slice(2), 'all that was sent before, and nothing after')
})

t.test('a silent peer is given up, and so is one that never ends a frame', async (t) => {
  for (const [name, speak, code] of [
    ['silent', () => {}, 'JR_CONNECTION'],
    ['slow', (socket: Socket) => setInterval(() => socket.write('\0'), 5).unref(), 'JR_PROTOCOL'],
  ] as const) {
    const [near, far] = await pair(t)
    far.on('error', () => {})
    far.resume()
    const error = await new Promise<JrError | null>((resolve) => {
      const options = {
        maxFrame: 1 << 20,
        clock: systemClock,
        heartbeat: beat(10),
        onMessages: () => {},
        onClose: resolve,
      }
      new Channel<LinkMessage>(near, linkMessages, options)
      if (name === 'slow') far.write(Buffer.from([0, 0, 1, 0]))
      speak(far)
    })
    t.equal(error?.code, code, name)
  }
})

t.test('a handler that throws closes its channel, and no other', async (t) => {
  const [near, far] = await pair(t)
  const a = new Channel<LinkMessage>(near, linkMessages, {
    maxFrame: 1 << 20,
    clock: systemClock,
    heartbeat: null,
    onMessages: () => {},
    onClose: () => {},
  })
  const error = await new Promise<JrError | null>((resolve) => {
    const onMessages = () => {
      throw new Error('a mistake')
    }
    new Channel<LinkMessage>(far, linkMessages, {
      maxFrame: 1 << 20,
      clock: systemClock,
      heartbeat: null,
      onMessages,
      onClose: resolve,
    })
    a.send({ type: 'accepted', number: 1 })
  })
  t.match(error, { code: 'JR_PROTOCOL', message: /a mistake/ })
})

t.test('what throws when there is room again closes its channel, and no other', async (t) => {
  const [near, far] = await pair(t)
  const error = await new Promise<JrError | null>((resolve) => {
    const channel = new Channel<LinkMessage>(near, linkMessages, {
      maxFrame: 1 << 20,
      clock: systemClock,
      heartbeat: null,
      onMessages: () => {},
      onDrain: () => {
        throw new Error('a mistake')
      },
      onClose: resolve,
    })
    while (channel.writable) {
      channel.send({ type: 'request', request: 1, verb: 'jobs', body: Buffer.alloc(100_000) })
    }
    far.resume()
  })
  t.match(error, { code: 'JR_PROTOCOL', message: /a mistake/ })
})

/** A channel over one end of a connection, and the other end, to say anything on. */
async function heard(
  t: Test,
  over: Partial<ChannelOptions<LinkMessage>>,
): Promise<{ channel: Channel<LinkMessage>; far: Socket; closed: Promise<JrError | null> }> {
  const [near, far] = await pair(t)
  far.on('error', () => {}).resume()
  let onClose: (error: JrError | null) => void = () => {}
  const closed = new Promise<JrError | null>((resolve) => {
    onClose = resolve
  })
  const options = {
    maxFrame: 1 << 24,
    clock: systemClock,
    heartbeat: null,
    onMessages: () => {},
    onClose,
    ...over,
  }
  return { channel: new Channel<LinkMessage>(near, linkMessages, options), far, closed }
}

const accepted = (count: number) =>
  frameOf(Array.from({ length: count }, (_, number) => ({ type: 'accepted', number })))

t.test(
  'a frame that takes long is handed over in parts: what else is to be done comes between',
  async (t) => {
    let batches = 0
    let last = -1
    let between = 0
    const tick = () => {
      between++
      if (last < 65_535) setImmediate(tick)
    }
    const { far, closed } = await heard(t, {
      onMessages: (messages) => {
        if (batches++ === 0) setImmediate(tick)
        for (const message of messages) if (message.type === 'accepted' && message.number === last + 1) last++
        const from = performance.now()
        while (performance.now() - from < 3);
      },
    })
    far.end(accepted(65_536))
    t.equal(await closed, null)
    t.equal(last, 65_535, 'all of it, in order, though the peer has closed meanwhile')
    t.ok(between >= batches - 1 && batches > 10, `${between} times between ${batches} parts`)
  },
)

t.test('who pauses a channel hears nothing more, and does not take its peer for dead', async (t) => {
  let count = 0
  let parts: () => void = () => {}
  const first = new Promise<void>((resolve) => {
    parts = resolve
  })
  const { channel, far, closed } = await heard(t, {
    heartbeat: beat(5),
    onMessages: (messages) => {
      count += messages.length
      channel.pause('store')
      parts()
    },
  })
  const pings = new FrameReader(linkMessages, { maxFrame: 1 << 20 })
  let beats = 0
  const many = new Promise<void>((resolve) => {
    far.on('data', (chunk) => {
      pings.push(chunk)
      beats += pings.take().length
      if (beats > 10) resolve()
    })
  })
  far.write(accepted(3000))
  await first
  await many
  t.ok(count < 3000, `${count}: the frame is not all handed over`)
  t.equal(channel.closed, false, 'ten heartbeats of silence, and no wonder')
  far.end()
  while (count < 3000) {
    channel.resume('store')
    await new Promise((resolve) => setImmediate(resolve))
  }
  channel.resume('store')
  t.equal(await closed, null)
})

t.test('a channel that is closed while it is paused ends, whatever its peer has yet to say', async (t) => {
  // Only the streams can end it.
  const clock = { ...systemClock, setTimer: () => ({ cancel: () => {}, unref: () => {}, ref: () => {} }) }
  let batches = 0
  let hear: () => void = () => {}
  const first = new Promise<void>((resolve) => {
    hear = resolve
  })
  const { channel, far, closed } = await heard(t, {
    clock,
    onMessages: () => {
      batches++
      channel.pause('store')
      hear()
    },
  })
  far.write(accepted(3000))
  await first
  far.write(accepted(3000))
  channel.close()
  t.equal(await closed, null)
  t.equal(batches, 1, 'who has paused hears nothing more')
})

t.test('what a channel was told to destroy says nothing more', async (t) => {
  let count = 0
  const { channel, far, closed } = await heard(t, {
    onMessages: (messages) => {
      count += messages.length
      channel.destroy()
    },
  })
  far.write(accepted(5000))
  t.equal(await closed, null)
  t.ok(count < 5000)
})

interface End {
  readonly links: Links
  readonly linked: Promise<Link>
  /** The code of the first refusal. */
  readonly refused: Promise<string>
}

function endOf(t: Test, role: 'node' | 'distributor', over: Partial<LinksOptions> = {}): End {
  let refuse: (code: string) => void = () => {}
  const refused = new Promise<string>((resolve) => {
    refuse = resolve
  })
  let found: (link: Link) => void = () => {}
  const linked = new Promise<Link>((resolve) => {
    found = resolve
  })
  const links = new Links({
    identity: () => ({ role, name: `${role}-name`, instance: `${role}-life` }),
    secret: null,
    maxFrame: 1 << 20,
    heartbeatMs: 50,
    allowRemoteWithoutSecret: false,
    log: { ...silentLogger, warn: (_event, facts) => refuse(String(facts?.code)) },
    clock: systemClock,
    chance: { ...systemChance, random: () => 0 },
    backoff: { minMs: 5, maxMs: 10 },
    handshakeMs: 300,
    onLink: (link) => {
      found(link)
      return { onMessages: () => {}, onClose: () => {} }
    },
    ...over,
  })
  t.teardown(() => links.stop())
  return { links, linked, refused }
}

t.test('links: either side dials, over TCP and Unix sockets; each learns who the other is', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'jr-links-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  for (const [listener, dialler] of [
    ['node', 'distributor'],
    ['distributor', 'node'],
  ] as const) {
    for (const where of [{ host: '127.0.0.1', port: 0 }, { path: join(dir, `${listener}.sock`) }]) {
      const a = endOf(t, listener)
      const b = endOf(t, dialler)
      b.links.dial(await a.links.listen(where))
      t.match((await a.linked).peer, {
        role: dialler,
        name: `${dialler}-name`,
        instance: `${dialler}-life`,
        pid: process.pid,
      })
      t.match((await b.linked).peer, { role: listener, protocol: PROTOCOL })
      await b.links.stop()
      await a.links.stop()
    }
  }
})

t.test('links: who does not belong is refused', async (t) => {
  const secret = [Buffer.alloc(32, 1)] as const
  const cases = [
    ['two nodes', 'node', {}, {}, 'JR_PROTOCOL'],
    ['another secret', 'distributor', { secret }, { secret: [Buffer.alloc(32, 2)] }, 'JR_AUTH'],
    ['a secret on one side', 'distributor', { secret }, {}, 'JR_AUTH'],
  ] as const
  for (const [name, role, ours, theirs, code] of cases) {
    const a = endOf(t, 'node', ours)
    const b = endOf(t, role, theirs)
    b.links.dial(await a.links.listen({ host: '127.0.0.1', port: 0 }))
    t.equal(await a.refused, code, name)
    await b.links.stop()
    await a.links.stop()
  }
  const a = endOf(t, 'node', { secret })
  const b = endOf(t, 'distributor', { secret })
  b.links.dial(await a.links.listen({ host: '127.0.0.1', port: 0 }))
  t.ok(await a.linked, 'the same secret')
  t.ok(await b.linked)
})

t.test('a secret that others can read is refused with the command that mends it', async (t) => {
  const file = join(t.testdir({ secret: `${'x'.repeat(32)}\n` }), 'secret')
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode)
    t.throws(() => readSecret(file), { code: 'JR_BAD_CONFIG', message: `chmod 600 '${file}'` })
  }
  chmodSync(file, 0o600)
  t.equal(readSecret(file)?.length, 1)
})

t.test('a secret of another user may be handed over by a group of ours', async (t) => {
  const us = { uid: 1000, groups: [1000, 2000] }
  const cases: [uid: number, gid: number, mode: number, open: boolean][] = [
    [0, 2000, 0o440, false],
    [0, 2000, 0o640, false],
    [0, 2000, 0o400, false],
    [0, 2000, 0o460, true],
    [0, 2000, 0o444, true],
    [0, 3000, 0o440, true],
    [1000, 2000, 0o440, true],
    [1000, 2000, 0o400, false],
  ]
  for (const [uid, gid, mode, open] of cases)
    t.equal(isOpen({ uid, gid, mode: 0o100000 | mode }, us), open, `${uid}:${gid} ${mode.toString(8)}`)
})

const skipRoot = process.getuid?.() === 0 ? false : 'only root can give a file to another user'

t.test('a secret of another user and our group is read', { skip: skipRoot }, async (t) => {
  const file = join(t.testdir({ secret: 'x'.repeat(32) }), 'secret')
  chmodSync(file, 0o440)
  chownSync(file, 4321, process.getgid?.() ?? 0)
  t.equal(readSecret(file)?.length, 1)
  chownSync(file, 4321, 4321)
  t.throws(() => readSecret(file), { message: /it belongs to user 4321: .*chmod 440/ })
})

t.test('a secret file holds one or two, a line each; keys are made of them', async (t) => {
  const [first, second] = ['a'.repeat(32), 'b'.repeat(32)]
  const read = (text: string) => {
    const file = join(t.testdir({ secret: text }), 'secret')
    chmodSync(file, 0o600)
    return readSecret(file)
  }
  const two = read(`${first}\r\n\n  ${second}\n`)
  t.equal(two?.length, 2)
  t.same(two?.[0], read(first)?.[0], 'the first line first')
  t.same(two?.[1], read(second)?.[0])
  t.notSame(two?.[0], Buffer.from(first), 'not the secret itself')
  t.equal(two?.[0].length, 32)
  t.throws(() => read(`${first}\n${second}\n${first}`), { code: 'JR_BAD_CONFIG', message: /3 lines/ })
  t.throws(() => read(''), { code: 'JR_BAD_CONFIG', message: /0 characters/ })
  t.throws(() => read(`${first}\nshort`), { code: 'JR_BAD_CONFIG', message: /5 characters/ })
})

t.test('links: a secret is changed in steps, whichever side dials and goes first', async (t) => {
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const steps: [Secret, Secret][] = [
    [[old], [old, fresh]],
    [
      [old, fresh],
      [fresh, old],
    ],
    [[fresh, old], [fresh]],
  ]
  for (const [before, after] of steps) {
    for (const [listens, dials] of [
      [before, after],
      [after, before],
    ] as const) {
      for (const role of ['node', 'distributor'] as const) {
        let heard: (message: LinkMessage | undefined) => void = () => {}
        const message = new Promise<LinkMessage | undefined>((resolve) => {
          heard = resolve
        })
        const onLink = () => ({ onMessages: (all: LinkMessage[]) => heard(all[0]), onClose: () => {} })
        const a = endOf(t, role, { secret: listens, onLink })
        const b = endOf(t, role === 'node' ? 'distributor' : 'node', { secret: dials })
        b.links.dial(await a.links.listen({ host: '127.0.0.1', port: 0 }))
        const { channel } = await b.linked
        channel.send({ type: 'accepted', number: 1 })
        t.same(await message, { type: 'accepted', number: 1 }, 'and the frames are sealed with one key')
        await b.links.stop()
        await a.links.stop()
      }
    }
  }
})

t.test('links: who dials with another secret is told that the secrets may differ', async (t) => {
  const a = endOf(t, 'node', { secret: [Buffer.alloc(32, 1)] })
  let told: (facts: object | undefined) => void = () => {}
  const line = new Promise<object | undefined>((resolve) => {
    told = resolve
  })
  const log = { ...silentLogger, warn: (_event: string, facts?: object) => told(facts) }
  const b = endOf(t, 'distributor', { secret: [Buffer.alloc(32, 2)], log })
  b.links.dial(await a.links.listen({ host: '127.0.0.1', port: 0 }))
  t.match(await line, { code: 'JR_AUTH', error: /after our proof: the secrets may differ/ })
})

t.test('links: a stranger between two that listen gets no proof of either', async (t) => {
  const secret = [Buffer.alloc(32, 1)] as const
  const linked: string[] = []
  const onLink = (link: Link) => {
    linked.push(link.peer.name)
    return { onMessages: () => {}, onClose: () => {} }
  }
  const ends = [
    endOf(t, 'node', { secret, onLink, handshakeMs: 500 }),
    endOf(t, 'distributor', { secret, onLink, handshakeMs: 500 }),
  ]
  const sockets: Socket[] = []
  for (const end of ends) {
    const address = await end.links.listen({ host: '127.0.0.1', port: 0 })
    if (!('port' in address)) throw new Error('no port')
    sockets.push(connect(address.port, '127.0.0.1').on('error', () => {}))
  }
  const [one, other] = sockets
  if (one === undefined || other === undefined) throw new Error('no sockets')
  const heard = sockets.map((socket) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    return chunks
  })
  one.on('data', (chunk) => other.write(chunk))
  other.on('data', (chunk) => one.write(chunk))
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
  t.same(linked, [])
  for (const chunks of heard) {
    const said = Buffer.concat(chunks)
    t.equal(said.length, 8 + said.readUInt32BE(4), 'a hello, and nothing that comes of the secret')
  }
})

t.test('links: who sits between changes, drops, repeats and swaps nothing', async (t) => {
  const secret = [Buffer.alloc(32, 1)] as const
  const tricks: Record<string, (frames: Buffer[]) => Buffer[]> = {
    'a flipped bit': ([a, b, c]) => {
      if (b !== undefined) b[12] = (b[12] ?? 0) ^ 1
      return [a, b, c] as Buffer[]
    },
    'a dropped frame': ([a, , c]) => [a, c] as Buffer[],
    'a repeated frame': ([a]) => [a, a] as Buffer[],
    'swapped frames': ([a, b, c]) => [a, c, b] as Buffer[],
  }
  for (const [name, trick] of Object.entries(tricks)) {
    const got: LinkMessage[] = []
    let closed: (error: JrError | null) => void = () => {}
    const end = new Promise<JrError | null>((resolve) => {
      closed = resolve
    })
    const onLink = () => ({ onMessages: (m: LinkMessage[]) => void got.push(...m), onClose: closed })
    const a = endOf(t, 'node', { secret, onLink, heartbeatMs: 60_000 })
    const b = endOf(t, 'distributor', {
      secret,
      heartbeatMs: 60_000,
      backoff: { minMs: 60_000, maxMs: 60_000 },
    })
    const real = await a.links.listen({ host: '127.0.0.1', port: 0 })
    if (!('port' in real)) throw new Error('no port')
    const between = createServer((socket) => {
      const behind = connect(real.port, '127.0.0.1').on('error', () => {})
      behind.pipe(socket.on('error', () => {}))
      let bytes = Buffer.alloc(0)
      // The hello has the magic before it; then comes the proof, then frames.
      let from = 4
      const frames: Buffer[] = []
      let passed = 0
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        while (bytes.length >= from + 4 && bytes.length >= from + 4 + bytes.readUInt32BE(from)) {
          const to = from + 4 + bytes.readUInt32BE(from)
          const whole = Buffer.from(bytes.subarray(0, to))
          bytes = bytes.subarray(to)
          from = 0
          if (passed++ < 2) behind.write(whole)
          else frames.push(whole)
          if (frames.length === 3) behind.write(Buffer.concat(trick(frames.splice(0))))
        }
      })
    }).listen(0, '127.0.0.1')
    t.teardown(() => between.close())
    await once(between, 'listening')
    const address = between.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    b.links.dial({ host: '127.0.0.1', port: address.port })
    const { channel } = await b.linked
    for (const id of ['a', 'b', 'c']) {
      channel.send({ type: 'forget', ids: [id] })
      channel.flush()
    }
    t.match(await end, { code: 'JR_AUTH' }, name)
    t.same(
      got.filter((message) => message.type === 'forget' && message.ids[0] !== 'a'),
      [],
      'nothing is done',
    )
  }
})

t.test('links: what who dials has proved cannot be said back to him', async (t) => {
  const secret = [Buffer.alloc(32, 1)] as const
  const dialler = endOf(t, 'node', { secret, onLink: () => t.fail('linked') as never })
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  dialler.links.dial({ host: '127.0.0.1', port: address.port })
  const [socket] = (await once(server, 'connection')) as [Socket]
  const fields = [PROTOCOL, PROTOCOL, 'distributor', 'x', 'y', '0', 1, Buffer.alloc(32), true, 1 << 20]
  socket.write(Buffer.concat([Buffer.from('JRP1'), hello(fields)]))
  let said = Buffer.alloc(0)
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      said = Buffer.concat([said, chunk])
      const end = said.length > 8 ? 8 + said.readUInt32BE(4) : Number.POSITIVE_INFINITY
      if (said.length > end) socket.write(said.subarray(end))
    })
  await once(socket, 'close')
  t.ok(said.length > 8 + said.readUInt32BE(4), 'it had proved, and was not taken in by its own proof')
})

t.test('links: who comes and goes without a word is no trouble', async (t) => {
  const probed: object[] = []
  const debug = (event: string) => probed.push({ event })
  const warn = (event: string) => t.fail(event)
  const a = endOf(t, 'node', { log: { ...silentLogger, debug, warn } })
  const address = await a.links.listen({ host: '127.0.0.1', port: 0 })
  if (!('port' in address)) throw new Error('no port')
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const socket = connect(address.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.resume()[leave]()
    await once(socket, 'close')
  }
  while (probed.length < 3) await new Promise(setImmediate)
  t.same(probed, Array(3).fill({ event: 'connection:probed' }))
})

t.test('links: version 0.1.0 is refused in words; of strangers there is one line in 10 s', async (t) => {
  const lines: object[] = []
  const warn = (event: string, facts: object = {}) => lines.push({ event, ...facts })
  const a = endOf(t, 'node', { log: { ...silentLogger, warn } })
  const address = await a.links.listen({ host: '127.0.0.1', port: 0 })
  if (!('port' in address)) throw new Error('no port')
  for (let n = 0; n < 20; n++) {
    const socket = connect(address.port, '127.0.0.1').on('error', () => {})
    socket.resume().write(n === 0 ? FIRST_VERSION.distributor : `stranger ${n}`)
    await once(socket, 'close')
  }
  t.match(lines, [
    { event: 'connection:refused', code: 'JR_VERSION', error: /speaks protocol 1, and we speak \d+:/ },
    { event: 'connection:refused', code: 'JR_PROTOCOL' },
  ])
  t.equal(lines.length, 2, 'whatever the others said')
})

t.test('links: probes, garbage and silence are closed; others go on', async (t) => {
  const a = endOf(t, 'node')
  const address = await a.links.listen({ host: '127.0.0.1', port: 0 })
  if (!('port' in address)) throw new Error('no port')
  const probes: Record<string, Buffer | string> = {
    http: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    tls: Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]),
    'a huge hello': Buffer.from('JRP1\xff\xff\xff\xff', 'latin1'),
    'a hello of nothing': Buffer.from('JRP1\0\0\0\x01\xc0', 'latin1'),
    'an old version': Buffer.concat([
      Buffer.from('JRP1'),
      hello([0, 0, 'distributor', 'x', 'y', '0', 1, Buffer.alloc(32), false]),
    ]),
    'a new version': Buffer.concat([
      Buffer.from('JRP1'),
      hello([9, 9, 'distributor', 'x', 'y', '0', 1, Buffer.alloc(32), false]),
    ]),
    silence: '',
  }
  for (const [name, data] of Object.entries(probes)) {
    const socket = connect(address.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    if (data.length > 0) socket.write(data)
    await once(socket, 'close')
    t.pass(`${name} was closed`)
  }
  const b = endOf(t, 'distributor')
  b.links.dial(address)
  t.ok(await b.linked)
})

t.test('links: strangers who say nothing keep nobody out', async (t) => {
  const a = endOf(t, 'node', { handshakeMs: 60_000 })
  const address = await a.links.listen({ host: '127.0.0.1', port: 0 })
  if (!('port' in address)) throw new Error('no port')
  const silent = Array.from({ length: 100 }, () => connect(address.port, '127.0.0.1'))
  for (const socket of silent) socket.on('error', () => {}).resume()
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  await Promise.all(silent.slice(0, 36).map((socket) => once(socket, 'close')))
  const b = endOf(t, 'distributor')
  b.links.dial(address)
  t.ok(await b.linked)
})

t.test('links: a peer that closes each connection at once is dialled less and less often', async (t) => {
  let links = 0
  let enough: () => void = () => {}
  const sixth = new Promise<void>((resolve) => {
    enough = resolve
  })
  const a = endOf(t, 'node', {
    onLink: (link) => {
      if (++links === 6) enough()
      link.channel.destroy()
      return { onMessages: () => {}, onClose: () => {} }
    },
  })
  const b = endOf(t, 'distributor', { backoff: { minMs: 10, maxMs: 1000 } })
  const from = performance.now()
  b.links.dial(await a.links.listen({ host: '127.0.0.1', port: 0 }))
  await sixth
  // The pauses are 5, 10, 20, 40 and 80 ms at least; without growth it would be 25.
  t.ok(performance.now() - from > 140, 'a bound from below: a busy machine only adds to it')
})

t.test('links: of what is at the path of a socket, only a socket without an owner is removed', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'jr-links-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'file')
  writeFileSync(file, 'precious')
  await t.rejects(endOf(t, 'node').links.listen({ path: file }), { code: 'JR_ADDRESS', message: /no socket/ })
  t.equal(readFileSync(file, 'utf8'), 'precious')
  const path = join(dir, 'a.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script], { env: {}, stdio: 'ignore' }), 'exit')
  t.ok(existsSync(path), 'what was killed has left its socket')
  const a = endOf(t, 'node')
  t.ok(await a.links.listen({ path }), 'and it is in nobody’s way')
  await t.rejects(endOf(t, 'node').links.listen({ path }), { code: 'JR_ADDRESS', message: /EADDRINUSE/ })
})

t.test('links: a dialled peer is found again when it comes back', async (t) => {
  const first = endOf(t, 'node')
  const address = await first.links.listen({ host: '127.0.0.1', port: 0 })
  const seen: string[] = []
  let again: () => void = () => {}
  const twice = new Promise<void>((resolve) => {
    again = resolve
  })
  const b = endOf(t, 'distributor', {
    onLink: (link) => {
      seen.push(link.peer.name)
      if (seen.length === 2) again()
      return { onMessages: () => {}, onClose: () => {} }
    },
  })
  b.links.dial(address)
  await first.linked
  await first.links.stop()
  const second = endOf(t, 'node')
  await second.links.listen(address)
  await twice
  t.same(seen, ['node-name', 'node-name'])
})

t.test('links: other machines are let in with a secret only', async (t) => {
  const a = endOf(t, 'node')
  await t.rejects(a.links.listen({ host: '0.0.0.0', port: 0 }), { code: 'JR_ADDRESS', message: /secretFile/ })
  const b = endOf(t, 'node', { secret: [Buffer.alloc(32)] })
  t.ok(await b.links.listen({ host: '0.0.0.0', port: 0 }))
  const taken = endOf(t, 'node')
  const address = await taken.links.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(endOf(t, 'node').links.listen(address), { code: 'JR_ADDRESS', message: /EADDRINUSE/ })
})

function hello(fields: unknown[]): Buffer {
  const body = pack(fields)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}
