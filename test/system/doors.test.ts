import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { packArgs } from '#dist/src/bytes/values.js'
import { FrameWriter } from '#dist/src/wire/frame.js'
import { PROTOCOL } from '#dist/src/wire/handshake.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import { FIRST_VERSION } from '../fixtures/first-version.js'
import { Between, type Trick } from './between.js'
import { Flow } from './flow.js'
import {
  ALL_CHILDREN,
  appLog,
  event,
  folder,
  randomOf,
  readLog,
  startApp,
  startNode,
  toApp,
} from './harness.js'
import { enqueueOf } from './raw-peer.js'

const LONG = { timeout: 60_000 }

function secretIn(dir: string): string {
  const file = join(dir, 'secret')
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return file
}

/** An app with a secret that listens and tells what it logs; `runs`: where its jobs write down what they do. */
async function guarded(t: Test) {
  const dir = folder(t)
  const secretFile = secretIn(dir)
  const runs = join(dir, 'runs')
  mkdirSync(runs)
  const log = appLog(t)
  const { app, address } = await startApp(t, { secretFile, logLevel: 'info', logJson: true })
  return { app, address, log, runs, flags: ['--dir', join(dir, 'data'), '--secret-file', secretFile] }
}

async function dial(t: Test, { port }: { readonly port: number }): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

function portOf(address: object | string): { readonly port: number } {
  if (typeof address === 'string') return { port: Number(address.split(':')[1]) }
  if (!('port' in address && typeof address.port === 'number')) throw new Error('no port')
  return { port: address.port }
}

t.test('who relays between the doors of an app and a node gets in at neither', async (t) => {
  const { app, address, log, runs, flags } = await guarded(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--listen', '127.0.0.1:0', ...flags])
  await app.ready
  const serve = async (payload: string) =>
    t.match(await app.enqueue('record', { log: runs, payload }).result(LONG), { result: { echo: payload } })

  const toNode = await dial(t, portOf(node.address))
  const toAppDoor = await dial(t, portOf(address))
  // He keeps the one open when the other is closed.
  toNode.pipe(toAppDoor, { end: false }).pipe(toNode, { end: false })
  await serve('while they are joined')
  const words = 'has not proved within 5000 ms that it knows our secret'
  await Promise.all([node.line('JR_AUTH', words), log.line('connection:refused', 'JR_AUTH', words)])
  await serve('after it')

  // Once more, and what he has made of it himself is behind what he hands on.
  const writer = new FrameWriter(linkMessages)
  writer.add(enqueueOf(1, { id: 'his', name: 'record', args: packArgs({ log: runs, payload: 'his' }) }))
  const his = writer.take() as Buffer
  const doors = await Promise.all([dial(t, portOf(node.address)), dial(t, portOf(address))])
  const [one, other] = doors
  one.once('data', (hello) => other.write(Buffer.concat([hello, his])))
  other.once('data', (hello) => one.write(Buffer.concat([hello, his])))
  await Promise.all(doors.map((door) => once(door.resume(), 'close')))
  await serve('after both')

  t.same([...new Set(readLog(runs).map((entry) => 'job' in entry && entry.job === 'his'))], [false])
  t.equal(readLog(runs).filter(({ ev }) => ev === 'begin').length, 3)
  t.equal(log.lines.filter((line) => line.includes('node:connected')).length, 1)
  t.equal(node.log.filter((line) => line.includes('distributor:connected')).length, 1)
})

t.test('who sits between an app and a node changes nothing but that they connect again', async (t) => {
  const { app, address, log, runs, flags } = await guarded(t)
  const between = await Between.start(t, portOf(address))
  const toIt = ['--distributors', `127.0.0.1:${between.port}`, ...ALL_CHILDREN]
  const node = await startNode(t, 'n1', [...toIt, ...flags])
  await app.ready
  const seed = Number(process.env.JR_TEST_SEED ?? Date.now() % 1e6)
  t.comment(`seed ${seed}`)
  const random = randomOf(seed)
  const flip = (at: (frame: Buffer) => number) => (frame: Buffer) => {
    const changed = Buffer.from(frame)
    const index = at(frame)
    changed[index] = (changed[index] ?? 0) ^ (1 << Math.floor(random() * 8))
    return [changed]
  }
  const his = Buffer.from([0, 0, 0, 21, 1, 0, 0, 0, 0, ...randomBytes(16)])
  let kept: Buffer | null = null
  const tricks: Record<string, Trick> = {
    'a flipped bit': flip((frame) => 4 + Math.floor(random() * (frame.length - 4))),
    'a flipped bit of a seal': flip((frame) => frame.length - 1 - Math.floor(random() * 16)),
    'another length': (frame) => {
      const changed = Buffer.from(frame)
      changed.writeUInt32BE(frame.length - 5)
      return [changed]
    },
    'a dropped frame': () => [],
    'a repeated frame': (frame) => [frame, frame],
    'swapped frames': (frame) => {
      if (kept === null) {
        kept = frame
        return null
      }
      const both = [frame, kept]
      kept = null
      return both
    },
    'a frame of his': (frame) => [his, frame],
  }
  for (const [name, trick] of Object.entries(tricks)) {
    for (const from of ['app', 'node'] as const) {
      const flow = new Flow(t, app, runs, random)
      const lost = event(app, 'node:disconnected')
      const back = event(app, 'node:connected')
      between.play(from === 'node' ? 'dialler' : 'dialled', trick)
      const sent = flow.send(40)
      const { error } = (await lost) as { error: { code: string } | null }
      if (from === 'node') t.equal(error?.code, 'JR_AUTH', `${name}: the app says why it ends the connection`)
      await Promise.all([back, sent])
      await flow.settled()
      // No attempt is repeated either: what was on its way is known by its number.
      t.same(flow.violations(), [], `${name}, from the ${from}: each job has run, and was told, once`)
    }
  }
  const words = 'a frame is not the one that the peer sent'
  const cuts = Object.keys(tricks).length
  for (const [side, lines] of [
    ['the app', log.lines],
    ['the node', node.log],
  ] as const) {
    const ended = lines.filter((line) => line.includes('disconnected"') && line.includes(words))
    t.equal(ended.length, cuts, `${side} says at each frame from the other why it ends the connection`)
    t.ok(
      lines.some((line) => line.includes('connection:broken') && line.includes(words)),
      `${side} hears that its own did not arrive as it was sent`,
    )
  }
})

t.test('an app and a node that dial each other have one connection, and keep it', async (t) => {
  const dir = folder(t)
  const secretFile = secretIn(dir)
  const [ours, theirs] = [join(dir, 'app.sock'), join(dir, 'node.sock')]
  const { app } = await startApp(t, { path: ours, nodes: [theirs], secretFile })
  const connected: unknown[] = []
  app.on('node:connected', (facts) => connected.push(facts))
  const flags = ['--listen', theirs, '--distributors', ours, '--store', 'memory', '--secret-file', secretFile]
  const node = await startNode(t, 'n1', flags)
  await app.ready
  const lasts = () => app.enqueue('waits', { ms: 1000 }).result(LONG)
  await lasts()
  const before = connected.length
  t.match(await lasts(), { waited: true })
  t.equal(connected.length, before, 'nothing has connected again meanwhile')
  const again = event(app, 'node:connected')
  node.process.kill('SIGKILL')
  await startNode(t, 'n1', flags)
  await again
  t.match(await lasts(), { waited: true }, 'and they find each other again')
})

t.test(
  'version 0.1.0 is refused by app and node, whoever dials, in words that each side can log',
  async (t) => {
    const log = appLog(t)
    const refusing = new Map<string, string[]>()
    const words = ['connection:refused', 'JR_VERSION', 'the peer speaks protocol 1, and we speak ']
    // What version 0.1.0 was: it says its hello at once, reads one, and closes when it is refused.
    const spoken = (socket: Socket, first: Buffer, name: string) =>
      new Promise<void>((closed) => {
        const heard: Buffer[] = []
        socket.on('error', () => {}).on('data', (chunk) => heard.push(chunk))
        socket.once('close', () => {
          const hello = Buffer.concat(heard).toString('latin1', 8)
          refusing.set(name, [...(refusing.get(name) ?? []), hello.slice(1, 3)])
          closed()
        })
        socket.write(first)
      })
    const old = async (first: Buffer, name: string) => {
      let seen = () => {}
      const twice = new Promise<void>((resolve) => {
        let count = 0
        seen = () => void (++count === 3 && resolve())
      })
      const server = createServer((socket) => void spoken(socket, first, name).then(seen)).listen(
        0,
        '127.0.0.1',
      )
      t.teardown(() => server.close())
      await once(server, 'listening')
      return { address: `127.0.0.1:${(server.address() as { port: number }).port}`, twice }
    }
    const oldNode = await old(FIRST_VERSION.node, 'app dials')
    const oldApp = await old(FIRST_VERSION.distributor, 'node dials')
    const { app, address } = await startApp(t, { nodes: [oldNode.address], logLevel: 'warn', logJson: true })
    const node = await startNode(t, 'n1', [
      ...['--distributors', `${oldApp.address},127.0.0.1:${portOf(address).port}`],
      ...['--listen', '127.0.0.1:0', '--store', 'memory'],
    ])
    await app.ready
    await Promise.all([oldNode.twice, oldApp.twice])
    for (let n = 0; n < 3; n++) {
      await spoken(await dial(t, portOf(address)), FIRST_VERSION.node, 'node of before dials')
      await spoken(await dial(t, portOf(node.address)), FIRST_VERSION.distributor, 'app of before dials')
    }
    await Promise.all([log.line(...words), node.line(...words)])
    t.match(await app.enqueue('echo', { value: 1 }).result(LONG), { echoed: 1 }, 'those of one version go on')
    for (const lines of [log.lines, node.log]) {
      const told = lines.filter((line) => words.every((word) => line.includes(word)))
      t.equal(told.length, 2, 'once for whom it dials, and once for who dials it')
    }
    // The newest and the oldest protocol that we speak stand in front of a hello: the other side says it from them.
    for (const [name, all] of refusing)
      t.same([...new Set(all)], [String.fromCharCode(PROTOCOL, PROTOCOL)], name)
    t.equal(refusing.size, 4)
  },
)
