import t from 'tap'
import { adminOf } from './admin.js'
import { beginOf, insertOf, recordOf } from './changes.js'
import { openedFor } from './opened.js'
import { startProxy } from './proxy.js'
import { startRedis, withoutRedis } from './redis-server.js'

const opened = openedFor(1000)

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('a Redis that comes back with everything', async (t) => {
    const redis = await startRedis(t, '--appendonly', 'yes', '--appendfsync', 'always')
    const { store, facts } = await opened(t, redis.url)
    t.notOk(facts.notes.some((note) => /append-only/.test(note)))
    await store.commit([insertOf(recordOf(1), 1)], true)
    await redis.signal('SIGKILL')
    const waiting = store.commit([insertOf(recordOf(2), 2)], true)
    await redis.again()
    t.same(await waiting, ['ok'])
    t.equal((await store.counts()).waiting, 2)
  })

  t.test('a Redis that comes back empty, or without the last changes', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const { store } = await opened(t, redis.url)
    await store.commit([insertOf(recordOf(1), 1)], true)
    await redis.signal('SIGKILL')
    await redis.again()
    await t.rejects(store.commit([insertOf(recordOf(2), 2)], true), { code: 'JR_STORE_CORRUPT' })
    const { store: second, facts } = await opened(t, redis.url)
    t.ok(facts.notes.some((note) => /begins empty/.test(note)))
    await second.commit([insertOf(recordOf(1), 1)], true)
    await second.commit([insertOf(recordOf(2), 2)], true)
    await admin.hset('{faults}:node:n1', 'group', '1')
    await t.rejects(second.commit([insertOf(recordOf(3), 3)], true), {
      code: 'JR_STORE',
      message: /lost the last changes/,
    })
    const { store: idle } = await opened(t, redis.url, { leaseMs: 300 }, 'n2')
    const told = new Promise((resolve) => idle.neighbours?.watch({ onLost: () => {}, onFailure: resolve }))
    await admin.flushall()
    t.match(await told, { code: 'JR_STORE_CORRUPT' }, 'a node with nothing to do notices too')
  })

  t.test('a Redis that says nothing: every promise settles', async (t) => {
    const redis = await startRedis(t)
    const { store } = await opened(t, redis.url, { timeoutMs: 400 })
    await redis.signal('SIGSTOP')
    const all = await Promise.allSettled([
      store.commit([insertOf(recordOf(1), 1)], true),
      store.load('x'),
      store.counts(),
    ])
    t.same(
      all.map((one) => (one.status === 'rejected' ? one.reason.code : one.status)),
      ['JR_STORE', 'JR_STORE', 'JR_STORE'],
    )
    await redis.signal('SIGCONT')
  })

  t.test('a Redis that comes back from before a node was opened: no number comes twice', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const first = await opened(t, redis.url)
    await first.store.commit([insertOf(recordOf(1), 1)], true)
    await first.store.close()
    await admin.save()
    const second = await opened(t, redis.url)
    await second.store.commit([insertOf(recordOf(2), 2)], true)
    await redis.signal('SIGKILL')
    await redis.again()
    await t.rejects(second.store.commit([insertOf(recordOf(3), 3)], true), {
      code: 'JR_LEASE_LOST',
      message: /lost its opening/,
    })
    const third = await opened(t, redis.url)
    t.equal(third.facts.id, second.facts.id, 'to an app it is the same node')
    t.ok(third.facts.epoch > second.facts.epoch, `${third.facts.epoch} after ${second.facts.epoch}`)
    t.equal((await third.store.counts()).waiting, 1)
    t.equal(await third.store.taken('app', 'life'), 1)
  })

  t.test('a Redis that stands still for a while: what was asked meanwhile is done once', async (t) => {
    const redis = await startRedis(t)
    const proxy = await startProxy(t, redis.port)
    const { store } = await opened(t, `redis://127.0.0.1:${proxy.port}`, { extra: { commandTimeout: 200 } })
    await store.commit([insertOf(recordOf(1), 1)], true)
    await redis.signal('SIGSTOP')
    const again = proxy.heard(recordOf(2).id, 12)
    const changes = [insertOf(recordOf(2), 2), beginOf(recordOf(2)), beginOf(recordOf(2))]
    const waiting = [store.commit(changes, true), store.commit([beginOf(recordOf(1))], true)]
    const asked = store.counts()
    // Its three changes are asked for again and again, and all of that is waiting for Redis when it goes on.
    await again
    await redis.signal('SIGCONT')
    t.same(await Promise.all(waiting), [['ok', 'ok', 'stale'], ['ok']])
    t.ok(await asked)
    t.match(await store.counts(), { waiting: 0, running: 2 })
  })
}
