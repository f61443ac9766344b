import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Feedback } from '#dist/distributor/ticket.js'
import { Deadlines } from '#dist/node/children/deadlines.js'
import { Staff } from '#dist/node/children/staff.js'
import { systemClock } from '#dist/src/clock.js'
import { silentLogger } from '#dist/src/logger.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { descendants, folder, startApp, startNode, toApp } from './harness.js'
import { all, most, stayed } from './readers.js'

const PAUSE_MS = 4000
/** Each queue is filled with both. */
const SIZES = [
  { what: 'large', bytes: 250_000, count: 200 },
  { what: 'small', bytes: 10, count: 10_000 },
]

/** An app of its own, and what it says. */
function countingApp(t: Test, path: string, count: number, bytes: number) {
  const args = ['test/fixtures/counting-app.mjs', path, String(count), String(bytes)]
  const app = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => app.kill('SIGKILL'))
  const said: string[] = []
  const heard = new EventEmitter()
  createInterface({ input: app.stdout }).on('line', (line) => {
    said.push(line)
    heard.emit('line')
  })
  const until = async (line: string) => {
    while (!said.includes(line)) await once(heard, 'line')
  }
  return { pid: app.pid ?? 0, said, until }
}

/** Not to be woken for a while, shorter than it takes to be thought dead. */
async function stopAWhile(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await sleep(PAUSE_MS)
  process.kill(pid, 'SIGCONT')
}

for (const { what, bytes, count } of SIZES) {
  for (const stopped of ['app', 'node', 'child'] as const) {
    t.test(`${count} ${what} jobs and outcomes, and the ${stopped} is stopped for a while`, async (t) => {
      t.setTimeout(400_000)
      const dir = folder(t)
      const path = join(dir, 'app.sock')
      const node = await startNode(t, 'n1', ['--distributors', path, '--dir', join(dir, 'data')])
      const app = countingApp(t, path, count, bytes)
      const mib = await most(node, async () => {
        await app.until('first')
        const children = descendants(node.pid)
        if (stopped === 'child') await Promise.all(children.map(stopAWhile))
        else await stopAWhile(stopped === 'app' ? app.pid : node.pid)
        await app.until('last')
      })
      t.same(app.said, ['first', 'last'], 'each was told once, over one connection')
      stayed(t, node)
      t.comment(`the node had allocated ${mib} MiB at most`)
      t.ok(mib < 350, `${mib} MiB`)
    })
  }

  t.test(`a job enqueues ${count} ${what} jobs at once`, async (t) => {
    t.setTimeout(400_000)
    const { app, address } = await startApp(t)
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data')])
    const times = new Map<unknown, number>()
    const last = new Promise<void>((done) => {
      const success: Feedback = ({ value }) => {
        times.set(value, (times.get(value) ?? 0) + 1)
        if (times.size === count) setImmediate(done)
      }
      app.feedback('drops', { success })
    })
    const mib = await most(node, async () => {
      await app.enqueue('enqueues_many', { count, bytes }).result()
      await last
    })
    t.ok([...times.values()].every((time) => time === 1))
    stayed(t, node)
    t.comment(`the node had allocated ${mib} MiB at most`)
    t.ok(mib < 350, `${mib} MiB`)
  })

  t.test(`${count} ${what} jobs wait in a spool`, async (t) => {
    t.setTimeout(400_000)
    const dir = folder(t)
    const { app, address } = await startApp(t, { spool: join(dir, 'spool') })
    const told = all(app, count, 'echo', { pad: 'x'.repeat(bytes) }, () => {})
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(dir, 'data')])
    await told
    stayed(t, node)
  })
}

t.test(
  'large results wait for a Redis that is stopped for a while, and for the app',
  { skip: withoutRedis() },
  async (t) => {
    t.setTimeout(400_000)
    const redis = await startRedis(t)
    const { app, address } = await startApp(t)
    // For as long as a slow machine takes to fill what waits for the store, Redis does not answer.
    const flags = ['--store', 'redis', '--lease', '10m', '--redis-timeout', '10m']
    const node = await startNode(t, 'n1', [...toApp(address), ...flags], { JR_REDIS_URL: redis.url })
    await app.ready
    const mib = await most(node, async () => {
      process.kill(redis.pid, 'SIGSTOP')
      const full = node.line('store:slow').then(() => process.kill(redis.pid, 'SIGCONT'))
      await Promise.all([full, all(app, 100, 'large', { bytes: 900_000 }, () => {})])
    })
    stayed(t, node)
    t.comment(`the node had allocated ${mib} MiB at most`)
    t.ok(mib < 350, `${mib} MiB`)
  },
)

t.test('a job that logs without end keeps no other waiting for ever, and loses no child', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data')])
  const logs = app.enqueue('logs_much', { lines: 100_000, bytes: 1000 }).result()
  t.match(await app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
  await logs
  stayed(t, node)
})

t.test('children that are not read, for the store is full, end when the node does', async (t) => {
  const options = {
    name: 'n1',
    jobs: resolve('test/fixtures/jobs'),
    dir: '',
    children: 1,
    deferredChildren: 0,
    standbyChildren: 0,
    maxJobsPerChild: 0,
    maxMemoryPerChild: 0,
    maxArgs: 1024,
    maxResult: 1024,
    mergeJobItselfToArgs: false,
    env: {},
    imports: [],
    withheld: [],
  }
  const nobody = () => {}
  const handlers = { onReady: nobody, onMessages: nobody, onRoom: nobody, onGone: nobody, onFailure: nobody }
  const deadlines = new Deadlines(systemClock)
  const staff = new Staff(options, handlers, { clock: systemClock, log: silentLogger, deadlines })
  t.teardown(() => [...staff].map((child) => child.kill()))
  await staff.start()
  staff.hold(true)
  await staff.stop()
  t.same([...staff], [])
})
