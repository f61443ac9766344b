import { join } from 'node:path'
import t from 'tap'
import { jr } from '../cli/jr.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { event, folder, startApp, startNode, toApp } from './harness.js'

const NONE = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0 }
const noRedis = withoutRedis()

for (const store of ['level', 'redis']) {
  const skip = store === 'redis' ? noRedis : false
  t.test(`jobs by tag, over their whole life, ${store} store`, { skip }, async (t) => {
    const { app, address } = await startApp(t)
    const redis = store === 'redis' ? await startRedis(t) : null
    const where = redis === null ? ['--dir', join(folder(t), 'n1')] : ['--redis-url', redis.url]
    const connected = event(app, 'node:connected')
    await startNode(t, 'n1', [...toApp(address), '--store', store, ...where])
    await connected
    const monitor = app.monitor()
    const looked = redis === null ? [] : [app.monitor({ redisUrl: redis.url })]
    const ids = async (query: object, of: Pick<typeof monitor, 'jobsFor'> = monitor) =>
      (await of.jobsFor('n1', query)).jobs.map(({ id }) => id).sort()
    const tags = ['big', 'customer 7']
    const later = [1, 2, 3].map((n) => app.enqueue('echo', { n }, { tags, after: '1h', id: `later ${n}` }))
    const other = app.enqueue('echo', {}, { tags: ['big'], after: '1h' })
    await Promise.all([...later, other].map(({ accepted }) => accepted))
    const failed = app.enqueue('fails', {}, { tags: ['customer 7'], maxAttempts: 1 })
    await t.rejects(failed.result())
    await app.enqueue('echo', {}, { tags: ['customer 7'] }).result()
    for (const of of [monitor, ...looked]) {
      t.same(await ids({ tag: 'customer 7' }, of), [...later.map(({ id }) => id), failed.id].sort())
      t.same(await ids({ tag: 'customer 7', state: 'failed' }, of), [failed.id])
      t.same(await ids({ tag: 'customer 7', name: 'fails' }, of), [failed.id])
      t.same(await ids({ tag: 'customer', state: 'failed' }, of), [])
      t.same(await of.countTagged('customer 7'), { ...NONE, waiting: 3, failed: 1 })
      t.same(await of.countTagged('big'), { ...NONE, waiting: 4 })
    }
    t.match((await monitor.jobsFor('n1', { tag: 'customer 7', name: 'echo', limit: 1 })).jobs, [
      { terms: { tags } },
    ])
    if (redis !== null) {
      const listed = await jr(['jobs', '--redis-url', redis.url, '--tag', 'big', '--json'])
      t.equal(JSON.parse(listed.out).length ?? JSON.parse(listed.out).jobs.length, 4)
    }
    const ended = later.map((job) => job.result().catch(({ code }) => code))
    t.equal(await later[0]?.cancel(), 'cancelled')
    t.ok(await monitor.destroy('later 2'))
    t.ok(await monitor.destroy(failed.id))
    t.same(await monitor.countTagged('customer 7'), { ...NONE, waiting: 1 })
    t.equal(await monitor.destroyAllFor('n1', { tag: 'customer 7' }), 1)
    t.same(await Promise.all(ended), ['JR_CANCELLED', 'JR_CANCELLED', 'JR_CANCELLED'])
    t.same(await monitor.countTagged('customer 7'), NONE)
    t.same(await ids({ tag: 'big' }), [other.id])
    t.throws(() => app.enqueue('echo', {}, { tags: ['a\0b'] }), {
      message: /^opts\.tags: expected a list of at most 16 tags/,
    })
    await t.rejects(monitor.countTagged(''), { name: 'TypeError' })
    await other.cancel()
  })
}
