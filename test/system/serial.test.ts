import { join } from 'node:path'
import t from 'tap'
import type { OutcomeInfo } from '#dist/distributor/index.js'
import { folder, startApp, startNode, toApp, until } from './harness.js'
import { redis, STORES } from './stores.js'

const MANY = Number(process.env.JR_TEST_MANY ?? 30)

for (const [store, flags] of Object.entries(STORES)) {
  t.test(`jobs of a series run one at a time, in order, ${store} store`, async (t) => {
    const { app, address } = await startApp(t)
    const node = [...toApp(address), ...flags(join(folder(t), 'n1'))]
    let process = await startNode(t, 'n1', node)
    await app.ready
    const monitor = app.monitor({ node: 'n1' })
    const ended: OutcomeInfo[] = []
    for (const event of ['job:completed', 'job:failed', 'job:cancelled'] as const)
      app.on(event, ({ info }) => ended.push(info))
    /** What has ended since, each begun when the one before it was over. */
    const inOrder = (ids: readonly string[]) => {
      const its = ended.splice(0).filter(({ id }) => ids.includes(id))
      t.same(
        its.map(({ id }) => id),
        ids,
      )
      for (const [i, { startedAt }] of its.entries()) {
        const before = its[i - 1]?.finishedAt.getTime() ?? 0
        t.ok((startedAt?.getTime() ?? Number.POSITIVE_INFINITY) >= before, `${i} began after the one before`)
      }
    }

    await t.test('whatever their names, priorities and groups, and however often one is tried', async (t) => {
      const serial = 'account 7'
      const jobs = [
        app.enqueue('waits', { ms: 50 }, { serial }),
        app.enqueue('flaky', {}, { serial, priority: 5 }),
        app.enqueue('echo', {}, { serial, priority: -5, group: 'acme' }),
        app.enqueue('fails', {}, { serial }),
        ...Array.from({ length: MANY }, () => app.enqueue('echo', {}, { serial })),
      ]
      const all = Promise.allSettled(jobs.map((job) => job.result()))
      const other = app.enqueue('echo', {}, { serial: 'account 8' })
      await other.result()
      await all
      t.not(ended[0]?.id, jobs.at(-1)?.id)
      inOrder(jobs.map(({ id }) => id))
      // It is free again.
      await app.enqueue('echo', {}, { serial }).result()
    })

    await t.test('one that waits for its time holds up the others, until it is cancelled', async (t) => {
      const serial = 'later'
      const first = app.enqueue('echo', {}, { serial, after: '1h' })
      const [gone, late, asked, last] = [
        app.enqueue('echo', {}, { serial }),
        app.enqueue('echo', {}, { serial, after: 0.1 }),
        app.enqueue('asks', { name: 'echo', opts: { serial }, waits: true }, { serial }),
        app.enqueue('echo', {}, { serial }),
      ]
      const results = Promise.all([late.result(), last.result()])
      await Promise.all([first, gone, late, asked, last].map(({ accepted }) => accepted))
      t.match(await monitor.load(gone.id), { state: 'available', name: 'echo', terms: { serial } })
      const { due, state } = (await monitor.load(first.id)) ?? {}
      t.equal(state, 'scheduled')
      t.ok(due !== undefined && due.getTime() > Date.now() + 3_000_000)
      t.equal((await monitor.jobsFor({ state: 'available', name: 'echo' })).jobs.length >= 2, true)
      t.equal(await gone.cancel(), 'cancelled')
      t.ok(await monitor.destroy(first.id))
      // What it would wait for is behind it.
      t.match(await asked.cancel(), /cancel/)
      await results
      ended.length = 0
    })

    if (store !== 'memory')
      await t.test('after kill -9 of the node too', async () => {
        const serial = 'killed'
        const jobs = Array.from({ length: 12 }, (_, i) => app.enqueue('waits', { ms: 20, i }, { serial }))
        const results = jobs.map((job) => job.result())
        await results[1]
        process.process.kill('SIGKILL')
        await process.exited
        process = await startNode(t, 'n1', node)
        await Promise.all(results)
        await until(() => ended.length >= jobs.length)
        inOrder(jobs.map(({ id }) => id))
      })
  })
}

t.test(
  'what a lost node had of a series goes to another, in its order',
  { skip: redis === null },
  async (t) => {
    const { app, address } = await startApp(t)
    const node = [...toApp(address), ...(STORES.redis?.(folder(t)) ?? []), '--lease', '3s']
    const first = await startNode(t, 'n1', node)
    await app.ready
    const began: number[] = []
    const serial = 'moved'
    const jobs = Array.from({ length: 8 }, (_, i) => {
      const args = { ms: i === 0 ? 60_000 : 10 }
      return app.enqueue('waits', args, { serial, maxAttempts: 1 }, () => began.push(i))
    })
    await Promise.all(jobs.map(({ accepted }) => accepted))
    const results = jobs.map((job) => job.result())
    results[0]?.catch(() => {})
    await first.line('job:started', jobs[0]?.id ?? '')
    await startNode(t, 'n2', node)
    first.process.kill('SIGKILL')
    await t.rejects(
      Promise.resolve(results[0]).then(() => {}),
      { code: 'JR_NODE_LOST' },
    )
    await Promise.all(results.slice(1))
    t.same(began, [1, 2, 3, 4, 5, 6, 7])
  },
)
