import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { formatAddress, parseAddress } from '#dist/src/wire/address.js'
import { alive, descendants, folder, JOBS, startApp } from './harness.js'

const SOON_MS = 30_000

/** What a call came to, and how long it took. */
async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const from = performance.now()
  const value = await work
  return { value, ms: performance.now() - from }
}

t.test('stop ends with a spawned node that is frozen, and kills it after its time-out', async (t) => {
  const { app } = await startApp(t)
  const node = await app.spawnNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'silent' })
  const { pid } = node
  const children = descendants(pid)
  t.ok(children.length > 0)
  process.kill(pid, 'SIGSTOP')
  const { value, ms } = await timed(app.stop({ timeout: 1000 }))
  t.same(value, { notAccepted: 0 })
  t.ok(ms > 1000 && ms < SOON_MS, `${ms} ms`)
  t.equal(alive(pid), false)
})

t.test('a stop with a short time-out has running jobs given back, without a lost attempt', async (t) => {
  const dir = folder(t)
  const options = { name: 'n1', jobs: JOBS, dir: join(dir, 'data'), logLevel: 'silent' } as const
  const first = new Distributor({ name: 'app', port: 0, logLevel: 'silent' })
  t.teardown(() => first.stop({ timeout: 0 }))
  await first.start()
  const node = await first.spawnNode(options)
  const handle = first.enqueue('waits', { ms: 600_000 }, { id: 'long' })
  await handle.accepted
  const { ms } = await timed(first.stop({ timeout: 500 }))
  t.ok(ms < SOON_MS, `${ms} ms`)
  t.equal(alive(node.pid), false)
  const { app } = await startApp(t, { name: 'app' })
  await app.spawnNode(options)
  const job = await app.monitor().load('long')
  t.ok(job !== null && job.attempt <= 1, `attempt ${job?.attempt}`)
})

t.test('stop while a node starts: spawnNode settles at once, and no process is left', async (t) => {
  const dir = folder(t)
  const jobs = join(dir, 'jobs')
  mkdirSync(jobs)
  // Its top waits for ever: the node does not come up.
  writeFileSync(join(jobs, 'slow.mjs'), 'setInterval(() => {}, 1000)\nawait new Promise(() => {})\n')
  const { app } = await startApp(t)
  const before = descendants(process.pid)
  const spawned = app.spawnNode({ name: 'n1', jobs, dir: join(dir, 'data'), logLevel: 'silent' })
  const refused = t.rejects(spawned, { code: 'JR_STOPPED', message: /node 'n1' had not connected yet/ })
  const made = descendants(process.pid).filter((pid) => !before.includes(pid))
  t.equal(made.length, 1, 'its process is there')
  const { ms } = await timed(Promise.all([app.stop(), refused]))
  t.ok(ms < SOON_MS, `${ms} ms`)
  t.same(made.filter(alive), [], 'nothing is left')
})

t.test('stop in the same tick as spawnNode', async (t) => {
  const { app } = await startApp(t)
  const spawned = app.spawnNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'silent' })
  const refused = t.rejects(spawned, { code: 'JR_STOPPED' })
  t.same(await app.stop(), { notAccepted: 0 })
  await refused
})

t.test('an app on a socket with a relative path, and with a comma in it', async (t) => {
  const dir = relative('.', folder(t))
  for (const path of [join(dir, 'app.sock'), join(dir, 'a,b c.sock'), join(dir, '5000')]) {
    const app = new Distributor({ path, logLevel: 'silent' })
    t.teardown(() => app.stop({ timeout: 0 }))
    await app.start()
    await app.spawnNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'silent' })
    t.match(await app.enqueue('echo', { value: path }).result(), { echoed: path })
    await app.stop()
  }
})

t.test('an address is read as it was written', async (t) => {
  const addresses = [
    { path: 'app.sock' },
    { path: './app.sock' },
    { path: '/run/a,b.sock' },
    { path: '5000' },
    { path: 'unix:x' },
    { path: 'host:1' },
    { host: '::1', port: 1 },
    { host: 'localhost', port: 0 },
  ]
  for (const address of addresses) t.same(parseAddress(formatAddress(address), 'address'), address)
})

t.test('spawnNode waits for its predecessor, whose app has crashed and which still stops', async (t) => {
  const dir = folder(t)
  const started = spawn(process.execPath, [resolve('test/fixtures/crashing-app.mjs'), dir], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => started.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: started.stdout }), 'line')
  const { node } = JSON.parse(String(line))
  t.teardown(() => {
    try {
      process.kill(node, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  })
  started.kill('SIGKILL')
  await once(started, 'exit')
  t.equal(alive(node), true, 'the node of before stops: its job still runs')
  const { app } = await startApp(t, { name: 'crashing' })
  let exits = 0
  app.on('spawned:exited', () => exits++)
  await app.spawnNode({ name: 'n1', jobs: JOBS, dir: join(dir, 'data'), logLevel: 'silent' })
  t.equal(exits, 0, 'it has not failed before')
  t.equal(alive(node), false)
  t.match(await app.monitor().load('long'), { id: 'long' })
})
