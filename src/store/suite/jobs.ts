import assert from 'node:assert/strict'
import { IMMEDIATE } from '../../job/lane.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  MANY,
  outcome,
  record,
  using,
  waitingIds,
} from './fixtures.js'

/** Jobs come: as they were sent, one of an id, with the numbers that were taken. */
export const JOBS: Cases = {
  'a job is kept as it came': (make) =>
    using(make, async (store) => {
      const job = record({ args: Buffer.from([0, 255, 128]) })
      assert.deepEqual(await commit(store, insert(job)), ['ok'])
      assert.deepEqual(await store.waiting(IMMEDIATE, null, 10, MANY), [job])
      const stored = await store.load('a')
      assert.deepEqual(stored?.job, job)
      assert.equal(stored?.state, 'available')
      assert.equal(await store.load('b'), null)
    }),

  'what else is on a change is the affair of the node': (make) =>
    using(make, async (store) => {
      const job = record()
      const extra = { origin: { stored: () => {} }, report: outcome(), done: () => {} }
      const changes = [insert(job), begin(job), end(job, true)].map((change) => ({ ...change, ...extra }))
      assert.deepEqual(await commit(store, ...changes), ['ok', 'ok', 'ok'])
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [])
    }),

  'any text will do as id and name': (make) =>
    using(make, async (store) => {
      const texts = [
        'a',
        'a\0',
        'a\0b',
        'ab',
        '~',
        'quote\'"',
        'ž🐎',
        ' ',
        '\\',
        '%00',
        '__proto__',
        'x'.repeat(256),
      ]
      const jobs = texts.map((text, i) =>
        record({ id: text, name: text, distributor: text, instance: text, seq: i + 1 }),
      )
      await commit(store, ...jobs.map((job, i) => insert(job, { ownId: true, number: i + 1 })))
      for (const [i, job] of jobs.entries()) {
        assert.deepEqual((await store.load(job.id))?.job, job)
        assert.equal(await store.taken(job.distributor, job.instance), i + 1)
      }
      const ends = jobs.flatMap((job) => [
        begin(job),
        end(job, true, outcome({ id: job.id, distributor: job.distributor })),
      ])
      await commit(store, ...ends)
      for (const job of jobs) assert.equal((await store.outcomes(job.distributor, 0, 10, MANY)).length, 1)
    }),

  'large args, and many changes at once': (make) =>
    using(make, async (store) => {
      const args = Buffer.alloc(1024 * 1024, 'x')
      await commit(store, insert(record({ id: 'large', args })))
      assert.ok((await store.load('large'))?.job.args.equals(args))
      const jobs = Array.from({ length: 10_000 }, (_, i) => record({ id: `j${i}`, seq: i + 2 }))
      await commit(store, ...jobs.map((job) => insert(job)))
      assert.equal((await store.waiting(IMMEDIATE, null, MANY, MANY)).length, 10_001)
      await commit(store, ...jobs.flatMap((job) => [begin(job), end(job, true)]))
      assert.deepEqual(await waitingIds(store), ['large'])
      assert.equal((await store.counts()).waiting, 1)
    }),

  'an own id is one job as long as it waits or runs': (make) =>
    using(make, async (store) => {
      const job = record()
      const again = insert(record({ seq: 2 }), { ownId: true })
      assert.deepEqual(await commit(store, insert(job, { ownId: true }), again), ['ok', 'duplicate'])
      assert.deepEqual(await commit(store, again), ['duplicate'])
      await commit(store, begin(job))
      assert.deepEqual(await commit(store, again), ['duplicate'])
      await commit(store, end(job, true))
      assert.deepEqual(await commit(store, again), ['ok'])
    }),

  'a job that has ended and is kept makes way for a new one of its id; its outcome stays': (make) =>
    using(make, async (store) => {
      const first = record({ edition: 7 })
      const kept = { job: first, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      const told = outcome({ edition: 7, state: 'failed' })
      await commit(store, insert(first, { ownId: true }), begin(first), end(first, true, told, kept))
      assert.equal((await store.counts()).failed, 1)
      const second = record({ edition: 8, seq: 2 })
      assert.deepEqual(await commit(store, insert(second, { ownId: true })), ['ok'])
      assert.deepEqual((await store.load('a'))?.job, second)
      assert.equal((await store.load('a'))?.state, 'available')
      const { failed, waiting, outcomes } = await store.counts()
      assert.deepEqual([failed, waiting, outcomes], [0, 1, 1])
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [told])
      assert.deepEqual((await store.list({ state: ['failed'], limit: 10 })).jobs, [])
      assert.equal(await store.prune('failed', MANY, 0), 0)
      assert.deepEqual(await commit(store, { kind: 'remove', id: 'a' }), ['stale'])
      assert.deepEqual(await waitingIds(store), ['a'])
      // All of it in one group.
      const third = record({ edition: 9, seq: 3 })
      const again = { ...kept, job: second }
      const changes = [begin(second), end(second, true, null, again), insert(third, { ownId: true })]
      assert.deepEqual(await commit(store, ...changes), ['ok', 'ok', 'ok'])
      assert.deepEqual((await store.load('a'))?.job, third)
      assert.equal((await store.counts()).failed, 0)
    }),

  'numbers taken are remembered for each life of each distributor, with duplicates': (make) =>
    using(make, async (store) => {
      assert.equal(await store.taken('app', 'life'), 0)
      await commit(store, insert(record(), { number: 7, ownId: true }))
      assert.equal(await store.taken('app', 'life'), 7)
      await commit(store, insert(record({ seq: 2 }), { number: 8, ownId: true }))
      assert.equal(await store.taken('app', 'life'), 8, 'a duplicate is taken too')
      await commit(store, insert(record({ id: 'b', seq: 3 }), { number: 5 }))
      assert.equal(await store.taken('app', 'life'), 8, 'never lowered')
      assert.equal(await store.taken('app', 'life 2'), 0)
      assert.equal(await store.taken('app\0life', ''), 0)
    }),
}
