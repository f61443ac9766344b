import { Redis } from 'ioredis'
import t from 'tap'
import { type Note, redisStore, type Shelf, type Store } from '#dist/src/store/index.js'
import { beginOf, endOf, insertOf, recordOf } from './changes.js'
import { startRedis, withoutRedis } from './redis-server.js'

const OWN: Shelf = { name: 'own', own: true }
const ALL: Shelf = { name: 'all', own: false }
const noRedis = withoutRedis()
const note = (key: string, value: string | null = key, shelf = OWN): Note => ({
  shelf,
  key,
  value: value === null ? null : Buffer.from(value),
})
const keysOn = async (store: Store, shelf: Shelf) =>
  (await store.notes(shelf, {}, 100)).map(({ key, value }) => `${key}=${value}`)

t.test('notes of nodes that share a Redis', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t)
  const opened = async (node: string) => {
    const store = redisStore({
      url: redis.url,
      prefix: 'shared',
      leaseMs: 60_000,
      timeoutMs: 10_000,
      wait: 0,
    })
    await store.open(node)
    t.teardown(() => store.close())
    return store
  }
  const [one, two] = [await opened('n1'), await opened('n2')]
  const [waits, kept, other] = [recordOf(1), recordOf(2), recordOf(3)]
  const unique = { ...note('key', waits.id, ALL), unless: 'taken' } as const
  await one.commit([{ ...insertOf(waits), notes: [note('waits'), note('of n1'), unique] }], true)
  const keep = { job: kept, state: 'failed', startedAt: 1000, finishedAt: 1010 } as const
  const notes = [note('kept'), note('kept by all', 'x', ALL)]
  await one.commit([insertOf(kept), beginOf(kept), { ...endOf(kept), keep, notes }], true)

  t.same(
    await two.commit([{ ...insertOf(other), notes: [{ ...unique, value: Buffer.from('two') }] }], true),
    [{ is: 'taken', shelf: ALL, key: 'key', value: Buffer.from(waits.id) }],
  )
  t.same(await keysOn(two, OWN), [], 'what is of one node another does not find')
  t.equal(await one.countNotes(OWN, {}), 3)

  const admin = new Redis(redis.port)
  await admin.zadd('{shared}:leases', 1, 'n1')
  await admin.quit()
  t.ok(await two.neighbours?.left('n1', null))
  const to = { ...waits, seq: waits.seq + 100 }
  const move = { kind: 'move', from: waits, running: false, to, outcome: null, owner: 'n1' } as const
  const refused = {
    kind: 'together',
    changes: [{ ...move, notes: [note('waits', null), note('here')] }, beginOf(other)],
  } as const
  t.same(await two.commit([refused], true), [{ is: 'refused', at: 1, answer: 'stale' }])
  t.same(await keysOn(two, OWN), [])
  t.same(await two.commit([{ ...move, notes: [note('waits', null), note('here')] }], true), ['ok'])
  t.same(await keysOn(two, OWN), ['here=here'])
  await two.neighbours?.settle('n1')
  t.same(await keysOn(two, OWN), ['here=here', 'kept=kept'], 'notes of a kept job go with it, others stay')
  t.same(await keysOn(two, ALL), ['kept by all=x', `key=${waits.id}`])
  t.equal(await two.prune('failed', 0, 0), 1)
  t.same([await keysOn(two, OWN), await keysOn(two, ALL)], [['here=here'], [`key=${waits.id}`]])
  await one.close()
  const again = await opened('n1')
  t.same(await keysOn(again, OWN), ['of n1=of n1'], 'they are there when it is back')
})
