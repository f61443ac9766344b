import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { RedisMonitor } from '#dist/distributor/index.js'
import { levelStore } from '#dist/src/store/index.js'
import { formatAddress } from '#dist/src/wire/address.js'
import { event, folder, startApp, startNode, toApp, until } from './harness.js'
import { redis, STORES } from './stores.js'

/** Jobs that are retried while their node is killed. */
const MANY = Number(process.env.JR_TEST_MANY ?? 1000)
const KEPT = ['--remove-done-jobs=false', '--remove-cancelled-jobs=false']

for (const [store, flags] of Object.entries(STORES)) {
  t.test(`a job that has ended runs again, ${store} store`, async (t) => {
    const dir = folder(t)
    const file = join(dir, 'there')
    const { app, address } = await startApp(t)
    await startNode(t, 'n1', [...toApp(address), ...flags(join(dir, 'n1')), ...KEPT])
    await app.ready
    const monitor = app.monitor({ node: 'n1' })
    const stateOf = async (id: string) => (await monitor.load(id))?.state
    /** Once in the state, and told so. */
    const ended = (id: string, state: 'completed' | 'failed' = 'completed') =>
      event(app, `job:${state}`, ({ info }: { info: { id: string } }) => info.id === id)

    await t.test('one that has failed, as it was enqueued', async (t) => {
      const told: unknown[] = []
      const success = (args: object) => told.push(args)
      app.feedback('fails_without', { success, error: () => told.push('error') })
      const job = app.enqueue('fails_without', { file }, { id: 'mine', maxAttempts: 2, backoff: 0.01 })
      await t.rejects(job.result(), { message: /no such file/ })
      t.match(await monitor.load(job.id), { state: 'failed', attempt: 2, lastError: /no such file/ })
      writeFileSync(file, '')
      const over = ended(job.id)
      t.equal(await monitor.retry(job.id), true)
      await over
      t.match(told, ['error', { file, saw: null, tried: 1, ran: 1, added: true }])
      t.match(await monitor.load(job.id), { state: 'completed', attempt: 1, lastError: null, lastCode: '' })
      await t.rejects(job.result(), { message: /no such file/ }, 'a handle has what became of it first')
      const back = ended(job.id)
      t.equal(await app.monitor().retry(job.id), true, 'also one that has completed')
      await back
      t.equal((await monitor.jobsFor()).jobs.length, 1, 'it is one job')
    })

    await t.test('one that was cancelled: a delay of before does not count again', async (t) => {
      const job = app.enqueue('echo', { value: 7 }, { after: '1h' })
      const cancelled = t.rejects(job.result(), { code: 'JR_CANCELLED' })
      await job.accepted
      await job.cancel()
      await cancelled
      const over = ended(job.id)
      t.equal(await monitor.retry(job.id), true)
      t.match(await over, { args: { echoed: 7 } })
    })

    await t.test('a schedule begins anew', async (t) => {
      const job = app.enqueue('counts', { runs: 2 }, { period: 0.02 })
      const runs: number[] = []
      const count = ({ info }: { info: { id: string; run: number } }) =>
        info.id === job.id && runs.push(info.run)
      app.on('job:completed', count)
      t.teardown(() => app.off('job:completed', count))
      const cancelled = () =>
        event(app, 'job:cancelled', ({ info }: { info: { id: string } }) => info.id === job.id)
      const first = cancelled()
      // Someone has to wait for it: else nothing would be told.
      await job.result()
      await first
      const second = cancelled()
      t.equal(await monitor.retry(job.id), true)
      await second
      t.same(runs, [1, 1])
    })

    await t.test('not one that waits or runs, or that is not there', async (t) => {
      const waits = app.enqueue('echo', {}, { after: '1h' })
      const runs = app.enqueue('waits', {})
      await until(async () => (await stateOf(runs.id)) === 'running')
      await waits.accepted
      for (const { id } of [waits, runs]) {
        await t.rejects(monitor.retry(id), { code: 'JR_WRONG_STATE', message: /waits or runs/ })
        await t.rejects(app.monitor().retry(id), { code: 'JR_WRONG_STATE' })
      }
      t.equal(await monitor.retry('nothing'), false)
      for (const job of [waits, runs]) {
        const over = t.rejects(job.result(), { code: 'JR_CANCELLED' })
        await job.cancel()
        await over
      }
    })

    await t.test(
      'by three at once: it is one job, which runs once for each that was not refused',
      async (t) => {
        const job = app.enqueue('waits', { ms: 1 }, {})
        await job.result()
        let times = 0
        const count = ({ info }: { info: { id: string } }) => info.id === job.id && times++
        app.on('job:completed', count)
        t.teardown(() => app.off('job:completed', count))
        const over = ended(job.id)
        const answers = await Promise.allSettled([1, 2, 3].map(() => monitor.retry(job.id)))
        for (const answer of answers) {
          if (answer.status === 'rejected') t.match(answer.reason, { code: 'JR_WRONG_STATE' })
          else t.equal(answer.value, true)
        }
        const done = answers.filter(({ status }) => status === 'fulfilled').length
        await over
        t.ok(done >= 1)
        await until(() => times === done)
      },
    )

    await t.test('destroyed meanwhile: it is gone in the end', async (t) => {
      const jobs = app.enqueueMany('echo', Array(20).fill({}), {})
      await Promise.all(jobs.ids.map((id) => until(async () => (await stateOf(id)) === 'completed')))
      const destroyed = await Promise.all(
        jobs.ids.map(async (id, i) => {
          const retry = () => monitor.retry(id).catch(() => false)
          if (i % 2 === 0) retry()
          const gone = monitor.destroy(id)
          if (i % 2 === 1) retry()
          return gone
        }),
      )
      t.same(new Set(destroyed), new Set([true]))
      await Promise.all(jobs.ids.map((id) => until(async () => (await stateOf(id)) === undefined)))
    })

    await t.test('all of a query, each once, also those that fail again at once', async (t) => {
      await monitor.destroyAll()
      const ids = app.enqueueMany('fails', Array(30).fill({}), { maxAttempts: 1 }).ids
      const others = app.enqueueMany('echo', Array(5).fill({}), {}).ids
      await until(async () => (await monitor.jobsFor()).jobs.every(({ finishedAt }) => finishedAt !== null))
      const waits = app.enqueue('fails', {}, { after: '1h' })
      await waits.accepted
      t.equal((await monitor.jobsFor()).jobs.length, ids.length + others.length + 1)
      t.equal(await monitor.retryAll({ state: 'failed', dryRun: true }), 30)
      t.equal(await monitor.retryAll({ dryRun: true }), 35, 'all that have ended')
      t.equal(await monitor.destroyAll({ name: 'echo', dryRun: true }), 5)
      t.equal(await monitor.retryAll({ state: 'scheduled' }), 0)
      let failed = 0
      app.on('job:failed', () => failed++)
      t.equal(await app.monitor().retryAllFor('n1', { state: 'failed', name: 'fails' }), 30)
      await until(async () => (await monitor.jobsFor({ state: 'failed' })).jobs.length === 30)
      t.equal(await monitor.retryAll({ name: 'echo' }), 5)
      await until(async () => (await monitor.jobsFor({ state: 'completed' })).jobs.length === 5)
      t.equal((await monitor.jobsFor()).jobs.length, 36)
      t.equal(await stateOf(waits.id), 'scheduled')
    })
  })
}

for (const [store, flags] of Object.entries(STORES)) {
  if (store === 'memory') continue
  t.test(`kill -9 while many are retried: none is lost, none is there twice, ${store} store`, async (t) => {
    const dir = folder(t)
    const file = join(dir, 'there')
    const { app, address } = await startApp(t)
    // It looks on while the other waits for its answer.
    const onlooker = await startApp(t)
    const both = [address, onlooker.address].map(formatAddress).join()
    const all = ['--distributors', both, ...flags(join(dir, 'n1')), '--lease', '1s']
    const node = await startNode(t, 'n1', all)
    await Promise.all([app.ready, onlooker.app.ready])
    const told = new Map<string, number>()
    app.feedback('fails_without', {
      success: (_, { id }) => told.set(id, (told.get(id) ?? 0) + 1),
      error: () => {},
    })
    const list = Array(MANY).fill({ file })
    const { ids } = app.enqueueMany('fails_without', list)
    const monitor = app.monitor()
    await until(async () => (await monitor.retryAllFor('n1', { state: 'failed', dryRun: true })) === MANY)
    writeFileSync(file, '')
    node.process.kill('SIGUSR2')
    await node.line('node:paused')
    const asked = monitor.retryAllFor('n1', { state: 'failed' })
    await until(async () => {
      const { jobs } = await onlooker.app.monitor().jobsFor('n1', { state: 'available', limit: 1 })
      return jobs.length > 0
    })
    node.process.kill('SIGKILL')
    await asked.catch(() => {})
    await node.exited
    const found = store === 'level' ? await statesIn(join(dir, 'n1')) : await monitorStates(join(dir, 'n1'))
    t.same([...found.keys()].sort(), [...ids].sort(), 'each once')
    const waits = [...found.values()].filter((state) => state === 'available').length
    t.ok(waits > 0, `${waits} of ${MANY} wait, the others are as they were`)
    t.same(new Set([...found.values(), 'failed']), new Set(['available', 'failed']))
    const back = event(app, 'node:connected')
    await startNode(t, 'n1', all)
    await back
    t.equal(await monitor.retryAllFor('n1', { state: 'failed' }), MANY - waits)
    await until(() => told.size === MANY)
    t.same(new Set(told.values()), new Set([1]), 'each has run once')
    t.same((await monitor.jobsFor('n1')).jobs, [])
  })
}

/** All that is in the directory of a node that does not run. */
async function statesIn(dir: string): Promise<Map<string, string>> {
  const store = levelStore({ dir, durability: 'fsync' })
  await store.open('n1')
  try {
    return await statesOf((after) =>
      store
        .list({ limit: 1000, after })
        .then(({ jobs, next }) => ({ next, jobs: jobs.map(({ job, state }) => ({ id: job.id, state })) })),
    )
  } finally {
    await store.close()
  }
}

function monitorStates(redisPrefix: string): Promise<Map<string, string>> {
  const monitor = new RedisMonitor({ redisUrl: redis?.url ?? '', redisPrefix })
  return statesOf((after) => monitor.jobsFor('n1', { limit: 1000, after }))
}

async function statesOf(
  page: (
    after: string | undefined,
  ) => Promise<{ jobs: { id: string; state: string }[]; next: string | null }>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let after: string | null | undefined; after !== null; ) {
    const { jobs, next } = await page(after)
    for (const { id, state } of jobs) {
      if (found.has(id)) throw new Error(`${id} is there twice`)
      found.set(id, state)
    }
    after = next
  }
  return found
}
