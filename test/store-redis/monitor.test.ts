import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { JR } from '#dist/index.js'
import { startApp, until } from '../system/harness.js'
import { startRedis, withoutRedis } from './redis-server.js'
import { adminOf, endsOf, killed, monitorOf, running, startOn } from './straight.js'

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('where nodes run they do it', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    await Promise.all(['n1', 'n2'].map((name) => startOn(t, name, redis, app, '60s')))
    // No distributor has been started here.
    const monitor = JR.monitor({ redisUrl: redis.url })
    const on = (node: string) => ({ node, strictNode: true, after: '1h' })
    const jobs = ['n1', 'n2', 'n1', 'n2', 'n1'].map((node, value) =>
      app.app.enqueue('echo', { value, big: 2n ** 70n }, on(node)),
    )
    const ended = jobs.map((job) => endsOf([job]))
    await Promise.all(jobs.map(({ accepted }) => accepted))
    const failed = app.app.enqueue('fails', {}, { node: 'n1', strictNode: true })
    await t.rejects(failed.result())
    const id = (n: number) => jobs[n]?.id ?? ''
    const admin = adminOf(t, redis)
    const owner = () => admin.hmget('{job-reactor}:node:n1', 'epoch', 'fenced', 'closed', 'holder')
    const before = await owner()

    t.match(await monitor.nodes(), [
      { name: 'n1', lease: 'held', waiting: 3, running: 0, ended: 1 },
      { name: 'n2', lease: 'held', waiting: 2, running: 0, ended: 0 },
    ])
    const seen = new Set<string>()
    for (let after: string | undefined, last = false; !last; ) {
      const page = await monitor.jobsFor('n1', { limit: 1, ...(after === undefined ? {} : { after }) })
      for (const job of page.jobs) seen.add(`${job.node} ${job.state} ${job.id}`)
      after = page.next ?? undefined
      last = page.next === null
    }
    t.same(
      [...seen].sort(),
      [`n1 failed ${failed.id}`, ...[0, 2, 4].map((n) => `n1 scheduled ${id(n)}`)].sort(),
    )
    t.equal((await monitor.jobsFor('n1', { state: 'scheduled', name: 'fails' })).jobs.length, 0)
    t.match(await monitor.load(id(1)), { node: 'n2', state: 'scheduled', args: { value: 1, big: 2n ** 70n } })
    t.match(await monitor.load(failed.id), {
      node: 'n1',
      state: 'failed',
      attempt: 2,
      lastError: /does not work/,
    })
    t.equal(await monitor.load('nothing'), null)
    await t.rejects(monitor.jobsFor('n3'), { code: 'JR_CONNECTION', message: /no node 'n3'.*knows n1, n2/ })
    await t.rejects(monitor.destroyAllFor('n3'), { code: 'JR_CONNECTION' })
    await t.rejects(monitor.jobsFor('n1', { state: 'complete' as never }), { name: 'TypeError' })
    t.same(await owner(), before, 'who looks takes nothing')
    t.notMatch(await admin.info('commandstats'), /cmdstat_(keys|scan):/)

    const hasFailed = () => until(async () => (await monitor.load(failed.id))?.state === 'failed')
    t.equal(await monitor.retry(failed.id), true)
    await hasFailed()
    t.equal(await monitor.retryAllFor('n1', { dryRun: true }), 1)
    t.equal(await monitor.retryAllFor('n1', { state: 'failed', name: 'fails' }), 1)
    await hasFailed()
    t.equal(await monitor.retry('nothing'), false)
    await t.rejects(monitor.retry(id(1)), { code: 'JR_WRONG_STATE', message: /waits or runs/ })
    t.equal(await monitor.destroyAllFor('n1', { state: 'scheduled', dryRun: true }), 3)
    const update = { args: { value: 'other' }, opts: { tags: ['changed'] } }
    t.equal(await monitor.update(id(1), update), true, 'by the node that has it')
    t.equal(await monitor.updateAllFor('n1', { text: id(0) }, update), 1)
    t.match(await monitor.load(id(1)), { args: { value: 'other' }, terms: { tags: ['changed'] } })
    t.equal((await monitor.countTagged('changed')).waiting, 2)
    t.equal(await monitor.run('nothing'), false)
    t.equal(await monitor.cancelAllFor('n1', { text: id(4), dryRun: true }), 1)

    t.equal(await monitor.destroy(id(1)), true)
    t.same(await ended[1], ['JR_CANCELLED'])
    t.equal(await monitor.load(id(1)), null)
    t.equal(await monitor.destroy(id(1)), false)
    t.equal(await monitor.destroy(failed.id), true)
    t.equal(await monitor.load(failed.id), null)
    const runs = app.app.enqueue('waits', {}, { node: 'n1' })
    const stopped = endsOf([runs])
    await running(monitor, runs.id)
    t.equal(await monitor.destroy(runs.id), true)
    t.same(await stopped, ['JR_CANCELLED'])
    t.equal(await monitor.destroyAllFor('n1', { name: 'nothing' }), 0)
    t.equal(await monitor.destroyAllFor('n1'), 3)
    t.same((await Promise.all([0, 2, 4].map((n) => ended[n]))).flat(), Array(3).fill('JR_CANCELLED'))
    t.equal((await monitor.jobsFor('n2')).jobs.length, 1, 'and not of the other')
    t.equal((await monitor.nodes())[0]?.lease, 'held')
  })

  t.test('no node runs: what was destroyed is told by the node that comes back', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const node = await startOn(t, 'n1', redis, app)
    const monitor = monitorOf(redis)
    const runs = app.app.enqueue('waits', {})
    const jobs = Array.from({ length: 600 }, (_, value) =>
      app.app.enqueue('echo', { value }, { after: '1h' }),
    )
    const failed = app.app.enqueue('fails', {})
    const all = [runs, ...jobs]
    const results = endsOf(all)
    await t.rejects(failed.result())
    await Promise.all(all.map(({ accepted }) => accepted))
    await running(monitor, runs.id)
    await killed(node)
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'held', waiting: 600, running: 1, ended: 1 }])
    t.equal(await monitor.destroy(jobs[0]?.id ?? ''), true, 'waits for the end of the lease')
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'lost', waiting: 599 }])
    t.equal(await monitor.destroy(runs.id), true)
    const refused = { code: 'JR_CONNECTION', message: /node n1 does not run: start it/ }
    await t.rejects(monitor.retry(failed.id), refused)
    await t.rejects(monitor.retryAllFor('n1'), refused)
    t.equal(await monitor.retryAllFor('n1', { dryRun: true }), 1, 'to look needs no node')
    t.equal(await monitor.destroy(failed.id), true)
    t.equal(await monitor.destroy(failed.id), false)
    t.equal(await monitor.load(runs.id), null)
    t.equal(await monitor.destroyAllFor('n1', { name: 'fails' }), 0)
    const most = await Promise.all(jobs.slice(1, 5).map(({ id }) => monitor.destroy(id)))
    t.same(most, [true, true, true, true])
    await startOn(t, 'n1', redis, app, '60s')
    t.equal(
      await monitor.destroyAllFor('n1', { state: 'scheduled', name: 'echo' }),
      595,
      'the others are as they were',
    )
    t.same(await results, Array(601).fill('JR_CANCELLED'))
    t.match(await monitor.nodes(), [{ lease: 'held', waiting: 0, running: 0, ended: 0 }])
    const admin = adminOf(t, redis)
    await until(async () => (await admin.zcard('{job-reactor}:outcomes:n1')) === 0)
    t.pass('all outcomes are taken')
  })

  t.test('a node that was stopped: at once, and all of its jobs', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const node = await startOn(t, 'n1', redis, app, '60s')
    const monitor = monitorOf(redis)
    const jobs = Array.from({ length: 1100 }, (_, value) =>
      app.app.enqueue('echo', { value }, { after: '1h' }),
    )
    const results = endsOf(jobs)
    await Promise.all(jobs.map(({ accepted }) => accepted))
    node.process.kill('SIGTERM')
    await node.exited
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'stopped', waiting: 1100 }])
    t.equal(await monitor.destroyAllFor('n1'), 1100)
    await startOn(t, 'n1', redis, app, '60s')
    t.same(await results, Array(1100).fill('JR_CANCELLED'))
  })

  t.test('a job that is pinned to a lost node: another one tells that it was destroyed', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const [first, second] = await Promise.all(['n1', 'n2'].map((name) => startOn(t, name, redis, app)))
    const monitor = monitorOf(redis)
    const pinned = [0, 1].map((value) =>
      app.app.enqueue('echo', { value }, { node: 'n1', strictNode: true, after: '1h' }),
    )
    const [one, other] = pinned.map((job) => endsOf([job]))
    const free = app.app.enqueue('echo', {}, { node: 'n1', after: '500ms' })
    await Promise.all([...pinned, free].map(({ accepted }) => accepted))
    if (first === undefined) throw new Error('no node')
    await killed(first)
    await free.result()
    await second?.line('neighbour:lost')
    // Long enough for the other to have gone through everything, and to know that the rest is not for it.
    const admin = adminOf(t, redis)
    const renewed = () => admin.zscore('{job-reactor}:leases', 'n2')
    for (let i = 0; i < 3; i++) {
      const last = await renewed()
      await until(async () => (await renewed()) !== last)
    }
    t.equal(await monitor.destroy(pinned[0]?.id ?? ''), true)
    t.same(await one, ['JR_CANCELLED'])
    t.equal(await monitor.destroy(pinned[1]?.id ?? ''), true)
    t.same(await other, ['JR_CANCELLED'])
    await until(async () => (await monitor.nodes()).length === 1)
    t.pass('nothing is left of it')
  })

  t.test('a node that takes over, or comes back, at the same time', { timeout: 90_000 }, async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const admin = adminOf(t, redis)
    const monitor = monitorOf(redis)
    for (const taker of ['n2', 'n1']) {
      const node = await startOn(t, 'n1', redis, app)
      const other = taker === 'n2' ? await startOn(t, 'n2', redis, app) : null
      const options = { node: 'n1', strictNode: other === null, after: '1h' }
      const jobs = Array.from({ length: 100 }, (_, value) => app.app.enqueue('echo', { value }, options))
      const told: string[] = []
      app.app.on('job:cancelled', ({ info }) => told.push(info.id))
      const results = endsOf(jobs)
      await Promise.all(jobs.map(({ accepted }) => accepted))
      await killed(node)
      let destroyed = 0
      // Each job is tried by two.
      const destroyers = Array.from({ length: 8 }, async (_, i) => {
        for (let at = i % 4; at < jobs.length; at += 4) {
          if (await monitor.destroy(jobs[at]?.id ?? '')) destroyed++
        }
      })
      const back = other === null ? await startOn(t, 'n1', redis, app) : other
      await Promise.all(destroyers)
      t.same(await results, Array(100).fill('JR_CANCELLED'), `each is told (${taker} has them next)`)
      t.equal(new Set(told).size, told.length, 'once')
      t.equal(destroyed, 100, 'and each was destroyed by one')
      t.equal(await admin.hlen('{job-reactor}:jobs'), 0)
      for (const { waiting, running } of await monitor.nodes()) t.same([waiting, running], [0, 0])
      await killed(back)
    }
  })

  t.test('a node that is there although its lease has ended is asked', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    await startOn(t, 'n1', redis, app, '60s')
    const job = app.app.enqueue('echo', {}, { after: '1h' })
    const ended = endsOf([job])
    await job.accepted
    const admin = adminOf(t, redis)
    await admin.zadd('{job-reactor}:leases', 1, 'n1')
    t.equal(await monitorOf(redis).destroy(job.id), true)
    t.same(await ended, ['JR_CANCELLED'])
    t.equal(await admin.hexists('{job-reactor}:node:n1', 'fenced'), 0, 'it goes on')
  })

  t.test('an app that has no Redis does not load what talks to it', async (t) => {
    const script = `
      import { createRequire } from 'node:module'
      import { JR } from 'job-reactor'
      const { cache } = createRequire(import.meta.url)
      const loaded = () => Object.keys(cache).some((file) => file.includes('ioredis'))
      const monitor = JR.monitor({ redisUrl: 'redis://127.0.0.1:1', redisTimeout: '100ms' })
      console.log(loaded())
      await monitor.nodes().catch(({ code }) => console.log(code, loaded()))
    `
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    t.equal(stdout, 'false\nJR_STORE true\n')
  })
}
