import { join } from 'node:path'
import t from 'tap'
import { FlowError } from '#dist/distributor/index.js'
import { folder, startApp, startNode, toApp, until } from './harness.js'
import { STORES } from './stores.js'

for (const [store, flags] of Object.entries(STORES)) {
  t.test(`jobs that wait for each other, ${store} store`, async (t) => {
    const { app, address } = await startApp(t)
    const order: string[] = []
    app.on('job:completed', ({ info }) => order.push(info.name))
    const node = await startNode(t, 'n1', [...toApp(address), ...flags(join(folder(t), 'n1'))])
    await app.ready

    await t.test('each runs when what it needs has ended, and the flow answers by key', async (t) => {
      const told: unknown[] = []
      const flow = app.flow({
        jobs: {
          last: { name: 'facts', needs: ['left', 'right'], onSuccess: ({ facts }) => told.push(facts) },
          left: { name: 'echo', args: { value: 'left' }, needs: ['first'] },
          right: { name: 'echo', args: { value: 'right' }, needs: { first: 'run' }, opts: { after: 0.01 } },
          first: { name: 'waits', args: { ms: 20 } },
        },
      })
      const results = flow.result()
      await flow.accepted
      const { left, right, last } = await results
      t.match([left, right], [{ echoed: 'left' }, { echoed: 'right' }])
      t.match(last, { facts: { id: flow.jobs.last.id } })
      t.match(told, [{ name: 'facts' }])
      t.same(order, ['waits', 'echo', 'echo', 'facts'])
      const counts = await flow.counts()
      t.match(counts, { blocked: 0, running: 0, completed: 4, failed: 0 }, 'it has ended')
    })

    await t.test('one that fails: what needs it fails, or runs, and the flow says which', async (t) => {
      const errors: unknown[] = []
      const onError = ({ error }: { error: { code: string } }) => void errors.push(error.code)
      const flow = app.flow({
        jobs: {
          bad: { name: 'fails', opts: { maxAttempts: 1 } },
          needs: { name: 'echo', needs: ['bad'], onError },
          deep: { name: 'echo', needs: ['needs'], onError },
          runs: { name: 'echo', args: { value: 1 }, needs: { bad: 'run', needs: 'run' } },
        },
      })
      const error = await flow.result().catch((error) => error)
      t.ok(error instanceof FlowError)
      t.match(error, {
        code: 'JR_FLOW_FAILED',
        flow: flow.id,
        message: /^of 4 jobs of flow \S+ 3 have not completed: 'bad' \(it does not work\), 'needs' \(/,
        results: { runs: { echoed: 1 } },
      })
      t.same(Object.keys(error.errors), ['bad', 'needs', 'deep'])
      t.match(error.errors.needs, { code: 'JR_DEPENDENCY_FAILED' })
      t.same(errors, ['JR_DEPENDENCY_FAILED', 'JR_DEPENDENCY_FAILED'])
    })

    await t.test('failFast', async (t) => {
      const flow = app.flow({
        failFast: true,
        jobs: {
          bad: { name: 'fails', opts: { maxAttempts: 1, after: 0.05 } },
          long: { name: 'waits' },
          other: { name: 'echo', needs: ['long'] },
        },
      })
      const { errors } = await flow.result().catch((error) => error)
      t.match(errors, { long: { code: 'JR_CANCELLED' }, other: { code: 'JR_CANCELLED' } })
    })

    await t.test('cancelled as a whole, and counted', async (t) => {
      const flow = app.flow({
        id: 'mine',
        jobs: {
          runs: { name: 'waits' },
          next: { name: 'echo', needs: ['runs'] },
          late: { name: 'echo', opts: { after: '1h' } },
        },
      })
      const ended = flow.result().catch((error) => error)
      await node.line('job:started', flow.jobs.runs.id)
      t.match(await flow.counts(), { blocked: 1, running: 1, scheduled: 1, completed: 0 })
      const again = app.flow({ id: 'mine', jobs: { other: { name: 'waits' }, more: { name: 'echo' } } })
      await t.rejects(again.accepted, {
        code: 'JR_DUPLICATE',
        message: /^of 2 jobs of flow mine .* because of 'other'/,
      })
      const alone = app.flow({ id: 'mine', jobs: { runs: { name: 'waits' } } })
      await t.rejects(alone.accepted, { code: 'JR_DUPLICATE' })
      t.equal(await flow.cancel(), 3)
      const { errors } = await ended
      t.match(errors, {
        runs: { code: 'JR_CANCELLED' },
        next: { code: 'JR_CANCELLED' },
        late: { code: 'JR_CANCELLED' },
      })
      t.match(await flow.counts(), { running: 0, cancelled: 3, failed: 0 })
      t.equal(await flow.cancel(), 0)
      const next = app.flow({ id: 'mine', jobs: { runs: { name: 'echo', args: { value: 2 } } } })
      t.match(await next.result(), { runs: { echoed: 2 } }, 'its id is free again')
    })

    await t.test('a batch: its last job runs when all have ended', async (t) => {
      const list = [{ value: 1 }, { value: 2 }]
      const batch = app.batch('echo', list, { tags: ['batch'] }, { onEnd: 'facts', opts: { priority: 1 } })
      t.match(await batch.result(), { facts: { name: 'facts', id: batch.end.id } })
      t.match(await batch.jobs.results(), [{ echoed: 1 }, { echoed: 2 }])
      t.match(await batch.counts(), { completed: 3 })
      const failing = app.batch('fails', [{}, {}], { maxAttempts: 1 }, { onEnd: 'echo', args: { value: 3 } })
      t.match(await failing.result(), { echoed: 3 }, 'also when some have failed')
      await t.rejects(failing.jobs.results(), { message: 'it does not work' })
      const long = app.batch('waits', [{}, {}], undefined, { onEnd: 'echo' })
      await long.accepted
      t.equal(await long.cancel(), 3)
      await t.rejects(long.result(), { code: 'JR_CANCELLED' })
      const none = app.batch('echo', [], undefined, { onEnd: 'others' })
      const others = { completed: 0, failed: 0, cancelled: 0, failures: {} }
      t.match(await none.result(), { others }, 'of nothing it runs at once')
    })

    await t.test('a job that waits for others is changed, and can not be made due', async (t) => {
      const flow = app.flow({
        jobs: {
          a: { name: 'waits', args: { ms: 400 } },
          b: { name: 'echo', args: { value: 1 }, needs: ['a'] },
        },
      })
      await flow.accepted
      const monitor = app.monitor({ node: 'n1' })
      await t.rejects(monitor.run(flow.jobs.b.id), {
        code: 'JR_WRONG_STATE',
        message: /waits for other jobs/,
      })
      await monitor.update(flow.jobs.b.id, { args: { value: 2 }, opts: { priority: 3 } })
      t.match(await monitor.load(flow.jobs.b.id), { state: 'blocked', args: { value: 2 } })
      t.match(await flow.result(), { b: { echoed: 2 } })
    })

    await t.test('how it has ended is told also when nobody had asked', async (t) => {
      const flow = app.flow({ jobs: { a: { name: 'echo' }, b: { name: 'echo', needs: ['a'] } } })
      await until(async () => (await flow.counts()).completed === 2)
      t.match(await flow.jobs.b.result(), {})
    })
  })
}

t.test('a flow that waits for a node is cancelled there and then', async (t) => {
  const { app } = await startApp(t)
  const flow = app.flow({ jobs: { a: { name: 'echo' }, b: { name: 'echo', needs: ['a'] } } })
  t.equal(await flow.cancel(), 2)
  await t.rejects(flow.accepted, { code: 'JR_CANCELLED' })
  await t.rejects(flow.result(), { code: 'JR_CANCELLED' })
  t.same(await app.stop(), { notAccepted: 0 })
})

t.test('what is wrong with a batch is said at once, with the path', async (t) => {
  const { app } = await startApp(t)
  const end = { onEnd: 'echo' }
  const cases: [unknown[], { name?: string; code?: string; message: string | RegExp }][] = [
    [['echo', 7, {}, end], { name: 'TypeError', message: 'batch: expected a list of args, got 7' }],
    [['', [{}], {}, end], { name: 'TypeError', message: /^list\[0\]\.name: expected/ }],
    [
      ['echo', [{}, { f: () => {} }], {}, end],
      { name: 'TypeError', message: /^list\[1\]\.args\.f is a function/ },
    ],
    [
      ['echo', [{}], { id: 'a' }, end],
      { name: 'TypeError', message: /^opts\.id: many jobs cannot have one id/ },
    ],
    [['echo', [{}], {}], { name: 'TypeError', message: /^end: expected \{ onEnd/ }],
    [['echo', [{}], {}, { onEnd: 3 }], { name: 'TypeError', message: /^end\.onEnd: expected/ }],
    [['echo', [{}], {}, { ...end, atEnd: 1 }], { name: 'TypeError', message: /^end\.atEnd: no such field/ }],
    [
      ['echo', Array(10_000).fill({}), {}, end],
      { code: 'JR_BAD_FLOW', message: 'jobs: expected at most 10000 jobs, got 10001' },
    ],
  ]
  for (const [given, error] of cases)
    t.throws(() => app.batch(...(given as Parameters<typeof app.batch>)), error)
})

t.test('what is wrong with a flow is said at once, with the path', async (t) => {
  const { app } = await startApp(t)
  const name = 'echo'
  const cases: [unknown, { name?: string; code?: string; message: string | RegExp }][] = [
    [7, { name: 'TypeError', message: 'flow: expected { jobs: { … } }, got 7' }],
    [{ job: {} }, { name: 'TypeError', message: /^job: no such field; known: id, failFast, jobs/ }],
    [{ jobs: [] }, { name: 'TypeError', message: /^jobs: expected an object of jobs by keys/ }],
    [
      { id: '', jobs: { a: { name } } },
      { name: 'TypeError', message: /^id: expected/ },
    ],
    [
      { failFast: 1, jobs: { a: { name } } },
      { name: 'TypeError', message: /^failFast: expected/ },
    ],
    [
      { jobs: { a: { name, args: { f: () => {} } } } },
      { name: 'TypeError', message: /^jobs\.a\.args\.f is a function/ },
    ],
    [
      { jobs: { a: { name, opts: { period: 1 } } } },
      { name: 'TypeError', message: /^jobs\.a\.opts\.period/ },
    ],
    [
      { jobs: { a: { name, opts: { needs: [] } } } },
      { name: 'TypeError', message: /^jobs\.a\.opts\.needs: no such option/ },
    ],
    [{ jobs: { a: { name, after: 1 } } }, { name: 'TypeError', message: /^jobs\.a\.after: no such field/ }],
    [{ jobs: { a: { name, needs: ['b'] } } }, { code: 'JR_BAD_FLOW', message: /^jobs\.a\.needs/ }],
    [
      {
        jobs: Object.fromEntries(
          Array.from('123456789', (i) => [`j${i}`, { name, args: { b: Buffer.alloc(1 << 20) } }]),
        ),
      },
      { code: 'JR_BAD_FLOW', message: /^jobs\.j8: with it the jobs take more than 8388608 bytes/ },
    ],
  ]
  for (const [given, error] of cases) t.throws(() => app.flow(given as never), error)
  t.same(await app.stop({ timeout: 0 }), { notAccepted: 0 })
})
