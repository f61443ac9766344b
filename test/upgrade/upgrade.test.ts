import { cpSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { liveView } from '#dist/src/job/live-view.js'
import { levelStore } from '#dist/src/store/index.js'
import { FrameReader } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { startNode as startNodeHere } from '#dist/start-node.js'
import { event, folder, JOBS as JOB_FILES, startApp, until } from '../system/harness.js'
import { FAILED, JOBS, LATER, NODE, NOTE, OUTCOME, SENT, SHELF } from './content.mjs'

/** A copy of what an earlier build has left, or has said. */
function copyOf(t: Test, name: string): string {
  const dir = join(folder(t), name)
  cpSync(join('test/upgrade/kept', name), dir, { recursive: true })
  return dir
}

t.test('the store of a killed node', async (t) => {
  const store = levelStore({ dir: copyOf(t, 'store') })
  const { interrupted, notes } = await store.open(NODE)
  t.teardown(() => store.close())
  t.same(
    notes.filter((note) => !note.startsWith('the last')),
    [],
    'nothing was damaged',
  )
  const now = { steady: 1000, wall: 1000 }
  t.same(interrupted, [{ job: liveView(JOBS.runs, 5, now).job, startedAt: 5 }])
  t.same(await store.load('job-1'), liveView(JOBS.waits, 0, now))
  t.match(await store.load('job-2'), { state: 'available', job: JOBS.due })
  t.same(await store.load('job-5'), { ...liveView(JOBS.schedule, 0, now), state: 'scheduled' })
  t.same(await store.load('job-4'), FAILED)
  t.same(await store.outcomes('app', 0, 10, 1e6), [OUTCOME])
  t.equal(await store.taken('app', 'life-1'), 5)
  t.same(await store.notes(SHELF, {}, 10), [NOTE])
  t.same(await store.counts(), { waiting: 3, running: 1, completed: 0, failed: 1, cancelled: 0, outcomes: 1 })
})

t.test('the spool of a killed app', async (t) => {
  const { app, address } = await startApp(t, { name: 'app', spool: copyOf(t, 'spool') })
  const connected = event(app, 'node:connected')
  const node = await startNodeHere({
    name: NODE,
    store: 'memory',
    jobs: JOB_FILES,
    distributors: [address],
    logLevel: 'error',
  })
  t.teardown(() => node.stop())
  await connected
  await until(async () => (await app.monitor().jobsFor(NODE)).jobs.length === SENT.length)
  const { jobs } = await app.monitor().jobsFor(NODE)
  for (const { args, options } of SENT) {
    const found = await Promise.all(jobs.map(({ id }) => app.monitor().load(id)))
    const job = found.find((one) => one?.args.value === args.value)
    t.match(job, { name: 'echo', state: 'scheduled', distributor: 'app' })
    t.ok(Math.abs((job?.due.getTime() ?? 0) - LATER) < 5000)
    if ('maxAttempts' in options) t.match(job?.terms, { maxAttempts: 5, node: NODE, timeout: '30s' })
    else t.equal(job?.id, 'mine')
  }
})

t.test('the bytes of an app: a node understands them, and answers', async (t) => {
  const node = await startNodeHere({
    name: NODE,
    store: 'memory',
    jobs: JOB_FILES,
    listen: '127.0.0.1:0',
    logLevel: 'error',
  })
  t.teardown(() => node.stop())
  const { port } = node.address as { port: number }
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const got = heard(socket)
  socket.write(readFileSync(join(copyOf(t, 'connection'), 'app.bin')))
  await until(() => got().some((message) => message.type === 'accepted' && message.number === SENT.length))
  await until(() => got().some(({ type }) => type === 'reply'))
  t.match(
    got().find(({ type }) => type === 'welcome'),
    { taken: 0, unknownJob: 'fail' },
  )
  t.match(
    got().find(({ type }) => type === 'reply'),
    { ok: true },
  )
  t.notOk(got().some(({ type }) => type === 'broken' || type === 'refused'))
  const looking = new Distributor({ name: 'looking', nodes: [`127.0.0.1:${port}`], logLevel: 'silent' })
  t.teardown(() => looking.stop({ timeout: 0 }))
  await looking.start()
  await looking.ready
  const { jobs } = await looking.monitor().jobsFor(NODE)
  t.equal(jobs.length, SENT.length)
  t.match(await looking.monitor().load('mine'), {
    args: SENT[0]?.args,
    state: 'scheduled',
    distributor: 'app',
  })
})

t.test('the bytes of a node: an app understands them', async (t) => {
  const got = messagesIn(readFileSync(join(copyOf(t, 'connection'), 'node.bin')))
  t.match(
    got.find(({ type }) => type === 'welcome'),
    { taken: 0, unknownJob: 'fail' },
  )
  t.ok(got.some((message) => message.type === 'accepted' && message.number === SENT.length))
  t.match(
    got.find(({ type }) => type === 'reply'),
    { ok: true },
  )
})

/** What comes, so far. */
function heard(socket: ReturnType<typeof connect>): () => LinkMessage[] {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  return () => messagesIn(Buffer.concat(chunks))
}

/** Behind the magic and the hello; without a secret there is no more before the frames. */
function messagesIn(bytes: Buffer): LinkMessage[] {
  if (bytes.length < 8) return []
  const reader = new FrameReader(linkMessages, { maxFrame: 1 << 24 })
  reader.push(bytes.subarray(8 + bytes.readUInt32BE(4)))
  return reader.take()
}
