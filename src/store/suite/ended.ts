import assert from 'node:assert/strict'
import type { Change, Store } from '../contract.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  keysOn,
  MANY,
  NODE,
  note,
  record,
  SHARED,
  using,
} from './fixtures.js'

/** Jobs that have ended and are kept. */
export const ENDED: Cases = {
  'ended jobs are kept, listed by state, and pruned by age and number': (make) =>
    using(make, async (store) => {
      for (let i = 1; i <= 6; i++) {
        const job = record({ id: `j${i}`, seq: i, name: i % 2 ? 'odd' : 'even' })
        const state = i <= 5 ? 'failed' : 'completed'
        await commit(
          store,
          insert(job),
          begin(job),
          end(job, true, null, { job, state, startedAt: i, finishedAt: i * 10 }),
        )
      }
      await commit(store, insert(record({ id: 'live', seq: 99 })))
      const ids = async (query: object) =>
        (await store.list({ limit: 100, ...query })).jobs.map(({ job }) => job.id).sort()
      assert.deepEqual(await ids({ state: ['failed'] }), ['j1', 'j2', 'j3', 'j4', 'j5'])
      assert.deepEqual(await ids({ state: ['failed'], name: ['odd'] }), ['j1', 'j3', 'j5'])
      assert.deepEqual(await ids({ finishedAfter: 20, finishedBefore: 40 }), ['j2', 'j3'])
      assert.deepEqual(await ids({}), ['j1', 'j2', 'j3', 'j4', 'j5', 'j6', 'live'])
      const counts = await store.counts()
      assert.deepEqual([counts.failed, counts.completed, counts.waiting], [5, 1, 1])
      assert.equal(await store.prune('failed', 20, 100), 1)
      assert.equal(await store.prune('failed', 0, 2), 2)
      assert.deepEqual(await ids({ state: ['failed'] }), ['j4', 'j5'])
      assert.equal((await store.load('j4'))?.state, 'failed')
      assert.equal((await store.load('j4'))?.finishedAt, 40)
      assert.equal(await store.load('j1'), null)
    }),

  'a completed job whose result is kept is one of those, and is pruned by its time alone': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const kept = (id: string, seq: number, until: number | null): Change[] => {
      const job = record({ id, seq })
      const ended = { job, state: 'completed', startedAt: 1, finishedAt: 20 } as const
      const result = { until: until ?? 0, args: Buffer.from(`result of ${id}`) }
      const keep = until === null ? ended : { ...ended, result }
      return [insert(job, { ownId: true }), begin(job), { ...end(job, true, null, keep), notes: [note(id)] }]
    }
    const there = async (open: Store) => {
      const { jobs } = await open.list({ state: ['completed'], limit: 100 })
      const ids = jobs.map(({ job }) => job.id).sort()
      assert.equal((await open.counts()).completed, ids.length)
      assert.deepEqual(await keysOn(open, SHARED), ids)
      return ids
    }
    await commit(store, ...kept('a', 1, null), ...kept('b', 2, 50), ...kept('c', 3, 40))
    assert.deepEqual(await there(store), ['a', 'b', 'c'])
    assert.equal(await store.prune('completed', 100, 0), 1)
    assert.deepEqual(await there(store), ['b', 'c'])
    assert.equal(await store.prune('result', 50, MANY), 1)
    assert.deepEqual(await there(store), ['b'])
    const stored = await store.load('b')
    assert.deepEqual(
      [stored?.finishedAt, stored?.result],
      [20, { until: 50, args: Buffer.from('result of b') }],
    )
    await store.close()
    if (reopen === null) return
    const again = reopen()
    await again.open(NODE)
    assert.deepEqual(await there(again), ['b'])
    await commit(again, insert(record({ id: 'b', seq: 9 }), { ownId: true }))
    assert.deepEqual(await there(again), [])
    await again.close()
  },

  'a job may be kept and forgotten in one group': (make) =>
    using(make, async (store) => {
      const job = record()
      const kept = { job, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      const forget: Change = { kind: 'remove', id: 'a' }
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, forget, end(job, true, null, kept), forget, forget), [
        'stale',
        'ok',
        'ok',
        'stale',
      ])
      assert.equal(await store.load('a'), null)
      assert.equal((await store.counts()).failed, 0)
    }),

  'what is pruned and forgotten at once is counted once': (make) =>
    using(make, async (store) => {
      const jobs = Array.from({ length: 40 }, (_, i) => record({ id: `j${i}`, seq: i + 1 }))
      for (const job of jobs) {
        const kept = { job, state: 'failed', startedAt: 1, finishedAt: 2 } as const
        await commit(store, insert(job), begin(job), end(job, true, null, kept))
      }
      const forget = jobs.map(({ id }): Change => ({ kind: 'remove', id }))
      const [pruned, answers] = await Promise.all([store.prune('failed', 3, MANY), commit(store, ...forget)])
      assert.equal(pruned + answers.filter((answer) => answer === 'ok').length, jobs.length)
      assert.equal((await store.counts()).failed, 0)
      assert.deepEqual((await store.list({ limit: 100 })).jobs, [])
    }),
}
