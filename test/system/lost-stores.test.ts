import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Distributor, type JobHandle } from '#dist/distributor/index.js'
import { event, folder, JOBS, type NodeProcess, startApp, startNode, toApp } from './harness.js'

const LOST = { name: 'JrError', code: 'JR_STORE_LOST' }

/** What became of a job; can be left lying, as it does not reject. */
const codeOf = (handle: JobHandle): Promise<unknown> =>
  handle.result().then(
    () => 'completed',
    (error) => error.code,
  )

const gone = (app: Distributor) => event(app, 'node:disconnected')

async function kill(app: Distributor, node: NodeProcess): Promise<void> {
  const away = gone(app)
  node.process.kill('SIGKILL')
  await node.exited
  await away
}

function losses(app: Distributor): unknown[] {
  const lost: unknown[] = []
  app.on('jobs:lost', (event) => lost.push(event))
  return lost
}

/** A node that is connected to the app when this resolves. */
async function connect(t: Test, app: Distributor, flags: string[]): Promise<NodeProcess> {
  const connected = event(app, 'node:connected')
  // No job here asks for one.
  const node = await startNode(t, 'n1', [...flags, '--deferred-children', '0'])
  await connected
  return node
}

t.test('a node with a memory store is killed: whoever waits for its jobs is told', async (t) => {
  const { app } = await startApp(t)
  const named: unknown[] = []
  app.feedback('facts', { error: (args) => named.push(args.error) })
  const events: unknown[] = []
  app.on('jobs:lost', (lost) => events.push(lost))
  app.on('job:failed', ({ info }) => events.push(info.id))
  const few = { deferredChildren: 0, standbyChildren: 0 }
  const node = await app.spawnNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'error', ...few })
  const later = { after: '1h' }

  const told: unknown[] = []
  const anew: JobHandle[] = []
  const delayed = app.enqueue('echo', { value: 1 }, later, undefined, (args, info) => told.push(args, info))
  const running = app.enqueue('waits')
  const results = Promise.allSettled([delayed.result(), running.result()])
  const byName = app.enqueue('facts', {}, later)
  const schedule = app.enqueue('counts', { runs: 1e9 }, { period: '50ms' }, () => {})
  const unasked = app.enqueue('echo', {}, later)
  const askedWhileAway = app.enqueue('echo', { value: 'old' }, { ...later, id: 'mine' })
  const cancelledWhileAway = app.enqueue('echo', {}, later)
  const many = app.enqueueMany('echo', [{}, {}, {}], later)
  const manyResults = many.results().catch((error) => error.code)
  const done = app.enqueue('echo', { value: 'done' })
  t.equal((await done.result()).echoed, 'done')
  await Promise.all([delayed, running, byName, schedule, unasked, many].map(({ accepted }) => accepted))
  await event(app, 'job:completed')

  const away = gone(app)
  const lost = event(app, 'jobs:lost')
  process.kill(node.pid, 'SIGKILL')
  await away
  const asked = askedWhileAway.result().catch((error) => {
    anew.push(app.enqueue('echo', { value: 'new' }, { id: 'mine' }))
    return Promise.all([error.code, anew[0]?.result()])
  })
  const cancelled = cancelledWhileAway.cancel()
  const sentWhileAway = app.enqueue('echo', { value: 'held' })
  await lost

  t.match(await results, [
    {
      status: 'rejected',
      reason: {
        ...LOST,
        message: new RegExp(`node 'n1' .* ${delayed.id} \\('echo'\\).* enqueue it again`),
      },
    },
    { status: 'rejected', reason: LOST },
  ])
  t.match(told, [
    { error: LOST },
    { id: delayed.id, name: 'echo', node: 'n1', state: 'failed', attempt: 0, more: false, child: 0 },
  ])
  t.equal(told.length, 2, 'once')
  t.match(named, [LOST])
  t.equal(await codeOf(unasked), 'JR_STORE_LOST', 'asked when all was over')
  t.equal(await codeOf(schedule), 'JR_STORE_LOST')
  t.equal(await manyResults, 'JR_STORE_LOST')
  t.match(await asked, ['JR_STORE_LOST', { echoed: 'new' }], 'the same id may be enqueued again at once')
  t.equal(await cancelled, 'not-found')
  t.equal(await codeOf(cancelledWhileAway), 'JR_STORE_LOST')
  t.equal(await delayed.cancel(), 'not-found')
  t.equal(await app.cancel(delayed.id), 'not-found')
  t.equal((await done.result()).echoed, 'done', 'what had ended stays as it was')
  t.equal((await sentWhileAway.result()).echoed, 'held', 'what was not accepted is sent again')
  const all = [delayed, running, byName, schedule, unasked, askedWhileAway, cancelledWhileAway, ...many]
  t.same(events.at(-1), { node: 'n1', jobs: all.length })
  t.same(events.slice(0, -1).sort(), all.map(({ id }) => id).sort())
})

t.test('a data directory that is set back, or another one', async (t) => {
  const { app, address } = await startApp(t)
  const root = folder(t)
  const [dir, copy] = [join(root, 'data'), join(root, 'copy')]
  const flags = [...toApp(address), '--dir', dir]
  const later = { after: '1h' }
  const first = await connect(t, app, flags)
  const before = app.enqueue('echo', {}, later)
  await before.accepted
  first.process.kill('SIGTERM')
  await first.exited
  cpSync(dir, copy, { recursive: true })

  const second = await connect(t, app, flags)
  const after = app.enqueueMany('echo', [{}, {}], later)
  const afterResults = Promise.allSettled(Array.from(after, (handle) => handle.result()))
  await after.accepted
  await kill(app, second)
  rmSync(dir, { recursive: true })
  cpSync(copy, dir, { recursive: true })
  const behind = event(app, 'jobs:lost')
  const third = await connect(t, app, flags)
  t.same(await behind, { node: 'n1', jobs: 2 })
  t.match(await afterResults, [{ reason: LOST }, { reason: LOST }])
  const beforeResult = codeOf(before)
  t.equal(await before.cancel(), 'cancelled', 'what is in the copy is there')
  t.equal(await beforeResult, 'JR_CANCELLED')

  const last = app.enqueue('echo', {}, later)
  const lastResult = codeOf(last)
  await last.accepted
  await kill(app, third)
  rmSync(dir, { recursive: true })
  const empty = event(app, 'jobs:lost')
  await connect(t, app, flags)
  t.same(await empty, { node: 'n1', jobs: 1 })
  t.equal(await lastResult, 'JR_STORE_LOST')
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
})

t.test(
  'a directory of which an earlier life of the app has numbers: they say nothing of this one',
  async (t) => {
    const root = folder(t)
    const path = join(root, 'app.sock')
    const life = async () => {
      const app = new Distributor({ path, spool: join(root, 'spool'), logLevel: 'silent' })
      t.teardown(() => app.stop({ timeout: 0 }))
      await app.start()
      return app
    }
    const flags = (dir: string) => ['--distributors', path, '--dir', join(root, dir)]
    const before = await life()
    const first = await connect(t, before, flags('one'))
    await before.enqueueMany('echo', [{}, {}, {}, {}, {}]).results()
    await before.stop()
    first.process.kill('SIGKILL')
    await first.exited

    const app = await life()
    const second = await connect(t, app, flags('two'))
    const job = app.enqueue('echo', {}, { after: '1h' })
    const result = codeOf(job)
    await job.accepted
    await kill(app, second)
    const lost = event(app, 'jobs:lost')
    await connect(t, app, flags('one'))
    t.same(await lost, { node: 'n1', jobs: 1 })
    t.equal(await result, 'JR_STORE_LOST')
  },
)

for (const store of ['level', 'memory']) {
  t.test(`a connection that is lost, and no more than that: nothing is (${store})`, async (t) => {
    const { app, address } = await startApp(t, { heartbeat: '50ms' })
    const lost = losses(app)
    const flags = ['--store', store, '--dir', folder(t), '--heartbeat', '50ms']
    const node = await connect(t, app, [...toApp(address), ...flags])
    const due = Date.now() + 1000
    const jobs = app.enqueueMany('echo', [{ value: 1 }, { value: 2 }], { runAt: due })
    const results = jobs.results()
    const unasked = app.enqueue('echo', { value: 3 }, { runAt: due })
    await Promise.all([jobs.accepted, unasked.accepted])
    for (let times = 0; times < 2; times++) {
      const away = gone(app)
      node.process.kill('SIGSTOP')
      await away
      const back = event(app, 'node:connected')
      node.process.kill('SIGCONT')
      await back
    }
    t.same(
      (await results).map(({ echoed }) => echoed),
      [1, 2],
    )
    t.equal((await app.enqueue('echo', { value: 4 }).result()).echoed, 4)
    t.same(lost, [])
  })
}

t.test('a node that is restarted and had nothing to lose says nothing', async (t) => {
  const { app, address } = await startApp(t)
  const lost = losses(app)
  const flags = [...toApp(address), '--store', 'memory']
  await kill(app, await connect(t, app, flags))
  await connect(t, app, flags)
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
  t.same(lost, [])
})

t.test('a level store that was killed has what it had', async (t) => {
  const { app, address } = await startApp(t)
  const lost = losses(app)
  const flags = [...toApp(address), '--dir', folder(t), '--durability', 'os']
  const node = await connect(t, app, flags)
  const jobs = app.enqueueMany('echo', [{ value: 1 }, { value: 2 }], { after: '500ms' })
  const results = jobs.results()
  await jobs.accepted
  await kill(app, node)
  await connect(t, app, flags)
  t.equal((await results).length, 2)
  t.same(lost, [])
})
