import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import t from 'tap'
import { startApp, startNode, toApp, until } from '../system/harness.js'
import { adminOf } from './admin.js'
import { beginOf, endOf, insertOf, outcomeOf, recordOf } from './changes.js'
import { openedFor } from './opened.js'
import { startProxy } from './proxy.js'
import { startRedis, withoutRedis } from './redis-server.js'

const opened = openedFor(10_000)

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('an answer that is lost: the group is sent again, and done once', async (t) => {
    const redis = await startRedis(t)
    const proxy = await startProxy(t, redis.port)
    const { store } = await opened(t, `redis://127.0.0.1:${proxy.port}`)
    const [a, b] = [recordOf(1), recordOf(2)]
    const cut = proxy.cutAnswerTo(a.id)
    t.same(await store.commit([insertOf(a, 1), insertOf(b, 2)], true), ['ok', 'ok'])
    await cut
    t.equal((await store.counts()).waiting, 2)
    const again = proxy.cutAnswerTo(a.id)
    const changes = [beginOf(a), endOf(a, outcomeOf(a, 10)), beginOf(b), beginOf(b)]
    t.same(
      await store.commit(changes, true),
      ['ok', 'ok', 'ok', 'stale'],
      'the answers are those of the first time',
    )
    await again
    t.match(await store.counts(), { waiting: 0, running: 1, outcomes: 1 })
    proxy.cut()
    t.equal(await store.taken('app', 'life'), 2, 'a read is asked again')
  })

  t.test(
    'answers that are lost, of two groups on their way: each is sent again, and done once',
    async (t) => {
      const redis = await startRedis(t)
      const proxy = await startProxy(t, redis.port)
      const { store } = await opened(t, `redis://127.0.0.1:${proxy.port}`)
      await store.commit([insertOf(recordOf(9), 1)], true)
      for (const lost of [1, 2]) {
        const [a, b] = [recordOf(lost * 10), recordOf(lost * 10 + 1)]
        const cut = proxy.cutAnswerTo(lost === 1 ? a.id : b.id)
        const first = store.commit([insertOf(a, lost * 10), beginOf(a), beginOf(a)], true)
        const second = store.commit([insertOf(b, lost * 10 + 1), endOf(a, outcomeOf(a, lost * 100))], true)
        t.same(await Promise.all([first, second]), [
          ['ok', 'ok', 'stale'],
          ['ok', 'ok'],
        ])
        await cut
        t.match(await store.counts(), { waiting: 1 + lost, running: 0, outcomes: lost })
      }
      t.equal(await store.taken('app', 'life'), 21)
    },
  )

  t.test('scripts that are forgotten, and connections that are killed', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const { store } = await opened(t, redis.url)
    t.same(await store.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    await admin.script('FLUSH')
    t.same(await store.commit([insertOf(recordOf(2), 2)], true), ['ok'])
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal')
    t.same(await store.commit([insertOf(recordOf(3), 3)], true), ['ok'])
    t.equal((await store.counts()).waiting, 3)
  })

  t.test('without memory for more: jobs still end, and new ones wait until there is room', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const { store } = await opened(t, redis.url)
    const job = recordOf(1)
    await store.commit([insertOf(job, 1), beginOf(job)], true)
    await admin.config('SET', 'maxmemory', '1')
    t.same(await store.commit([endOf(job, outcomeOf(job, 10))], true), ['ok'])
    const other = recordOf(2)
    await admin.config('SET', 'maxmemory', '0')
    await store.commit([insertOf(other, 2), beginOf(other)], true)
    await admin.config('SET', 'maxmemory', '1')
    const mixed = store.commit([insertOf(recordOf(3), 3), endOf(other, outcomeOf(other, 11))], true)
    await until(async () => (await store.counts()).running === 0)
    t.match(await store.counts(), { waiting: 0, outcomes: 2 })
    t.equal(await store.taken('app', 'life'), 2)
    const { store: late } = await opened(t, redis.url, { leaseMs: 300 }, 'late')
    const ends = async () => Number(await admin.zscore('{faults}:leases', 'late'))
    const first = await ends()
    await until(async () => (await ends()) !== first)
    t.match(await late.counts(), { waiting: 0 }, 'nodes begin, and keep their leases')
    await admin.config('SET', 'maxmemory', '0')
    t.same(await mixed, ['ok', 'ok'])
    t.match(await store.counts(), { waiting: 1, outcomes: 2 })
    t.equal(await store.taken('app', 'life'), 3)
    const { store: hasty } = await opened(t, redis.url, { timeoutMs: 300 }, 'n2')
    await admin.config('SET', 'maxmemory', '1')
    await t.rejects(hasty.commit([insertOf(recordOf(4), 4)], true), {
      code: 'JR_STORE',
      message: /maxmemory/,
    })
    await t.rejects(hasty.commit([insertOf(recordOf(5), 5)], true), { code: 'JR_STORE' }, 'and from then on')
    await admin.config('SET', 'maxmemory', '0')
  })

  t.test('a job that began on its way to a Redis without memory runs once there is room', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const app = await startApp(t)
    await startNode(t, 'n1', ['--store', 'redis', '--redis-url', redis.url, ...toApp(app.address)])
    await app.app.ready
    t.match(await app.app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
    const group = () => admin.hget('{job-reactor}:node:n1', 'group')
    await admin.config('SET', 'maxmemory', '1')
    const before = await group()
    const handle = app.app.enqueue('echo', { value: 2 })
    const result = handle.result()
    await until(async () => (await group()) !== before)
    await admin.config('SET', 'maxmemory', '0')
    t.match(await result, { echoed: 2 })
    await t.resolves(handle.accepted)
  })

  t.test('a Redis that would drop jobs by itself is refused; passwords are in no error', async (t) => {
    const evicting = await startRedis(t, '--maxmemory-policy', 'allkeys-lru')
    await t.rejects(opened(t, evicting.url), {
      code: 'JR_BAD_CONFIG',
      message: /maxmemory-policy allkeys-lru/,
    })
    const redis = await startRedis(t, '--requirepass', 'pass-of-all')
    const admin = new Redis({ port: redis.port, password: 'pass-of-all' })
    t.teardown(() => admin.disconnect())
    await admin.call('ACL', 'SETUSER', 'jr', 'on', '>pass-of-jr', '~{faults}:*', '+@all', '-@dangerous')
    const at = (who: string) => `redis://${who}127.0.0.1:${redis.port}`
    for (const url of [
      at(''),
      at('jr:wrong-pass-of-jr@'),
      at('jr:pass-of-jr@').replace('redis:', 'http:'),
      'nonsense pass-of-jr',
    ]) {
      const error = await opened(t, url, { timeoutMs: 500 }).then(
        () => null,
        (error) => error,
      )
      t.match(error?.code, /^JR_(STORE|BAD_CONFIG)$/)
      t.notMatch(inspect(error, { depth: 9 }), /pass-of/)
    }
    await admin.call(
      'ACL',
      'SETUSER',
      'asks',
      'on',
      '>pass-of-asks',
      '~{faults}:*',
      '+@all',
      '-@dangerous',
      '+info',
    )
    const { facts: told } = await opened(t, at('asks:pass-of-asks@'), {}, 'n2')
    t.notOk(
      told.notes.some((note) => /INFO/.test(note)),
      'the user that docs/redis.md recommends',
    )
    const { store, facts } = await opened(t, at('jr:pass-of-jr@'))
    t.ok(
      facts.notes.some((note) => /INFO/.test(note)),
      'INFO is forbidden: said',
    )
    t.same(await store.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    t.equal((await store.counts()).waiting, 1)
  })

  t.test('too few replicas', async (t) => {
    const redis = await startRedis(t)
    const replica = await startRedis(
      t,
      '--replicaof',
      '127.0.0.1',
      String(redis.port),
      '--repl-diskless-sync-delay',
      '0',
    )
    const { store } = await opened(t, redis.url, { wait: 1 })
    t.same(await store.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    t.equal(await adminOf(t, replica.port).hlen('{faults}:jobs'), 1, 'the replica has it')
    const { store: hasty } = await opened(t, redis.url, { wait: 2, timeoutMs: 1500 }, 'n2')
    await t.rejects(hasty.commit([insertOf(recordOf(2), 2)], true), {
      code: 'JR_STORE',
      message: /1 of 2 replicas/,
    })
  })
}
