import assert from 'node:assert/strict'
import { IMMEDIATE } from '../../job/lane.js'
import { begun } from '../../job/record.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  MANY,
  NODE,
  outcome,
  record,
  waitingIds,
} from './fixtures.js'

/** A store is opened, closed, and opened again. */
export const LIFE: Cases = {
  'a store that is not open refuses': async (make) => {
    const { store } = await make()
    await assert.rejects(async () => store.load('a'), { code: 'JR_STORE_CLOSED' })
    await store.open(NODE)
    await assert.rejects(async () => store.open(NODE))
    await store.close()
    await store.close()
    await assert.rejects(async () => store.commit([insert(record())], true), { code: 'JR_STORE_CLOSED' })
    await assert.rejects(async () => store.waiting(IMMEDIATE, null, 1, 1), { code: 'JR_STORE_CLOSED' })
  },

  'what was committed is there when it is opened again': async (make) => {
    const { store, reopen } = await make()
    const first = await store.open(NODE)
    const [waits, runs, over] = [
      record({ id: 'waits', seq: 1 }),
      record({ id: 'runs', seq: 2 }),
      record({ id: 'over', seq: 3 }),
    ]
    await commit(
      store,
      insert(waits, { number: 1 }),
      insert(runs, { number: 2 }),
      insert(over, { number: 3 }),
    )
    await commit(store, begin(runs, 1234), begin(over), end(over, true, outcome({ id: 'over' })))
    await store.close()
    if (reopen === null) return
    const again = reopen()
    const second = await again.open(NODE)
    try {
      assert.ok(second.epoch > first.epoch)
      assert.equal(second.id, first.id)
      assert.deepEqual(second.interrupted, [{ job: begun(runs), startedAt: 1234 }])
      assert.deepEqual(await waitingIds(again), ['waits'])
      assert.deepEqual(await again.outcomes('app', 0, 10, MANY), [outcome({ id: 'over' })])
      assert.equal(await again.taken('app', 'life'), 3)
      assert.deepEqual(await commit(again, begin(runs)), ['stale'], 'it is still where it was')
      assert.deepEqual(await commit(again, end(runs, true)), ['ok'])
      const { waiting, running, outcomes } = await again.counts()
      assert.deepEqual([waiting, running, outcomes], [1, 0, 1])
    } finally {
      await again.close()
    }
  },
}
