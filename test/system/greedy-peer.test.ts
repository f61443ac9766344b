import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import { pack } from '#dist/src/bytes/codec.js'
import { readSecret } from '#dist/src/options/secret.js'
import { FrameWriter } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { folder, type NodeProcess, startApp, startNode, toApp, until } from './harness.js'
import { enqueueOf, RawPeer, welcomeOf } from './raw-peer.js'

const MIB = 1024 * 1024
/** Messages of a frame: a quarter of what a peer may send. */
const MOST = Number(process.env.JR_TEST_MESSAGES ?? 16_384)
/** Jobs that are to be over before what is greedy is; some hundred to measure how long one takes at most. */
const COUNT = 10
const MEASURED = Number(process.env.JR_TEST_BESIDE ?? COUNT)

/** The most memory that the process has held, since the last time that it was asked to forget it. */
function peak(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

const replied = (request: number) => (message: LinkMessage) =>
  message.type === 'reply' && message.request === request

/** A node of a secret with an app that has jobs for it; and peers that know the secret, too. */
async function beside(
  t: Test,
): Promise<{ app: Distributor; node: NodeProcess; greedyPeer: (name: string) => Promise<RawPeer> }> {
  const dir = folder(t)
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const { app, address } = await startApp(t, { secretFile })
  const flags = ['--listen', '127.0.0.1:0', '--dir', join(dir, 'data'), '--secret-file', secretFile]
  const node = await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const secret = readSecret(secretFile)
  const [host = '', port] = node.address.split(':')
  const greedyPeer = async (name: string) => {
    const greedy = await RawPeer.dial(t, 'distributor', { host, port: Number(port) }, { secret, name })
    await greedy.until(() => greedy.has(({ type }) => type === 'welcome'))
    return greedy
  }
  return { app, node, greedyPeer }
}

/** Milliseconds that the slowest of so many jobs takes, one at a time. */
async function slowestOf(count: number, app: Distributor): Promise<number> {
  let slowest = 0
  for (let value = 0; value < count; value++) {
    const from = performance.now()
    await app.enqueue('echo', { value }).result({ timeout: 60_000 })
    slowest = Math.max(slowest, performance.now() - from)
  }
  return slowest
}

const load = (request: number): LinkMessage => ({
  type: 'request',
  request,
  verb: 'load',
  body: pack({ id: 'no-such' }),
})

/** A job that no node knows. */
const enqueue = (number: number, args: Buffer) =>
  enqueueOf(number, { id: `job-${number}`, name: 'n'.repeat(200), args })

t.test(
  'one frame of all that a peer may ask for keeps nobody waiting, and takes little memory',
  async (t) => {
    const ids = Array.from({ length: 64 }, (_, i) => i.toString(36))
    const frames: Record<string, (n: number) => LinkMessage> = {
      'ids to forget': () => ({ type: 'forget', ids }),
      lists: (request) => ({ type: 'request', request, verb: 'jobs', body: pack({ limit: 1000 }) }),
      'jobs to cancel': (request) => ({ type: 'cancel', request, id: `no-such-${request}` }),
    }
    const { app, node, greedyPeer } = await beside(t)
    const later = { after: '1d' }
    await Promise.all(Array.from({ length: 1000 }, () => app.enqueue('echo', {}, later).accepted))
    await slowestOf(1, app)
    for (const [what, make] of Object.entries(frames)) {
      const greedy = await greedyPeer(what)
      const all = Array.from({ length: MOST - 2 }, (_, n) => make(n + 1))
      forgetPeak(node.pid)
      const before = peak(node.pid)
      greedy.send(load(0), ...all, load(MOST))
      // It is at it.
      await greedy.until(() => greedy.has(replied(0)))
      const slowest = await slowestOf(MEASURED, app)
      t.notOk(greedy.has(replied(MOST)), `${what}: ${MEASURED} jobs of another app are over before it is`)
      const grown = (peak(node.pid) - before) / MIB
      t.comment(
        `${what}: the slowest of ${MEASURED} jobs took ${slowest.toFixed(1)} ms; ${grown.toFixed(0)} MiB more`,
      )
      t.ok(grown < 400, `${what}: ${grown.toFixed(0)} MiB more`)
      greedy.socket.destroy()
      await node.line('distributor:disconnected', what)
    }
  },
)

t.test(
  'a peer that does not read why its jobs are refused is not listened to; later it is told of each',
  async (t) => {
    const { app, node, greedyPeer } = await beside(t)
    const greedy = await greedyPeer('does-not-read')
    greedy.socket.pause()
    const before = peak(node.pid)
    const jobs = Array.from({ length: 30_000 }, (_, n) => enqueue(n + 1, pack({})))
    greedy.send(...jobs)
    await slowestOf(COUNT, app)
    t.ok((peak(node.pid) - before) / MIB < 200)
    greedy.socket.resume()
    const refused = () => greedy.got.filter(({ type }) => type === 'refused')
    await greedy.until(() => refused().length === jobs.length)
    t.pass('all were refused')
  },
)

t.test('a node that says all that it can holds up no other job of the app', async (t) => {
  const { app, address } = await startApp(t)
  if (!('port' in address)) throw new Error('no port')
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  const greedy = await RawPeer.dial(t, 'node', address)
  const jobs = Array.from({ length: 20 }, (_, i) => ({ name: `job-${i}`, defer: false }))
  const state = (status: 'running' | 'paused'): LinkMessage => ({
    type: 'node-state',
    status,
    jobs,
    evented: 1,
    deferred: 0,
    busy: 0,
  })
  const facts = () => app.nodes().find(({ name }) => name === 'raw-node')
  greedy.send(welcomeOf({ creditJobs: 1, creditBytes: 1, maxArgs: 1, jobs, alone: true }))
  const many = Array.from({ length: MOST }, () => state('running'))
  for (let frame = 0; frame < 3; frame++) greedy.send(...many)
  greedy.send(state('paused'))
  t.comment(`the slowest of ${COUNT} jobs took ${(await slowestOf(COUNT, app)).toFixed(1)} ms`)
  t.equal(facts()?.status, 'running', 'they are over before all that the node says is heard')
  await until(() => facts()?.status === 'paused')
})

t.test(
  'peers that all begin a large frame share a bound; each is heard in the end, and others meanwhile',
  async (t) => {
    const { app, address } = await startApp(t)
    const node = await startNode(t, 'n1', [...toApp(address), '--listen', '127.0.0.1:0', '--dir', folder(t)])
    await app.ready
    const [host = '', port] = node.address.split(':')
    const peers: RawPeer[] = []
    for (let i = 0; i < 24; i++) {
      const peer = await RawPeer.dial(t, 'distributor', { host, port: Number(port) }, { name: `raw-${i}` })
      await peer.until(() => peer.has(({ type }) => type === 'welcome'))
      peers.push(peer)
    }
    const writer = new FrameWriter(linkMessages)
    writer.add(enqueue(1, pack({ text: 'x'.repeat(15 * MIB) })))
    const frame = writer.take() as Buffer
    await slowestOf(1, app)
    const before = peak(node.pid)
    for (const { socket } of peers) socket.write(frame.subarray(0, 12 * MIB))
    await slowestOf(COUNT, app)
    for (const { socket } of peers) socket.write(frame.subarray(12 * MIB))
    await Promise.all(peers.map((peer) => peer.until(() => peer.has(({ type }) => type === 'refused'))))
    const grown = (peak(node.pid) - before) / MIB
    t.comment(`${grown.toFixed(0)} MiB more`)
    t.ok(grown < 250, `${grown.toFixed(0)} MiB more`)
  },
)
