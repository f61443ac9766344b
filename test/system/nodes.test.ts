import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { unlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { parseAddress } from '#dist/src/wire/address.js'
import {
  ALL_CHILDREN,
  alive,
  descendants,
  event,
  folder,
  startApp,
  startNode,
  toApp,
  until,
} from './harness.js'
import { smallDisk, withoutSmallDisk } from './small-disk.js'

const STORES = [
  ['level', 'fsync'],
  ['level', 'os'],
  ['memory', 'fsync'],
] as const

for (const [store, durability] of STORES) {
  t.test(`two apps and two nodes, ${store} store (${durability})`, async (t) => {
    const dir = folder(t)
    const one = await startApp(t, { name: 'one' })
    const two = await startApp(t, { name: 'two' })
    const both = [...toApp(one.address), ...toApp(two.address)]
      .filter((part) => part !== '--distributors')
      .join(',')
    for (const name of ['n1', 'n2']) {
      const flags = [
        '--distributors',
        both,
        '--dir',
        join(dir, name),
        '--store',
        store,
        '--durability',
        durability,
      ]
      await startNode(t, name, flags)
    }
    for (const { app } of [one, two]) while (app.nodes().length < 2) await event(app, 'node:connected')
    const ranOn = async (app: Distributor, options: object) => {
      const { facts } = await app.enqueue('facts', {}, options).result()
      return (facts as { node: string }).node
    }
    for (const { app } of [one, two]) {
      for (const name of ['n1', 'n2']) {
        t.equal(await ranOn(app, { node: name }), name)
        t.equal(await ranOn(app, { node: name, strictNode: true }), name)
        t.not(await ranOn(app, { notNode: name }), name)
        t.not(await ranOn(app, { notNode: [name, 'other'] }), name)
      }
      t.equal(await ranOn(app, { node: 'gone', notNode: 'n1' }), 'n2', 'a soft pin falls back')
    }
    const jobs = Array.from({ length: 200 }, (_, i) => (i % 2 ? one : two).app.enqueue('facts').result())
    const nodes = new Set((await Promise.all(jobs)).map(({ facts }) => (facts as { node: string }).node))
    t.same([...nodes].sort(), ['n1', 'n2'], 'both have work')
  })
}

t.test('the app dials, too: a node that listens', async (t) => {
  const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
  const app = new Distributor({ nodes: [parseAddress(node.address, 'node')], logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  t.equal(await app.start(), null)
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
  t.match(app.nodes(), [{ name: 'n1', status: 'running', inFlight: 0 }])
})

t.test('an app that only dials ends by itself when its jobs are accepted', async (t) => {
  const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
  const [host, port] = node.address.split(':')
  const app = `
    import { Distributor } from ${JSON.stringify(resolve('dist/distributor/index.js'))}
    const app = new Distributor({ nodes: [{ host: '${host}', port: ${port} }], logLevel: 'silent' })
    await app.start()
    app.enqueue('echo')
    app.enqueue('echo', {}, { after: 3600 })`
  const script = spawn(process.execPath, ['--input-type=module', '-e', app], { stdio: 'inherit' })
  t.teardown(() => script.kill('SIGKILL'))
  t.same(await once(script, 'exit'), [0, null])
})

t.test('a Unix socket will do', async (t) => {
  const dir = folder(t)
  const { app, address } = await startApp(t, { path: join(dir, 'app.sock'), port: undefined } as object)
  await startNode(t, 'n1', [...toApp(address), '--dir', join(dir, 'data')])
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
})

t.test('jobs wait for a node, and a bound is kept', async (t) => {
  const { app, address } = await startApp(t, { maxHeld: 3 })
  const held = [1, 2, 3].map((value) => app.enqueue('echo', { value }, { after: '10ms' }))
  const full = event(app, 'backlog:full')
  const refused = app.enqueue('echo')
  await t.rejects(refused.accepted, { code: 'JR_BACKLOG_FULL' })
  t.match(await full, { name: 'echo', held: 3 })
  t.equal(await held[2]?.cancel(), 'cancelled')
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  t.equal((await held[0]?.result())?.echoed, 1)
  t.equal((await held[1]?.result())?.echoed, 2)
})

t.test(
  'jobs that wait for a node are bounded in bytes, too; a job alone is held whatever its size',
  async (t) => {
    const { app } = await startApp(t, { maxHeldBytes: 1000 })
    const pad = (length: number) => app.enqueue('echo', { pad: 'x'.repeat(length) })
    const first = pad(2000)
    const full = event(app, 'backlog:full')
    await t.rejects(pad(1).accepted, { code: 'JR_BACKLOG_FULL', message: /maxHeldBytes/ })
    t.match(await full, { held: 1, heldBytes: 2008 })
    t.equal(await first.cancel(), 'cancelled')
    const second = pad(400)
    const third = pad(400)
    await t.rejects(pad(400).accepted, { code: 'JR_BACKLOG_FULL' })
    for (const held of [second, third]) t.equal(await held.cancel(), 'cancelled')
  },
)

t.test('a strict pin waits for its node', async (t) => {
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  await app.ready
  const pinned = app.enqueue('facts', {}, { node: 'n2', strictNode: true })
  const soft = await app.enqueue('facts', {}, { node: 'n2' }).result()
  t.match(soft, { facts: { node: 'n1' } })
  await startNode(t, 'n2', [...toApp(address), '--dir', folder(t)])
  t.match(await pinned.result(), { facts: { node: 'n2' } })
})

t.test('a second node of the same name is refused', async (t) => {
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  await app.ready
  const refused = event(app, 'node:duplicate')
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  t.match(await refused, { name: 'n1' })
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
})

t.test('a job goes through the distributor that a node process holds', async (t) => {
  const { app, address } = await startApp(t)
  const socket = join(folder(t), 'n1.sock')
  const dir = folder(t)
  await startNode(t, 'n1', [...toApp(address), '--dir', join(dir, 'n1'), '--distribute', socket])
  await startNode(t, 'n2', ['--distributors', socket, '--dir', join(dir, 'n2')])
  const handle = app.enqueue('forwards', { value: 'far', to: 'n2' })
  t.match(await handle.result(), { fromOther: 'far' })
})

t.test('pause, resume, kill the children; stop gracefully, and at once', async (t) => {
  const { app, address } = await startApp(t)
  const dir = folder(t)
  const flags = [...toApp(address), '--dir', dir, '--shutdown-timeout', '30s']
  const node = await startNode(t, 'n1', flags)
  await app.ready
  node.process.kill('SIGUSR2')
  await node.line('node:paused')
  const held = app.enqueue('echo', { value: 'paused' })
  await until(() => app.nodes()[0]?.status === 'paused')
  const later = app.enqueue('echo', { value: 'kept' })
  await later.accepted
  node.process.kill('SIGCONT')
  t.equal((await held.result()).echoed, 'paused')
  t.equal(
    (await later.result()).echoed,
    'kept',
    'what came while it was paused was stored, and ran after that',
  )

  const running = app.enqueue('waits', { ms: 100 }, { backoff: 0 })
  await node.line('job:started', running.id)
  const before = descendants(node.pid)
  node.process.kill('SIGUSR1')
  t.same(await running.result(), { ms: 100, waited: true }, 'it ran again')
  t.ok(
    before.every((pid) => !alive(pid)),
    'the old children are gone',
  )

  const finishing = app.enqueue('waits', { ms: 200 })
  await node.line('job:started', finishing.id)
  node.process.kill('SIGTERM')
  t.same(await finishing.result(), { ms: 200, waited: true }, 'it may end')
  const children = descendants(node.pid)
  t.same(await node.exited, { code: 0, signal: null })
  t.ok(children.every((pid) => !alive(pid)))

  const again = await startNode(t, 'n1', flags)
  const endless = app.enqueue('ignores_signal', {}, { maxAttempts: 1 })
  await again.line('job:started', endless.id)
  again.process.kill('SIGTERM')
  await again.line('node:stopping')
  again.process.kill('SIGTERM')
  t.same(await again.exited, { code: 0, signal: null })
  const third = await startNode(t, 'n1', flags)
  await third.line('job:started', endless.id, '"attempt":1')
  t.equal(await endless.cancel(), 'cancelling')
})

t.test('no process outlives a node that is killed, not even busy ones and grandchildren', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', folder(t), ...ALL_CHILDREN])
  const busy = app.enqueue('spins_deferred')
  await node.line('job:started', busy.id)
  const below = descendants(node.pid)
  t.ok(below.length >= 2)
  process.kill(node.pid, 'SIGKILL')
  await node.exited
  await until(() => !below.some(alive))
})

t.test('what a job has started ends with a node that is killed, though its child was idle', async (t) => {
  const { app, address } = await startApp(t)
  const dir = folder(t)
  for (let round = 0; round < 4; round++) {
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', dir])
    const { started } = (await app.enqueue('starts_a_process').result()) as { started: number }
    t.ok(alive(started))
    process.kill(node.pid, 'SIGKILL')
    await node.exited
    t.teardown(() => {
      if (alive(started)) process.kill(started, 'SIGKILL')
    })
    await until(() => !alive(started))
  }
})

t.test(
  'the attempt that a killed node takes with it counts, also where the job file says how many',
  async (t) => {
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--dir', folder(t)]
    const first = await startNode(t, 'n1', flags)
    const once = app.enqueue('waits_once')
    const more = app.enqueue('waits')
    const result = t.rejects(once.result(), { code: 'JR_NODE_LOST' })
    await Promise.all([first.line('job:started', once.id), first.line('job:started', more.id)])
    // That they have begun is written before what comes now.
    await app.enqueue('echo').accepted
    first.process.kill('SIGKILL')
    await first.exited
    const again = await startNode(t, 'n1', flags)
    await result
    await again.line('job:started', more.id, '"attempt":2')
    t.notOk(again.log.some((line) => line.includes('job:started') && line.includes(once.id)))
    t.equal(await more.cancel(), 'cancelling')
  },
)

t.test(
  'a second node on the same data directory is refused, also after a kill -9 of the first',
  async (t) => {
    const flags = ['--listen', '127.0.0.1:0', '--dir', folder(t)]
    const first = await startNode(t, 'n1', flags)
    await t.rejects(startNode(t, 'n1', flags), /is in use: process \d+ has it/)
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    const third = await startNode(t, 'n1', flags)
    third.process.kill('SIGTERM')
    await third.exited
    await t.rejects(startNode(t, 'other', flags), /belongs to node 'n1', not 'other'/)
  },
)

t.test('a lost child: its job runs again at once on the spare one', async (t) => {
  const { app, address } = await startApp(t)
  const flags = ['--dir', folder(t), '--backoff', '0', ...ALL_CHILDREN]
  const node = await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const times: number[] = []
  const spares = () => node.log.filter((line) => line.includes('child:ready')).length
  for (let i = 0; i < 5; i++) {
    const { facts } = await app.enqueue('facts').result()
    const waiting = app.enqueue('waits', { ms: 60_000 })
    await node.line('job:started', waiting.id, '"attempt":1')
    // One evented child, one deferred, one spare; and one more for each that was killed.
    await until(() => spares() >= 3 + i)
    const from = Date.now()
    process.kill((facts as { pid: number }).pid, 'SIGKILL')
    const again = await node.line('job:started', waiting.id, '"attempt":2')
    times.push(Date.parse(JSON.parse(again).time) - from)
    await waiting.cancel()
    await t.rejects(waiting.result(), { code: 'JR_CANCELLED' })
  }
  t.comment(`ms from the kill of a child until its job ran again: ${times.join(', ')}`)
  t.equal(times.length, 5)
})

t.test(
  'a full disk: the node acknowledges nothing more and ends with a code of its own; started again, it has all',
  { skip: withoutSmallDisk() },
  async (t) => {
    const dir = folder(t)
    smallDisk(t, dir, 40)
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--dir', join(dir, 'data')]
    const ballast = join(dir, 'ballast')
    const first = await startNode(t, 'n1', flags)
    await app.ready
    writeFileSync(ballast, Buffer.alloc(37 * 1024 * 1024))
    const value = 'x'.repeat(50_000)
    const jobs = Array.from({ length: 100 }, (_, i) => app.enqueue('echo', { i, value }, { after: '300ms' }))
    const results = jobs.map((job) => job.result())
    t.same(await first.exited, { code: 74, signal: null })
    unlinkSync(ballast)
    // What was accepted is there; what was not is sent again, and there is room for it now.
    await startNode(t, 'n1', flags)
    const got = await Promise.all(results)
    t.same(
      got.map(({ i }) => i),
      jobs.map((_, i) => i),
    )
  },
)
