import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import t from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { CLI, event, folder, JOBS, startApp, startNode, toApp } from './harness.js'

const LONG = { timeout: 30_000 }

t.test('a job goes to a node that has children of its kind, or is refused', async (t) => {
  const { app, address } = await startApp(t)
  const flags = (more: string[]) => [...toApp(address), '--store', 'memory', ...more]
  await startNode(t, 'deferred', flags(['--children', '0', '--deferred-children', '1']))
  await app.ready
  const refused = event(app, 'job:refused')
  await t.rejects(app.enqueue('echo').result(LONG), {
    code: 'JR_NO_NODE',
    message: /no connected node \(deferred\) has evented children/,
  })
  t.match(await refused, { name: 'echo', error: { code: 'JR_NO_NODE' } })
  t.type((await app.enqueue('deferred_pid').result(LONG)).pid, 'number')
  t.match(await app.enqueue('facts', {}, { defer: true }).result(LONG), { facts: { node: 'deferred' } })
  const second = event(app, 'node:connected')
  await startNode(t, 'evented', flags(['--children', '1', '--deferred-children', '0']))
  await second
  for (let i = 0; i < 8; i++) {
    for (const id of [{}, { id: `id-${i}` }]) {
      t.match(await app.enqueue('facts', {}, id).result(LONG), { facts: { node: 'evented' } })
    }
  }
  t.match(await app.enqueue('facts', {}, { defer: true }).result(LONG), { facts: { node: 'deferred' } })
  const nowhere = app.enqueue('facts', {}, { node: 'evented', strictNode: true, defer: true })
  await t.rejects(nowhere.result(LONG), { code: 'JR_NO_NODE' })
})

t.test('what no connected node will take is refused and told, also when nobody waits for it', async (t) => {
  const lines: string[] = []
  const write = process.stderr.write
  process.stderr.write = (text: unknown) => lines.push(String(text)) > 0
  t.teardown(() => {
    process.stderr.write = write
  })
  const { app, address } = await startApp(t, { logLevel: 'warn', logJson: true })
  process.stderr.write = write
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  const cases = [
    [{}, 'JR_NO_SUCH_JOB'],
    [{ node: 'n2' }, 'JR_NO_SUCH_JOB'],
    [{ node: 'n1', strictNode: true }, 'JR_NO_SUCH_JOB'],
  ] as const
  process.stderr.write = (text: unknown) => lines.push(String(text)) > 0
  for (const [options, code] of cases) {
    const told = event(app, 'job:refused')
    const { id } = app.enqueue('misspelt', {}, options)
    t.match(await told, { id, name: 'misspelt', error: { code, message: /they have: .*echo/ } })
  }
  process.stderr.write = write
  t.match(
    lines.find((line) => line.includes('job:refused')),
    /"level":"warn".*misspelt.*they have/,
  )
  const ruledOut = app.enqueue('echo', {}, { notNode: ['n1', 'n3'] })
  await t.rejects(ruledOut.result(LONG), { code: 'JR_NO_NODE', message: /notNode \(n1, n3\)/ })
})

t.test('jobs without a node are told of, and a wait for one says why it took too long', async (t) => {
  const { app, address } = await startApp(t)
  const held = event(app, 'jobs:held')
  const job = app.enqueue('echo', { value: 1 })
  await t.rejects(job.result({ timeout: 10 }), {
    code: 'JR_TIMEOUT',
    message: /never accepted: no node is connected; this app listens on 127\.0\.0\.1:\d+/,
  })
  t.match(await held, { held: 1, why: /no node is connected/ })
  const pinned = app.enqueue('echo', {}, { node: 'n2', strictNode: true })
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  t.match(await job.result(LONG), { echoed: 1 })
  await t.rejects(pinned.result({ timeout: 10 }), { message: /never accepted: it is for node 'n2' alone/ })
  const waits = app.enqueue('waits', {})
  await waits.accepted
  await t.rejects(waits.result({ timeout: 10 }), { message: /node 'n1' has accepted it/ })
})

t.test('a stop waits for a job until that is cancelled', async (t) => {
  const { app } = await startApp(t)
  const job = app.enqueue('echo', { value: 1 })
  const stopped = app.stop({ timeout: Number.POSITIVE_INFINITY })
  t.equal(await job.cancel(), 'cancelled')
  t.same(await stopped, { notAccepted: 0 })
})

t.test('a node whose name is taken is told so', async (t) => {
  const { app, address } = await startApp(t)
  const flags = () => [...toApp(address), '--dir', folder(t)]
  await startNode(t, 'n1', flags())
  await app.ready
  const refused = event(app, 'node:duplicate')
  const second = await startNode(t, 'n1', flags())
  t.match(await refused, { name: 'n1' })
  await second.line('node:duplicate', 'JR_DUPLICATE_NODE', 'give each node a name of its own')
  // It dials again, and says so no more.
  await event(app, 'node:duplicate')
  await event(app, 'node:duplicate')
  t.equal(second.log.filter((line) => line.includes('node:duplicate')).length, 1)
})

t.test('a node that nobody can reach is refused', async (t) => {
  const child = spawn(process.execPath, [CLI, 'node', '--name', 'n1', '--jobs', JOBS, '--dir', folder(t)])
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const [code] = await once(child, 'exit')
  t.equal(code, 78)
  t.match(said, /nobody can reach this node: give it option distributors/)
})

t.test('a script that awaits ready lives until it is', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise((closed) => probe.close(closed))
  const code = `
    import { Distributor } from ${JSON.stringify(resolve('dist/distributor/index.js'))}
    const app = new Distributor({ nodes: ['127.0.0.1:${port}'], logLevel: 'silent' })
    await app.start()
    console.log('waits')
    await app.ready
    console.log('is ready')`
  const script = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => script.kill('SIGKILL'))
  const exited = once(script, 'exit')
  let out = ''
  script.stdout.on('data', (text) => {
    out += text
  })
  await once(script.stdout, 'data')
  await startNode(t, 'n1', ['--listen', `127.0.0.1:${port}`, '--store', 'memory'])
  t.same(await exited, [0, null], 'and ends by itself when nothing is awaited')
  t.match(out, /waits\nis ready/)
})

t.test('what comes before the start says what to do', async (t) => {
  const app = new Distributor()
  t.throws(() => app.enqueue('echo'), { code: 'JR_NOT_STARTED', message: /await JR\.startDistributor/ })
})
