import assert from 'node:assert/strict'
import { FRESH } from '../../job/course.js'
import { TIMED } from '../../job/lane.js'
import { agree } from '../../job/terms/agreed.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  MANY,
  move,
  NODE,
  outcome,
  record,
  using,
  waitingIds,
} from './fixtures.js'

const ERROR = { name: 'Error', message: 'no', code: 'E_NO', stack: 'at a\nat b' }
const PAST = [{ number: 1, node: NODE, child: 7, startedAt: 8, finishedAt: 9, error: ERROR }]

/** Attempts begin, and jobs move. */
export const ATTEMPTS: Cases = {
  'a running job does not wait, and does not begin again': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      assert.deepEqual(await commit(store, begin(job)), ['ok'])
      assert.deepEqual(await waitingIds(store), [])
      assert.deepEqual(await commit(store, begin(job)), ['stale'])
      const stored = await store.load('a')
      assert.equal(stored?.state, 'running')
      assert.equal(stored?.job.course.attempt, 1)
    }),

  'what is gone, or never was, does not begin': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const [over, moved, never] = [record(), record({ id: 'b', seq: 2 }), record({ id: 'c', seq: 3 })]
    const to = record({ id: 'b', lane: TIMED, due: 5000, seq: 4 })
    await commit(store, insert(over), insert(moved), begin(over), begin(moved))
    await commit(store, end(over, true), move(moved, true, to))
    const begins = [over, moved, never].map((job) => begin(job))
    const stale = ['stale', 'stale', 'stale']
    assert.deepEqual(await commit(store, ...begins), stale)
    const { waiting, running } = await store.counts()
    assert.deepEqual([waiting, running], [1, 0])
    await store.close()
    if (reopen === null) return
    await using(
      async () => ({ store: reopen(), reopen }),
      async (again) => {
        assert.deepEqual(await commit(again, ...begins), stale)
        assert.deepEqual(await commit(again, begin(to)), ['ok'])
      },
    )
  },

  'a job moves: its old place is empty, its new one has it': (make) =>
    using(make, async (store) => {
      const job = record()
      const later = record({
        lane: TIMED,
        due: 5000,
        seq: 2,
        course: { ...FRESH, attempt: 1, attempts: PAST },
      })
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, move(job, true, later)), ['ok'])
      assert.deepEqual(await waitingIds(store), [])
      assert.deepEqual(await store.waiting(TIMED, null, 10, MANY), [later])
      assert.deepEqual(await commit(store, move(job, true, later)), ['stale'])
      assert.deepEqual(await commit(store, move(later, false, record({ lane: TIMED, due: 1, seq: 3 }))), [
        'ok',
      ])
      assert.deepEqual(await commit(store, move(later, false, job)), ['stale'])
    }),

  'a schedule goes on: outcome and next place in one step': (make) =>
    using(make, async (store) => {
      const agreed = agree({ period: '50ms' }, [])
      const job = record({ agreed })
      const course = { ...FRESH, firstDue: 1000, slot: 1 }
      const next = record({ agreed, lane: TIMED, due: 1050, seq: 2, course })
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, move(job, true, next, outcome({ more: true }))), ['ok'])
      assert.equal((await store.outcomes('app', 0, 10, MANY))[0]?.more, true)
      assert.deepEqual(await store.waiting(TIMED, null, 10, MANY), [next])
    }),

  'a waiting job can be ended; then it does not begin': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      assert.deepEqual(await commit(store, end(job, true)), ['stale'], 'it does not run')
      assert.deepEqual(await commit(store, end(job, false)), ['ok'])
      assert.deepEqual(await commit(store, begin(job)), ['stale'])
      assert.deepEqual(await commit(store, end(job, false)), ['stale'])
    }),
}
