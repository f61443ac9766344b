import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { begun, type JobRecord } from '#dist/src/job/record.js'
import type { Change, Left, Neighbours, Store } from '#dist/src/store/contract.js'
import { redisStore } from '#dist/src/store/index.js'
import { beginOf, endOf, insertOf, outcomeOf, recordOf } from './changes.js'
import { type RedisServer, startRedis, withoutRedis } from './redis-server.js'

const LEASE_MS = 400
/** Not renewed in the time of a test: what lapses stays so. */
const LONG_MS = 60_000

async function opened(t: Test, { url }: RedisServer, node: string, leaseMs = LEASE_MS): Promise<Store> {
  const store = redisStore({ url, prefix: 'shared', leaseMs, timeoutMs: 10_000, wait: 0 })
  await store.open(node)
  t.teardown(() => store.close())
  return store
}

function neighboursOf({ neighbours }: Store): Neighbours {
  if (neighbours === undefined) throw new Error('a Redis store has neighbours')
  return neighbours
}

/** As if the node had slept: its lease is over, and it does not know. */
async function lapse({ port }: RedisServer, node: string): Promise<void> {
  const admin = new Redis(port)
  await admin.zadd('{shared}:leases', 1, node)
  await admin.quit()
}

async function allLeft(store: Store, node: string): Promise<Omit<Left, 'next'>> {
  const all = { interrupted: [], waiting: [], outcomes: [] } as {
    [Name in keyof Omit<Left, 'next'>]: Left[Name][number][]
  }
  for (let after: string | null = null; ; ) {
    const page: Left | null = await neighboursOf(store).left(node, after)
    if (page === null) throw new Error(`${node} is not lost`)
    all.interrupted.push(...(page.interrupted as never[]))
    all.waiting.push(...(page.waiting as never[]))
    all.outcomes.push(...(page.outcomes as never[]))
    if (page.next === null) return all as Omit<Left, 'next'>
    after = page.next
  }
}

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('an id is one job among all nodes, as long as it has not ended', async (t) => {
    const redis = await startRedis(t)
    const [one, two] = [await opened(t, redis, 'n1'), await opened(t, redis, 'n2')]
    const job = recordOf(1)
    t.same(await one.commit([insertOf(job, 1)], true), ['ok'])
    t.same(await two.commit([insertOf(job, 1)], true), ['duplicate'])
    t.equal(await two.taken('app', 'life'), 1)
    t.same(await one.commit([beginOf(job)], true), ['ok'])
    t.same(await two.commit([beginOf(job), insertOf(job, 2)], true), ['stale', 'duplicate'])
    t.equal(await two.load(job.id), null, 'a node answers for its own jobs only')
    t.same((await two.list({ limit: 10 })).jobs, [])
    t.equal((await one.load(job.id))?.state, 'running')
  })

  t.test('an id of the user is used again when its job has ended, whichever node keeps that', async (t) => {
    const redis = await startRedis(t)
    const [one, two] = [await opened(t, redis, 'n1'), await opened(t, redis, 'n2')]
    const [job, next] = [recordOf(1, { edition: 5 }), recordOf(2, { id: 'job-1', edition: 6 })]
    const ownId = { ownId: true }
    const keep = { job, state: 'failed', startedAt: 1000, finishedAt: 1010 } as const
    await one.commit([{ ...insertOf(job), ...ownId }, beginOf(job), { ...endOf(job), keep }], true)
    t.same(await two.commit([insertOf(next)], true), ['duplicate'], 'an id that was made for one job is that')
    t.same(await two.commit([{ ...insertOf(next), ...ownId }], true), ['ok'])
    t.same((await two.load(next.id))?.job, next)
    // What is left of the ended one with the first node does no harm.
    t.equal(await one.load(job.id), null)
    t.same((await one.list({ limit: 10 })).jobs, [])
    t.same(await one.commit([{ kind: 'remove', id: job.id }], true), ['stale'])
    await one.prune('failed', Number.MAX_SAFE_INTEGER / 2, 0)
    t.same((await two.load(next.id))?.job, next)
    t.equal((await one.counts()).failed, 0)
    t.same(await two.commit([beginOf(next), endOf(next)], true), ['ok', 'ok'])
  })

  t.test('a job in doubt is not stored again where the first node has taken its number', async (t) => {
    const redis = await startRedis(t)
    const [one, two] = [await opened(t, redis, 'n1'), await opened(t, redis, 'n2')]
    const [over, never, later] = [recordOf(1), recordOf(2), recordOf(3)]
    await one.commit([insertOf(over, 5), beginOf(over), endOf(over)], true)
    const again = (job: typeof over, number: number, last: number, taken: number) => ({
      ...insertOf(job, taken),
      sentBefore: [{ node: 'n1', number, last }],
    })
    t.same(await two.commit([again(over, 5, 6, 1)], true), ['duplicate'], 'it has ended there')
    t.same(await two.commit([again(never, 6, 6, 2)], true), ['ok'], 'it never came there')
    await one.commit([insertOf(recordOf(9), 8)], true)
    t.same(
      await two.commit([again(later, 7, 7, 3)], true),
      ['ok'],
      'what n1 has taken since says nothing of it',
    )
    t.equal(await two.taken('app', 'life'), 3)
    t.same(await one.commit([insertOf(recordOf(10), 9)], true), ['ok'], 'n1 is not held to be lost')
  })

  t.test('a name is one node: a second one waits for the lease, and is refused when it holds', async (t) => {
    const redis = await startRedis(t)
    const first = await opened(t, redis, 'n1')
    const error = await opened(t, redis, 'n1').catch((error) => error)
    t.match(error, { code: 'JR_STORE_LOCKED', message: /runs as node 'n1'/ })
    t.same(await first.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    const asleep = await opened(t, redis, 'n2', LONG_MS)
    await asleep.commit([insertOf(recordOf(2), 1)], true)
    await lapse(redis, 'n2')
    const second = await opened(t, redis, 'n2')
    await t.rejects(asleep.commit([insertOf(recordOf(3), 2)], true), { code: 'JR_LEASE_LOST' })
    t.equal((await second.counts()).waiting, 1)
    t.equal(await second.taken('app', 'life'), 1)
  })

  t.test('what a lost node has left: each piece goes to one other node', async (t) => {
    const redis = await startRedis(t)
    const lost = await opened(t, redis, 'n1', LONG_MS)
    const [two, three] = [await opened(t, redis, 'n2'), await opened(t, redis, 'n3')]
    const [waits, runs, done, kept] = [recordOf(1), recordOf(2), recordOf(3), recordOf(4)]
    await lost.commit([insertOf(waits, 1), insertOf(runs, 2), insertOf(done, 3), insertOf(kept, 4)], true)
    const pair = [recordOf(5), recordOf(6)]
    await lost.commit([...pair.map((job) => insertOf(job)), beginOf(pair[1] as JobRecord)], true)
    const told = outcomeOf(done, 2 ** 32 + 100)
    const keep = { job: kept, state: 'failed' as const, startedAt: 1, finishedAt: 2 }
    await lost.commit(
      [beginOf(runs), beginOf(done), endOf(done, told), beginOf(kept), { ...endOf(kept), keep }],
      true,
    )
    t.equal(await neighboursOf(two).left('n1', null), null, 'its lease holds')
    await lapse(redis, 'n1')
    // What belongs together is found by ids, and goes to one of those who want it, as a whole.
    const ids = [...pair, kept, { id: 'never' }].map(({ id }) => id)
    const found = await neighboursOf(two).find('n1', ids)
    t.same(found, {
      interrupted: pair.slice(1).map((job) => ({ job: begun(job), startedAt: 1000 })),
      waiting: pair.slice(0, 1),
    })
    t.same(await neighboursOf(three).find('n2', ids), { interrupted: [], waiting: [] })
    const together = (from: number): Change => {
      const changes = pair.map((job, i) => {
        const to = { ...job, seq: from + i }
        return { kind: 'move', from: job, running: i === 1, to, outcome: null, owner: 'n1' } as const
      })
      return { kind: 'together', changes }
    }
    const ofBoth = await Promise.all([two.commit([together(400)], true), three.commit([together(410)], true)])
    const refused = { is: 'refused', at: 0, answer: 'stale' }
    t.same(new Set(ofBoth.map(([answer]) => answer)), new Set(['ok', refused]))
    t.same((await Promise.all([two.counts(), three.counts()])).map(({ waiting }) => waiting).sort(), [0, 2])
    const winner = ofBoth[0]?.[0] === 'ok' ? two : three
    for (const [i, job] of pair.entries()) {
      const at = { ...job, seq: 400 + i + (winner === two ? 0 : 10) }
      t.same(await winner.commit([beginOf(at), endOf(at)], true), ['ok', 'ok'])
    }

    const left = await allLeft(two, 'n1')
    t.same(left, {
      interrupted: [{ job: begun(runs), startedAt: 1000 }],
      waiting: [waits],
      outcomes: [told],
    })
    await t.rejects(lost.commit([endOf(runs)], true), { code: 'JR_LEASE_LOST' }, 'it has only been asleep')
    const owner = 'n1'
    const changes = (seq: number) => [
      { kind: 'move', from: waits, running: false, to: { ...waits, seq }, outcome: null, owner } as const,
      {
        kind: 'move',
        from: runs,
        running: true,
        to: { ...runs, seq: seq + 1, attempt: 1 },
        outcome: null,
        owner,
      } as const,
      { kind: 'adopt', from: told, outcome: { ...told, seq: seq + 2 }, owner } as const,
    ]
    const both = await Promise.all([
      two.commit(changes(500) as never, true),
      three.commit(changes(600) as never, true),
    ])
    t.same(both.flat().sort(), ['ok', 'ok', 'ok', 'stale', 'stale', 'stale'])
    const counts = await Promise.all([two.counts(), three.counts()])
    t.same(counts.map(({ waiting, outcomes }) => waiting + outcomes).sort(), [0, 3])
    await neighboursOf(two).settle('n1')
    const again = await opened(t, redis, 'n1')
    t.match(await again.counts(), { waiting: 0, running: 0, failed: 0, outcomes: 0 })
    t.equal(await again.taken('app', 'life'), 4, 'its numbers are as they were')
    t.equal((await two.counts()).failed, 1, 'what is kept for people goes to the one who settles')
    t.equal((await two.load(kept.id))?.state, 'failed')
    await two.prune('failed', Date.now(), 0)
    t.same(await two.commit([insertOf(kept)], true), ['ok'])
  })

  t.test(
    'a node that lapsed and was not missed goes on; one that is lost is told of to the others',
    async (t) => {
      const redis = await startRedis(t)
      const one = await opened(t, redis, 'n1')
      const job = recordOf(1)
      await lapse(redis, 'n1')
      t.same(await one.commit([insertOf(job, 1)], true), ['ok'])
      const two = await opened(t, redis, 'n2')
      const lost = new Promise<readonly string[]>((resolve) =>
        neighboursOf(two).watch({ onLost: resolve, onFailure: (error) => t.fail(error.message) }),
      )
      await one.close()
      t.same(await lost, ['n1'])
      t.same((await allLeft(two, 'n1')).waiting, [job])
    },
  )
}
