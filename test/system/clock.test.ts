import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folder, startApp, startNode, toApp } from './harness.js'

const LIBRARY = ['x86_64', 'aarch64']
  .map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync)
const required = (process.env.JR_TEST_REQUIRE ?? '').split(',').includes('faketime')
const skip = LIBRARY === undefined && !required ? 'libfaketime is not here' : false

const HOUR = 3_600_000

for (const [what, set] of [
  ['back', '-1h'],
  ['forward', '+1h'],
] as const) {
  t.test(`the wall clock of a node is set ${what} by an hour`, { skip, timeout: 60_000 }, async (t) => {
    if (LIBRARY === undefined) throw new Error('libfaketime is not here (JR_TEST_REQUIRE)')
    const dir = folder(t)
    const time = join(dir, 'time')
    writeFileSync(time, '+0')
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--dir', join(dir, 'data'), '--backoff', '2', '--max-attempts', '2']
    await startNode(t, 'n1', flags, {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: time,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
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
    writeFileSync(time, set)
    const ms = await took(after.result())
    t.ok(ms >= 3000 && ms < 20_000, `a delay of 3 s took ${ms.toFixed()} ms`)
    await slots
    t.ok((runs[3] ?? 0) >= 3000, `a schedule goes on: ${runs.map((at) => at.toFixed())}`)
    const late = new Promise<string>((resolve) => setTimeout(resolve, 500, 'waits').unref())
    if (set === '-1h') t.equal(await Promise.race([at.result(), late]), 'waits', 'runAt waits for its hour')
    else t.ok((await took(at.result())) < 60_000, 'the time of runAt has come')
  })
}
