import t from 'tap'
import { folder, startApp, startNode, toApp, until } from './harness.js'
import { STORES } from './stores.js'

/** What is done to jobs that wait. */
for (const [store, flags] of Object.entries(STORES)) {
  t.test(`jobs that wait are run at once, changed and cancelled, ${store} store`, async (t) => {
    const { app, address } = await startApp(t)
    await startNode(t, 'n1', [...toApp(address), ...flags(folder(t)), '--backoff', '3600'])
    await app.ready
    const monitor = app.monitor({ node: 'n1' })
    const later = { after: '1h' } as const

    await t.test('run: one that is delayed, and one that waits for its next attempt', async (t) => {
      const delayed = app.enqueue('echo', { value: 1 }, later)
      const tried = app.enqueue('flaky_hour', {}, { maxAttempts: 2 })
      const both = Promise.all([delayed.result(), tried.result()])
      await delayed.accepted
      await until(async () => (await monitor.load(tried.id))?.state === 'retryable')
      t.equal(await monitor.runAll({ state: ['scheduled', 'retryable'], dryRun: true }), 2)
      t.equal(await monitor.run(delayed.id), true)
      t.equal(await monitor.runAll({ name: 'flaky_hour' }), 1)
      t.match(await both, [{ echoed: 1 }, { tried: 2 }])
      t.equal(await monitor.run('nothing'), false)
    })

    await t.test('run: the next slot of a period, early, and the others stay', async (t) => {
      const job = app.enqueue('echo', {}, { ...later, period: '1h' })
      const due = async () => (await monitor.load(job.id))?.due.getTime() ?? 0
      await job.accepted
      const first = await due()
      const ran = job.result()
      t.equal(await monitor.run(job.id), true)
      await ran
      await until(async () => (await monitor.load(job.id))?.run === 2)
      t.equal((await due()) - first, 3_600_000)
      await job.cancel()
    })

    await t.test('update: args, terms and time; what it is found by follows', async (t) => {
      const job = app.enqueue(
        'echo',
        { value: 1 },
        { ...later, tags: ['old', 'both'], unique: 'a', priority: 7, group: 'acme' },
      )
      const result = job.result()
      await job.accepted
      const opts = { tags: ['new', 'both'], unique: 'b', priority: null, group: null, maxAttempts: 3 }
      t.equal(await monitor.update(job.id, { args: { value: 2 }, opts }), true)
      const { terms, args, due } = (await monitor.load(job.id)) ?? {}
      t.same([terms, args], [{ tags: ['new', 'both'], unique: 'b', maxAttempts: 3 }, { value: 2 }])
      t.ok((due?.getTime() ?? 0) > Date.now() + 3_000_000, 'the time of before')
      t.equal((await monitor.countTagged('old')).waiting, 0)
      t.equal((await monitor.countTagged('new')).waiting, 1)
      const other = app.enqueue('echo', {}, { ...later, unique: { key: 'a', onConflict: 'reject' } })
      await other.accepted
      const same = { key: 'b', onConflict: 'reject' } as const
      const second = app.enqueue('echo', {}, { unique: same })
      await t.rejects(second.accepted, { code: 'JR_DUPLICATE', job: job.id }, 'the key is its own')
      const taken = monitor.update(other.id, { opts: { unique: 'b' } })
      await t.rejects(taken, { code: 'JR_DUPLICATE', message: /option unique/ })
      t.match((await monitor.load(other.id))?.terms, { unique: { key: 'a' } }, 'nothing has become of it')
      t.equal(await monitor.update(job.id, { opts: { after: 0 } }), true)
      t.match(await result, { echoed: 2 })
      await other.cancel()
      const [free] = [app.enqueue('echo', { value: 3 }, { unique: same })]
      t.match(await free?.result(), { echoed: 3 }, 'and is free with its end')
    })

    await t.test('update: another series', async (t) => {
      const made = [1, 2, 3].map((value) => app.enqueue('echo', { value }, { ...later, serial: 'one' }))
      const [first, second, third] = made.map(({ id }) => id) as [string, string, string]
      await Promise.all(made.map(({ accepted }) => accepted))
      const results = made.map((job) => job.result())
      t.equal(await monitor.update(second, { opts: { serial: 'two', after: 0 } }), true)
      t.match(await results[1], { echoed: 2 }, 'it waits for the first no longer')
      t.equal(await monitor.runAll({ serial: 'one' }), 2)
      t.equal(await monitor.update(first, { opts: { after: '1h' } }).catch(() => false), false)
      await Promise.all([results[0], results[2]])
      t.equal(await monitor.load(third), null)
    })

    await t.test('what is refused changes nothing', async (t) => {
      const job = app.enqueue('echo', {}, later)
      const runs = app.enqueue('waits', {}, {})
      const ended = Promise.all([job, runs].map((one) => one.result().catch((error) => error.code)))
      await job.accepted
      await until(async () => (await monitor.load(runs.id))?.state === 'running')
      for (const [update, message] of [
        [{}, /update: expected args, opts/],
        [{ opts: { prio: 1 } }, /opts\.prio: no such option/],
        [{ opts: { after: '1h', runAt: 1 } }, /got both/],
        [{ opts: { missed: 'all' } }, /opts\.missed: expected opts\.period beside it/],
        [{ args: { run: () => {} } }, /args\.run is a function/],
      ] as const)
        await t.rejects(monitor.update(job.id, update as object), { name: 'TypeError', message })
      await t.rejects(monitor.update(job.id, { opts: { notNode: 'n1' } }), { code: 'JR_NO_NODE' })
      await t.rejects(monitor.update(runs.id, { args: {} }), { code: 'JR_WRONG_STATE' })
      await t.rejects(monitor.run(runs.id), { code: 'JR_WRONG_STATE', message: /not run: it waits for/ })
      t.same((await monitor.load(job.id))?.terms, {})
      t.equal(await monitor.updateAll({ dryRun: true }, { opts: { priority: 1 } }), 1)
      t.equal(await monitor.updateAll({}, { opts: { priority: 1 } }), 1, 'each once')
      t.equal(await monitor.cancelAll({ dryRun: true }), 2)
      t.equal(await monitor.cancel(job.id), true)
      t.equal(await monitor.cancelAll({}), 1)
      t.same(await ended, ['JR_CANCELLED', 'JR_CANCELLED'])
      t.equal(await monitor.cancel(job.id), false)
    })
  })
}
