import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startNode as startNodeHere } from '#dist/node/index.js'
import {
  ALL_CHILDREN,
  alive,
  descendants,
  folder,
  JOBS,
  randomOf,
  readLog,
  startApp,
  startNode,
  toApp,
  until,
} from './harness.js'
import { check, type Entry } from './history.js'

const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)

t.test(`kill -9 of children at random moments under load (seed ${SEED})`, async (t) => {
  const random = randomOf(SEED)
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const { app, address } = await startApp(t)
  const flags = [
    '--dir',
    join(dir, 'data'),
    '--backoff',
    '0.01',
    '--children',
    '2',
    '--max-attempts',
    '50',
    '--poison-limit',
    '50',
    '--concurrency',
    '20',
    ...ALL_CHILDREN,
  ]
  const node = await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const history: Entry[] = []
  let left = 600
  let kills = 0
  await new Promise<void>((resolve) => {
    const killing = setInterval(
      () => {
        const children = descendants(node.pid)
        const pid = children[Math.floor(random() * children.length)]
        if (pid === undefined) return
        if (++kills === 10) clearInterval(killing)
        history.push({ ev: 'fault', t: Date.now(), what: `kill ${pid}` })
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It was killed a moment ago.
        }
      },
      60 + random() * 60,
    )
    const send = (n: number) => {
      if (n === 600) return
      const told = (state: string) => (args: { error?: Error }) => {
        if (args.error !== undefined) t.comment(args.error.message)
        history.push({ ev: 'feedback', job: handle.id, t: Date.now(), state, life: 1 })
        if (--left > 0) return
        clearInterval(killing)
        resolve()
      }
      const name = random() < 0.9 ? 'record_slow' : 'record_deferred'
      const handle = app.enqueue(name, { log, ms: 20 }, {}, told('completed'), told('failed'))
      history.push(
        { ev: 'submit', job: handle.id, t: Date.now(), max: 50 },
        { ev: 'accepted', job: handle.id, t: Date.now() },
      )
      setImmediate(send, n + 1)
    }
    send(0)
  })
  t.same(check([...history, ...readLog(log)]).slice(0, 5), [])
  t.ok(
    history.some(({ ev }) => ev === 'fault'),
    'children were killed',
  )
  t.equal(history.filter((entry) => entry.ev === 'feedback' && entry.state === 'completed').length, 600)
})

t.test('children that do harm', async (t) => {
  const { app, address } = await startApp(t)
  const flags = ['--dir', folder(t), '--timeout-grace', '100ms', ...ALL_CHILDREN]
  const node = await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const failure = (name: string, options = {}) =>
    app
      .enqueue(name, {}, options)
      .result()
      .then(
        () => null,
        (error) => error,
      )
  for (const name of ['garbage', 'huge_frame']) {
    t.match(await failure(name), { code: 'JR_CHILD_LOST', message: /broke the protocol/ }, name)
  }
  t.match(await failure('aborts'), { code: 'JR_CHILD_LOST', message: /SIGABRT/ })
  t.match(await failure('throws_later'), { code: 'JR_CHILD_LOST', message: /in a timer/ })
  t.match(
    await failure('stops_itself', { timeout: '200ms' }),
    { code: 'JR_TIMEOUT' },
    'KILL works on a stopped process',
  )
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
  t.ok(alive(node.pid))
})

t.test('a child that runs out of memory', async (t) => {
  const { app } = await startApp(t)
  const env = { NODE_OPTIONS: '--max-old-space-size=48' }
  await app.spawnNode({ name: 'n1', jobs: JOBS, dir: folder(t), logLevel: 'silent', env })
  await t.rejects(app.enqueue('eats_memory').result(), { code: 'JR_CHILD_LOST', message: /out of memory/ })
  t.equal((await app.enqueue('echo', { value: 1 }).result()).echoed, 1)
  t.match((await app.enqueue('env').result()).env, { NODE_OPTIONS: /max-old-space-size=48/ })
})

t.test('children are replaced after so many jobs, or when they have grown', async (t) => {
  const { app, address } = await startApp(t)
  const pids = async (count: number) => {
    const seen: number[] = []
    for (let i = 0; i < count; i++)
      seen.push(((await app.enqueue('facts').result()).facts as { pid: number }).pid)
    return seen
  }
  const one = await startNode(t, 'n1', [...toApp(address), '--dir', folder(t), '--max-jobs-per-child', '1'])
  await app.ready
  t.equal(new Set(await pids(5)).size, 5, 'a process for each job')
  one.process.kill('SIGTERM')
  await one.exited
  const two = await startNode(t, 'n2', [
    ...toApp(address),
    '--dir',
    folder(t),
    '--max-memory-per-child',
    '1MiB',
  ])
  t.equal(new Set(await pids(3)).size, 3, 'every child holds more than a mebibyte')
  two.process.kill('SIGTERM')
  await two.exited
})

t.test('more and fewer children while it runs', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNodeHere({
    name: 'n1',
    jobs: JOBS,
    dir: folder(t),
    distributors: [address],
    concurrency: 1,
    logLevel: 'silent',
    standbyChildren: 0,
  })
  t.teardown(() => node.stop({ timeoutMs: 0 }))
  await app.ready
  const together = async (count: number) => {
    const jobs = Array.from({ length: count }, () => app.enqueue('waits', { ms: 150 }).result())
    const from = Date.now()
    await Promise.all(jobs)
    return Date.now() - from
  }
  const ended: string[] = []
  node.on('job:completed', ({ name }) => ended.push(name))
  t.ok((await together(3)) >= 450, 'one after the other')
  node.resize({ evented: 3 })
  await until(() => descendants(process.pid).length >= 4)
  await together(3)
  node.resize({ evented: 1 })
  t.ok((await together(2)) >= 300, 'one after the other again')
  t.equal(app.nodes()[0]?.slots, 1 + 1, 'one evented, one deferred: the app knows')
  t.throws(() => node.resize({ evented: -1 }), { message: /whole numbers of children/ })
  const none = startNodeHere({
    name: 'none',
    children: 0,
    deferredChildren: 0,
    dir: folder(t),
    logLevel: 'silent',
  })
  await t.rejects(none, { code: 'JR_BAD_CONFIG', message: /needs a child/ })
  t.same(new Set(ended), new Set(['waits']))
})

t.test(
  'options: what is kept, what a job sees of itself, what becomes of unknown jobs, what is taken up at start',
  async (t) => {
    const { app, address } = await startApp(t)
    const dir = folder(t)
    const jobs = join(dir, 'jobs')
    mkdirSync(jobs)
    const write = (name: string) => {
      const text = `import { job } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}\njob('${name}', (args) => ({ saw: args.jobItself?.name ?? null }))\n`
      writeFileSync(join(jobs, `${name}.mjs`), text)
    }
    write('old')
    const flags = [...toApp(address), '--dir', join(dir, 'data'), '--jobs', jobs, '--unknown-job', 'wait']
    const first = await startNode(t, 'n1', [
      ...flags,
      '--merge-job-itself-to-args',
      '--remove-done-jobs=false',
      '--keep-count',
      '2',
    ])
    await app.ready
    t.equal((await app.enqueue('old').result()).saw, 'old')
    for (let i = 0; i < 3; i++) await app.enqueue('old').result()
    const monitor = app.monitor({ node: 'n1' })
    t.equal((await monitor.jobsFor({ state: 'completed' })).jobs.length, 4)
    const unknown = app.enqueue('new').result()
    await first.line('job:unknown')
    first.process.kill('SIGTERM')
    await first.exited
    write('new')
    const second = await startNode(t, 'n1', [...flags, '--keep-count', '2', '--retry-jobs-at-start=false'])
    await until(() => app.nodes()[0]?.status === 'running')
    t.same((await monitor.jobsFor({ state: 'completed' })).jobs.length, 2, 'pruned at start')
    t.equal((await app.enqueue('old').result()).saw, null)
    t.equal(
      (await monitor.jobsFor({ state: 'available' })).jobs.length,
      1,
      'what was there is left where it is',
    )
    second.process.kill('SIGTERM')
    await second.exited
    await startNode(t, 'n1', flags)
    t.equal((await unknown).saw, null, 'with the new file it runs')
  },
)
