import assert from 'node:assert/strict'
import { begin, type Cases, commit, end, insert, MANY, outcome, record, using } from './fixtures.js'

/** Outcomes are there until they are acknowledged. */
export const OUTCOMES: Cases = {
  'a job that ends is gone, and its outcome is there, in one step': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      await commit(store, begin(job), end(job, true, outcome()))
      assert.equal(await store.load('a'), null)
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [outcome()])
      assert.deepEqual(await commit(store, end(job, true, outcome({ seq: 101 }))), ['stale'])
      assert.equal(
        (await store.outcomes('app', 0, 10, MANY)).length,
        1,
        'what is stale leaves nothing behind',
      )
    }),

  'outcomes come by seq, from anywhere, until they are acknowledged': (make) =>
    using(make, async (store) => {
      for (let seq = 1; seq <= 5; seq++) {
        const job = record({ id: `j${seq}`, seq })
        await commit(store, insert(job), begin(job), end(job, true, outcome({ id: job.id, seq: seq * 10 })))
      }
      const seqs = async (after: number, limit: number, maxBytes = MANY) =>
        (await store.outcomes('app', after, limit, maxBytes)).map(({ seq }) => seq)
      assert.deepEqual(await seqs(0, 3), [10, 20, 30])
      assert.deepEqual(await seqs(0, 10, 1), [10], 'one in any case, and then no more than so many bytes')
      assert.deepEqual(await seqs(20, 10), [30, 40, 50])
      assert.deepEqual(await store.outcomes('ap', 0, 10, MANY), [])
      await commit(store, { kind: 'acknowledge', distributor: 'app', seqs: [10, 30] })
      await commit(store, { kind: 'acknowledge', distributor: 'app', seqs: [10] })
      await commit(store, { kind: 'acknowledge', distributor: 'other', seqs: [20] })
      assert.deepEqual(await seqs(0, 10), [20, 40, 50])
      assert.equal((await store.counts()).outcomes, 3, 'what is not there does not count')
    }),
}
