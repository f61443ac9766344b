import assert from 'node:assert/strict'
import { type Lane, laneFor, TIMED, TIMED_DEFERRED } from '../../job/lane.js'
import type { LaneHead } from '../contract.js'
import { begin, type Cases, commit, end, insert, MANY, record, using, waitingIds } from './fixtures.js'

/** The order in which waiting jobs come. */
export const ORDER: Cases = {
  'lanes that have waiting jobs come in order, each with its first job': (make) =>
    using(make, async (store) => {
      assert.deepEqual(await store.lanes(null, 10), [])
      const keyed = (priority: number, key: string) =>
        laneFor({ timed: true, deferred: false, priority, key })
      const lanes = [
        keyed(-7, ''),
        TIMED,
        keyed(0, 'a'),
        keyed(0, 'ab'),
        keyed(3, 'a'),
        keyed(2 ** 31 - 1, 'z'),
        TIMED_DEFERRED,
      ]
      let seq = 0
      for (const lane of [...lanes].reverse()) {
        for (const due of [30, 10 + seq, 20])
          await commit(store, insert(record({ id: `j${++seq}`, lane, due, seq })))
      }
      const gone = record({ id: 'gone', lane: keyed(1, 'gone'), due: 5, seq: 100 })
      const runs = record({ id: 'runs', lane: keyed(1, 'runs'), due: 5, seq: 101 })
      const first = record({ id: 'first', lane: keyed(0, 'ab'), due: 1, seq: 102 })
      await commit(
        store,
        insert(gone),
        insert(runs),
        insert(first),
        begin(runs),
        begin(first),
        end(gone, false),
      )
      const expected = lanes.map((lane, i) => ({ lane, due: Math.min(20, 10 + (lanes.length - 1 - i) * 3) }))
      assert.deepEqual(await store.lanes(null, 100), expected)
      const paged = []
      for (let after: Lane | null = null; ; ) {
        const page: readonly LaneHead[] = await store.lanes(after, 2)
        if (page.length === 0) break
        assert.ok(page.length <= 2, 'no more than were asked for')
        paged.push(...page)
        after = page.at(-1)?.lane ?? null
      }
      assert.deepEqual(paged, expected)
    }),

  'jobs of a lane come in order of due and seq, from anywhere': (make) =>
    using(make, async (store) => {
      const places = [
        [5, 3],
        [5, 1],
        [40, 2],
        [7, 4],
        [1_000_000, 5],
      ] as const
      await commit(
        store,
        ...places.map(([due, seq]) => insert(record({ id: `j${seq}`, lane: TIMED, due, seq }))),
      )
      await commit(store, insert(record({ id: 'elsewhere', seq: 9 })))
      const all = await store.waiting(TIMED, null, 10, MANY)
      assert.deepEqual(
        all.map(({ id }) => id),
        ['j1', 'j3', 'j4', 'j2', 'j5'],
      )
      const after = await store.waiting(TIMED, all[1] ?? null, 2, MANY)
      assert.deepEqual(
        after.map(({ id }) => id),
        ['j4', 'j2'],
      )
      assert.equal((await store.waiting(TIMED, null, 10, 1)).length, 1, 'at least one, however large')
      assert.deepEqual(await waitingIds(store), ['elsewhere'])
    }),
}
