import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Feedback } from '#dist/distributor/told/ticket.js'
import { SpawnedChild } from '#dist/node/executors/children/child.js'
import { Deadlines } from '#dist/node/executors/children/deadlines.js'
import { type Spawn, Staff } from '#dist/node/executors/children/staff.js'
import { systemClock } from '#dist/src/clock.js'
import { silentLogger } from '#dist/src/logger.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { descendants, folder, startApp, startNode, toApp } from './harness.js'
import { all, FLOOD, LEAN, most, stayed } from './readers.js'

/** Longer than it takes to fill a queue, shorter than to be thought dead. */
const PAUSE_MS = 1500
const BURST_MS = 50
/** Each queue is filled with both, several times. */
const SIZES = [
  { what: 'large', bytes: 250_000, count: 100 * FLOOD },
  { what: 'small', bytes: 10, count: 8000 * FLOOD },
]

/** An app of its own, and what it says. */
function countingApp(t: Test, path: string, count: number, bytes: number) {
  const args = ['test/fixtures/counting-app.mjs', path, String(count), String(bytes)]
  const app = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => app.kill('SIGKILL'))
  let said: string[] = []
  const heard = new EventEmitter()
  createInterface({ input: app.stdout }).on('line', (line) => {
    said.push(line)
    heard.emit('line')
  })
  const until = async (line: string) => {
    while (!said.includes(line)) await once(heard, 'line')
  }
  /** It enqueues its jobs; what it has said until all of them were told. `meanwhile` begins when the first was. */
  const round = async (meanwhile: (done: Promise<void>) => Promise<void>) => {
    said = []
    app.stdin.write('\n')
    await until('first')
    const done = until('last')
    await meanwhile(done)
    await done
    return said
  }
  return { pid: app.pid ?? 0, round }
}

/** They are not woken for a while, and then in bursts until it is done. */
async function stutter(pids: readonly number[], done: Promise<void>): Promise<void> {
  let over = false
  done.finally(() => {
    over = true
  })
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) process.kill(pid, name)
  }
  for (let pause = PAUSE_MS; !over; pause = BURST_MS) {
    signal('SIGSTOP')
    await sleep(pause)
    signal('SIGCONT')
    await sleep(BURST_MS)
  }
}

for (const { what, bytes, count } of SIZES) {
  t.test(
    `${count} ${what} jobs and outcomes, while who reads them is stopped, and then wakes in bursts`,
    async (t) => {
      t.setTimeout(400_000)
      const dir = folder(t)
      const path = join(dir, 'app.sock')
      const flags = ['--distributors', path, '--dir', join(dir, 'data'), ...LEAN]
      const node = await startNode(t, 'n1', flags)
      const app = countingApp(t, path, count, bytes)
      const mib = await most(node, async () => {
        for (const [reader, pids] of [
          ['the app', () => [app.pid]],
          ['the node', () => [node.pid]],
          ['its children', () => descendants(node.pid)],
        ] as const) {
          const said = await app.round((done) => stutter(pids(), done))
          t.same(said, ['first', 'last'], `${reader}: each was told once, over one connection`)
        }
      })
      stayed(t, node)
      t.comment(`the node had allocated ${mib} MiB at most`)
      t.ok(mib < 350, `${mib} MiB`)
    },
  )

  t.test(`a job enqueues ${count} ${what} jobs at once`, async (t) => {
    t.setTimeout(400_000)
    const { app, address } = await startApp(t)
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
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

  t.test(`${count / 2} ${what} jobs wait in a spool`, async (t) => {
    t.setTimeout(400_000)
    const dir = folder(t)
    const { app, address } = await startApp(t, { spool: join(dir, 'spool') })
    const told = all(app, count / 2, 'echo', { pad: 'x'.repeat(bytes) }, () => {})
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(dir, 'data'), ...LEAN])
    await told
    stayed(t, node)
  })
}

t.test('results that a job waits for wait in the store while its child reads nothing', async (t) => {
  const { app, address } = await startApp(t)
  const flags = [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN, '--children', '2']
  const node = await startNode(t, 'n1', flags)
  const bytes = 900_000
  const count = 30
  const { lengths } = await app.enqueue('asks_many', { count, bytes, ms: 1500 }).result()
  t.same(lengths, new Array(count).fill(bytes))
  stayed(t, node)
})

t.test(
  'what a job enqueues and does not wait for is sent before it ends; after its end it is refused',
  async (t) => {
    const { app, address } = await startApp(t)
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
    const ended = new Promise<void>((done) => {
      let count = 0
      app.feedback('drops', { success: () => (++count === 80 ? done() : undefined) })
    })
    // More than a window of bytes.
    await app.enqueue('enqueues_and_ends', { count: 80, bytes: 200_000 }).result()
    await ended
    const late = node.line('late: JR_STOPPED')
    await app.enqueue('enqueues_late').result()
    await late
    stayed(t, node)
  },
)

t.test(
  'large results wait for a Redis that is stopped for a while, and for the app',
  { skip: withoutRedis() },
  async (t) => {
    t.setTimeout(400_000)
    const redis = await startRedis(t)
    const { app, address } = await startApp(t)
    // For as long as a slow machine takes to fill what waits for the store, Redis does not answer.
    const flags = [...LEAN, '--store', 'redis', '--lease', '10m', '--redis-timeout', '10m']
    const node = await startNode(t, 'n1', [...toApp(address), ...flags], { JR_REDIS_URL: redis.url })
    await app.ready
    const mib = await most(node, async () => {
      process.kill(redis.pid, 'SIGSTOP')
      const full = node.line('store:slow').then(() => process.kill(redis.pid, 'SIGCONT'))
      await Promise.all([full, all(app, 60 * FLOOD, 'large', { bytes: 900_000 }, () => {})])
    })
    stayed(t, node)
    t.comment(`the node had allocated ${mib} MiB at most`)
    t.ok(mib < 350, `${mib} MiB`)
  },
)

t.test('a job that logs without end keeps no other waiting for ever, and loses no child', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
  const said = node.line('lines were left out')
  const logs = app.enqueue('logs_much', { lines: 10_000 * FLOOD, bytes: 1000 }).result()
  t.match(await app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
  await logs
  t.match(await said, 'logs_much')
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
  const [clock, log] = [systemClock, silentLogger]
  const spawn: Spawn = (...how) => new SpawnedChild(...how, clock, log)
  const staff = new Staff(options, handlers, { clock, log, deadlines, spawn })
  t.teardown(() => [...staff].map((child) => child.kill()))
  await staff.start()
  staff.hold(true)
  await staff.stop()
  t.same([...staff], [])
})
