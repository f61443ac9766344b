import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Opened, Store } from '#dist/src/store/contract.js'
import { redisStore } from '#dist/src/store/index.js'
import type { RedisExtra } from '#dist/src/store/redis/client.js'
import { until } from '../system/harness.js'
import { adminOf, leaveBehind, startReplica } from './admin.js'
import { insertOf, recordOf } from './changes.js'
import { addReplica, beginMove, endMove, homeOf, type Member, moveKeys, startCluster } from './cluster.js'
import { missing, Pressure } from './pressure.js'
import { startRedis, withoutRedis } from './redis-server.js'
import { startSentinel } from './sentinel.js'

const PREFIX = 'failover'

async function opened(t: Test, extra: RedisExtra, wait = 0): Promise<{ store: Store; facts: Opened }> {
  const times = { leaseMs: 1000, timeoutMs: 20_000 }
  const store = redisStore({ url: 'redis://127.0.0.1:6379', prefix: PREFIX, ...times, wait, extra })
  const facts = await store.open('n1')
  t.teardown(() => store.close())
  return { store, facts }
}

function clusterOf(members: readonly Member[]): RedisExtra {
  return { cluster: members.map(({ server }) => ({ host: '127.0.0.1', port: server.port })) }
}

/** What it was answered before has been kept, and it goes on. */
async function goesOn(t: Test, store: Store, pressure: Pressure): Promise<void> {
  await pressure.more(100)
  await pressure.stop()
  t.equal(pressure.refused, null)
  t.same(pressure.strange, [])
  t.same(await missing(store, pressure), [])
  t.comment(`${pressure.stored.size} jobs were answered, and are there`)
}

/** It has been told of more than there is: nothing is answered any more, and a new opening begins with what there is. */
async function refuses(t: Test, store: Store, pressure: Pressure, again: RedisExtra): Promise<void> {
  t.match(await pressure.refusal(), { code: 'JR_STORE', message: /lost the last changes/ })
  await t.rejects(
    store.commit([insertOf(recordOf(1e6), 1e6)], true),
    { code: 'JR_STORE' },
    'and from then on',
  )
  await store.close()
  const { store: next } = await opened(t, again)
  const gone = await missing(next, pressure)
  t.ok(gone.length > 0, `of ${pressure.stored.size} jobs, ${gone.length} answers are not true any more`)
  t.same(await next.commit([insertOf(recordOf(2e6), 2e6)], true), ['ok'])
}

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('Sentinel: a replica that has everything takes over, under load', { timeout: 90_000 }, async (t) => {
    const master = await startRedis(t)
    const replica = await startReplica(t, master)
    const port = await startSentinel(t, master)
    const { store } = await opened(t, { sentinels: [{ host: '127.0.0.1', port }], name: 'jobs' }, 1)
    const pressure = new Pressure(store)
    pressure.begin()
    await pressure.more(100)
    await master.signal('SIGKILL')
    // There is no other replica that could have it, so from here on it is not waited for.
    const onReplica = adminOf(t, replica.port)
    await until(async () => /role:master/.test(await onReplica.info('replication')))
    await startReplica(t, replica)
    await goesOn(t, store, pressure)
    t.ok((await onReplica.hlen(`{${PREFIX}}:jobs`)) > 0)
  })

  t.test(
    'Sentinel: a replica that lags behind takes over, and the node refuses',
    { timeout: 90_000 },
    async (t) => {
      const master = await startRedis(t)
      const replica = await startReplica(t, master)
      const port = await startSentinel(t, master)
      const sentinels = { sentinels: [{ host: '127.0.0.1', port }], name: 'jobs' }
      const { store } = await opened(t, sentinels)
      const pressure = new Pressure(store)
      pressure.begin()
      await pressure.more(100)
      await leaveBehind(t, master, replica)
      await pressure.more(100)
      await master.signal('SIGKILL')
      await replica.signal('SIGCONT')
      await refuses(t, store, pressure, sentinels)
    },
  )

  t.test('Cluster: a replica that has everything takes over, under load', { timeout: 90_000 }, async (t) => {
    const members = await startCluster(t)
    const { home } = await homeOf(members, PREFIX)
    const replica = await addReplica(t, members, home)
    const { store } = await opened(t, clusterOf(members), 1)
    const pressure = new Pressure(store)
    pressure.begin()
    await pressure.more(100)
    await home.server.signal('SIGKILL')
    await until(async () => /role:master/.test(await replica.admin.info('replication')))
    // What was master is its replica, empty as it comes back.
    await home.server.again()
    await goesOn(t, store, pressure)
    t.ok((await replica.admin.hlen(`{${PREFIX}}:jobs`)) > 0)
  })

  t.test(
    'Cluster: a replica that lags behind takes over, and the node refuses',
    { timeout: 90_000 },
    async (t) => {
      const members = await startCluster(t)
      const { home } = await homeOf(members, PREFIX)
      const replica = await addReplica(t, members, home)
      const { store } = await opened(t, clusterOf(members))
      const pressure = new Pressure(store)
      pressure.begin()
      await pressure.more(100)
      await leaveBehind(t, home.server, replica.server)
      await pressure.more(100)
      await home.server.signal('SIGKILL')
      await replica.server.signal('SIGCONT')
      await refuses(t, store, pressure, clusterOf(members))
    },
  )

  t.test('Cluster: the slot moves to another master, under load', { timeout: 90_000 }, async (t) => {
    const members = await startCluster(t)
    const { home, slot, others } = await homeOf(members, PREFIX)
    const [to] = others
    if (to === undefined) throw new Error('a cluster has three masters')
    const { store } = await opened(t, clusterOf(members))
    const pressure = new Pressure(store)
    pressure.begin()
    await pressure.more(100)
    await beginMove(home, to, slot)
    // Slowly: scripts meet a slot that is partly here and partly there for longer than the client itself would ask again.
    while ((await moveKeys(home, to, slot, 1)) > 0) await sleep(400)
    await endMove(members, to, slot)
    await goesOn(t, store, pressure)
    t.match(await home.admin.info('errorstats'), 'errorstat_TRYAGAIN', 'scripts were refused meanwhile')
    t.equal(await home.admin.dbsize(), 0)
    t.ok((await to.admin.hlen(`{${PREFIX}}:jobs`)) > 0)
  })
}
