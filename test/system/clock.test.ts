import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { skipFor } from '../required.js'
import { folder, type NodeProcess, startApp, startNode, toApp } from './harness.js'

const LIBRARY = ['x86_64', 'aarch64']
  .map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync)
const skip = skipFor('faketime', LIBRARY === undefined && 'no libfaketime here (apt-get install libfaketime)')

const HOUR = 3_600_000

/** A folder, and what a process needs to have a wall clock that `set` moves while it lives. */
function fakedClock(t: Test) {
  if (LIBRARY === undefined) throw new Error('no libfaketime')
  const dir = folder(t)
  const time = join(dir, 'time')
  const set = (offset: '+0' | '+1h' | '-1h') => writeFileSync(time, offset)
  set('+0')
  const env = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: time,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return { dir, set, env }
}

for (const [what, set] of [
  ['back', '-1h'],
  ['forward', '+1h'],
] as const) {
  t.test(`the wall clock of a node is set ${what} by an hour`, { skip, timeout: 120_000 }, async (t) => {
    const clock = fakedClock(t)
    const { app, address } = await startApp(t)
    const flags = [
      ...toApp(address),
      '--dir',
      join(clock.dir, 'data'),
      '--backoff',
      '2',
      '--max-attempts',
      '2',
    ]
    await startNode(t, 'n1', flags, clock.env)
    await app.ready
    const from = performance.now()
    const took = (job: Promise<unknown>) => job.then(() => performance.now() - from)
    const after = app.enqueue('echo', {}, { after: '3s' })
    const at = app.enqueue('echo', {}, { runAt: Date.now() + (set === '-1h' ? 3000 : HOUR / 2) })
    const runs: number[] = []
    const slots = new Promise<void>((resolve) => {
      app.enqueue('echo', {}, { period: '1s' }, () => {
        if (runs.push(performance.now() - from) === 4) resolve()
      })
    })
    await Promise.all([after.accepted, at.accepted])
    clock.set(set)
    const ms = await took(after.result())
    t.ok(ms >= 3000 && ms < 20_000, `a delay of 3 s took ${ms.toFixed()} ms`)
    await slots
    t.ok((runs[3] ?? 0) >= 3000, `a schedule goes on: ${runs.map((at) => at.toFixed())}`)
    const { state } = (await app.monitor({ node: 'n1' }).load(at.id)) ?? {}
    if (set === '-1h') t.equal(state, 'scheduled', 'runAt waits for its hour')
    else t.ok((await took(at.result())) < 60_000, 'the time of runAt has come')
  })
}

t.test('after a restart the wall clock decides', { skip, timeout: 120_000 }, async (t) => {
  const clock = fakedClock(t)
  const { app, address } = await startApp(t)
  const flags = [...toApp(address), '--dir', join(clock.dir, 'data')]
  const start = () => startNode(t, 'n1', flags, clock.env)
  const kill = async (node: NodeProcess) => {
    node.process.kill('SIGKILL')
    await node.exited
  }
  const first = await start()
  await app.ready
  const inAnHour = app.enqueue('echo', {}, { after: '1h' })
  const soon = app.enqueue('echo', {}, { after: '1s' })
  const again = app.enqueue('echo', {}, { period: '1h', after: '59m' })
  // Asked for at once: what nobody waits for is not told when it has ended.
  const ended = [inAnHour.result(), again.result()]
  await Promise.all([soon.result(), inAnHour.accepted, again.accepted])
  const state = async (id: string) => (await app.monitor({ node: 'n1' }).load(id))?.state

  clock.set('+1h')
  await app.enqueue('echo', {}, { after: '1s' }).result()
  t.equal(await state(inAnHour.id), 'scheduled', 'while the node lives a delay keeps its length')
  await kill(first)
  const second = await start()
  await Promise.all(ended)
  t.pass('an hour has passed by the wall clock')

  const late = app.enqueue('echo', {}, { after: '3s' })
  await late.accepted
  await kill(second)
  clock.set('+0')
  await start()
  await app.enqueue('echo', {}, { after: '4s' }).result()
  t.equal(await state(late.id), 'scheduled', 'by the wall clock it is an hour too early')
  t.equal(await late.cancel(), 'cancelled')
})

t.test(
  'the clock of an app is set while it holds a job with runAt',
  { skip, timeout: 120_000 },
  async (t) => {
    const clock = fakedClock(t)
    const socket = join(clock.dir, 'app.sock')
    const args = ['test/fixtures/holding-app.mjs', socket, String(HOUR / 2)]
    const app = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, ...clock.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => app.kill('SIGKILL'))
    const lines = createInterface(app.stdout)[Symbol.asyncIterator]()
    t.equal((await lines.next()).value, 'held')
    clock.set('+1h')
    await startNode(t, 'n1', ['--distributors', socket, '--dir', join(clock.dir, 'data')], clock.env)
    const said = [await lines.next(), await lines.next()].map(({ value }) => value)
    t.same(said.sort(), ['accepted', 'done'], 'its time has come')
  },
)
