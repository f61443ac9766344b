import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { WINDOWS } from '#dist/src/window.js'
import { event, folder, type NodeProcess, startApp, startNode, toApp } from './harness.js'
import { all, FLOOD, LEAN, most, stayed } from './readers.js'

const LARGE = 900_000

/** For so long nothing else happens in this process. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** A node that soon gives what was an app's to its next life. */
function impatient(t: Test, path: string, dir: string): Promise<NodeProcess> {
  const flags = ['--distributors', path, '--dir', join(dir, 'data'), '--outcome-grace', '10ms']
  return startNode(t, 'n1', [...flags, ...LEAN])
}

t.test('large results, to feedbacks that take their time, one of them 8 s', async (t) => {
  t.setTimeout(400_000)
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
  await app.ready
  let told = 0
  const mib = await most(node, (look) =>
    all(app, 75 * FLOOD, 'large', { bytes: LARGE }, () => {
      block(++told === 20 ? 8000 : 10)
      look()
    }),
  )
  stayed(t, node)
  t.comment(`the node had allocated ${mib} MiB at most`)
  t.ok(mib < 350, `${mib} MiB`)
})

t.test('feedbacks whose promises take their time: no more are at work than fit', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
  await app.ready
  let working = 0
  let peak = 0
  await all(app, 50 * FLOOD, 'large', { bytes: LARGE }, async () => {
    peak = Math.max(peak, ++working)
    await sleep(300)
    working--
  })
  stayed(t, node)
  t.comment(`${peak} were at work at most`)
  t.ok(peak * LARGE <= WINDOWS.outcomes.bytes, `${peak}`)
})

t.test('feedbacks that wait for other jobs do not lock each other up', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', join(folder(t), 'data'), ...LEAN])
  await app.ready
  const results: unknown[] = []
  const count = 25
  await all(app, count, 'large', { bytes: LARGE }, async (_args, { id }) => {
    results.push((await app.enqueue('large', { bytes: LARGE, of: id }).result()).of)
  })
  while (results.length < count) await event(app, 'job:completed')
  t.equal(new Set(results).size, count)
  t.ok(await node.line('feedbacks:slow'))
  stayed(t, node)
})

t.test('an app that dies within the promise of a feedback is told again in its next life', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'app.sock')
  const node = await impatient(t, path, dir)
  const life = async (how: string, count: number) => {
    const app = spawn(process.execPath, ['test/fixtures/slow-feedback-app.mjs', path, how, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => app.kill('SIGKILL'))
    const begun: string[] = []
    for await (const line of createInterface({ input: app.stdout })) if (begun.push(line) === 3) break
    app.kill('SIGKILL')
    return begun.sort()
  }
  t.same(await life('never', 3), ['begun 0', 'begun 1', 'begun 2'])
  await node.line('distributor:disconnected')
  t.same(await life('at once', 0), ['begun 0', 'begun 1', 'begun 2'])
})

t.test('a feedback may stop the app: it counts as done', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'app.sock')
  await impatient(t, path, dir)
  const first = new Distributor({ path, name: 'stops', logLevel: 'silent' })
  await first.start()
  await new Promise<void>((done) => {
    first.enqueue('echo', { value: 1 }, {}, async () => {
      await first.stop()
      done()
    })
  })
  const next = new Distributor({ path, name: 'stops', logLevel: 'silent' })
  t.teardown(() => next.stop({ timeout: 0 }))
  const unclaimed: unknown[] = []
  next.on('outcome:unclaimed', (one) => unclaimed.push(one))
  await next.start()
  await next.enqueue('echo', { value: 2 }).result()
  t.same(unclaimed, [])
})
