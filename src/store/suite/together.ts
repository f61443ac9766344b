import assert from 'node:assert/strict'
import { IMMEDIATE, TIMED } from '../../job/lane.js'
import type { Single } from '../contract.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  keysOn,
  MANY,
  move,
  NODE,
  note,
  outcome,
  record,
  SHARED,
  taken,
  using,
  waitingIds,
} from './fixtures.js'

const together = (...changes: Single[]) => ({ kind: 'together', changes }) as const

/** Changes that are done together, or not at all. */
export const TOGETHER: Cases = {
  'changes together are all done, each after those before it': (make) =>
    using(make, async (store) => {
      const [a, b, c] = [record(), record({ id: 'b', seq: 2, lane: TIMED }), record({ id: 'c', seq: 3 })]
      const to = { ...b, due: 7000, seq: 4 }
      const kept = { job: c, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      const group = together(
        { ...insert(a, { number: 1 }), notes: [note('a', 'a')] },
        insert(b, { number: 2 }),
        { ...begin(a), notes: [note('a', null), note('a runs')] },
        move(b, false, to),
        insert(c, { ownId: true }),
        begin(c),
        end(c, true, outcome({ id: 'c' }), kept),
      )
      assert.deepEqual(await commit(store, group), ['ok'])
      assert.equal((await store.load('a'))?.state, 'running')
      assert.deepEqual(await store.waiting(TIMED, null, 10, MANY), [to])
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [outcome({ id: 'c' })])
      assert.deepEqual(await keysOn(store, SHARED), ['a runs'])
      assert.equal(await store.taken('app', 'life'), 2)
      const { waiting, running, failed, outcomes } = await store.counts()
      assert.deepEqual([waiting, running, failed, outcomes], [1, 1, 1, 1])
      // What has ended goes on as a new job.
      const again = record({ id: 'c', seq: 5 })
      const retry = together({ kind: 'remove', id: 'c' }, { ...insert(again), notes: [note('c')] })
      assert.deepEqual(await commit(store, retry), ['ok'])
      assert.equal((await store.load('c'))?.state, 'available')
      assert.equal((await store.counts()).failed, 0)
      assert.deepEqual(await commit(store, together()), ['ok'])
    }),

  'the first that can not be done is the answer, and none is done': (make) =>
    using(make, async (store) => {
      const [waits, runs, over] = [record(), record({ id: 'b', seq: 2 }), record({ id: 'c', seq: 3 })]
      const kept = { job: over, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      await commit(
        store,
        { ...insert(waits), notes: [note('waits', '1')] },
        insert(runs),
        begin(runs),
        insert(over),
        begin(over),
        { ...end(over, true, outcome({ id: 'c', seq: 50 }), kept), notes: [note('over', '2')] },
      )
      const stood = async () => [
        await store.load('a'),
        await store.load('b'),
        await store.load('c'),
        await store.load('new'),
        await store.counts(),
        await store.outcomes('app', 0, 10, MANY),
        await store.notes(SHARED, {}, 10),
        await store.lanes(null, 10),
        await waitingIds(store),
        await store.waiting(TIMED, null, 10, MANY),
      ]
      const before = await stood()
      const wanted = { ...note('waits', 'x'), unless: 'taken' } as const
      const fresh = record({ id: 'new', seq: 10 })
      const steps: Single[] = [
        { ...insert(fresh, { ownId: true }), notes: [note('new'), note('waits', '3')] },
        { ...begin(waits), notes: [note('begun')] },
        move(runs, true, { ...runs, lane: TIMED, due: 9000, seq: 11 }, outcome({ seq: 51 })),
        { kind: 'acknowledge', distributor: 'app', seqs: [50, 51] },
        { kind: 'remove', id: 'c' },
        begin(fresh),
        end(fresh, true, outcome({ seq: 52, id: 'new' }), { ...kept, job: fresh }),
      ]
      const last: (readonly [Single, unknown])[] = [
        [begin(waits), 'stale'],
        [end(runs, true), 'stale'],
        [{ kind: 'remove', id: 'c' }, 'stale'],
        [insert(record({ id: 'b', seq: 12 }), { ownId: true }), 'duplicate'],
        [
          { kind: 'note', notes: [wanted] },
          { ...taken(wanted), value: Buffer.from('3') },
        ],
      ]
      for (const [change, answer] of last) {
        assert.deepEqual(await commit(store, together(...steps, change)), [
          { is: 'refused', at: steps.length, answer },
        ])
        assert.deepEqual(await stood(), before, String(change.kind))
      }
      assert.deepEqual(await commit(store, together(begin(runs), ...steps)), [
        { is: 'refused', at: 0, answer: 'stale' },
      ])
      const numbered = together(insert(fresh, { number: 9 }), begin(runs))
      // What stands beside it in a group is done, and finds what is there.
      assert.deepEqual(
        await commit(store, begin(waits), numbered, begin(waits), begin(fresh), end(runs, true)),
        ['ok', { is: 'refused', at: 1, answer: 'stale' }, 'stale', 'stale', 'ok'],
      )
      assert.equal(await store.taken('app', 'life'), 9, 'numbers of those that are refused count')
    }),

  'notes that are freed and taken together': (make) =>
    using(make, async (store) => {
      const [first, second] = [record(), record({ id: 'b', seq: 2 })]
      const wanted = (value: string) => ({ ...note('key', value), unless: 'taken' }) as const
      const kept = { job: first, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      await commit(store, { ...insert(first), notes: [wanted('a')] }, begin(first))
      const gone = { ...end(first, true), notes: [note('key', null)] }
      const come = { ...insert(second), notes: [wanted('b')] }
      assert.deepEqual(await commit(store, together(come, gone)), [
        { is: 'refused', at: 0, answer: taken(wanted('a')) },
      ])
      assert.deepEqual(await commit(store, together(gone, come)), ['ok'])
      assert.deepEqual(await store.notes(SHARED, {}, 10), [{ key: 'key', value: Buffer.from('b') }])
      // Also those that go with an ended job.
      const third = record({ id: 'c', seq: 3 })
      await commit(store, {
        ...end(second, false, null, { ...kept, job: second }),
        notes: [note('key', 'c')],
      })
      const removed = together({ kind: 'remove', id: 'b' }, { ...insert(third), notes: [wanted('d')] })
      assert.deepEqual(await commit(store, removed), ['ok'])
      assert.deepEqual(await store.notes(SHARED, {}, 10), [{ key: 'key', value: Buffer.from('d') }])
    }),

  'what was done together is there when it is opened again, all of it': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const jobs = Array.from({ length: 3000 }, (_, i) =>
      record({ id: `j${i}`, seq: i + 1, lane: i % 2 === 0 ? IMMEDIATE : TIMED }),
    )
    const inserts = jobs.map((job) => ({ ...insert(job), notes: [note(`of ${job.id}`)] }))
    assert.deepEqual(await commit(store, together(...inserts)), ['ok'])
    assert.deepEqual(
      await commit(
        store,
        together(...inserts.map(({ job }) => insert({ ...job, seq: job.seq + 5000 }, { ownId: true }))),
      ),
      [{ is: 'refused', at: 0, answer: 'duplicate' }],
    )
    await store.close()
    if (reopen === null) return
    await using(
      async () => ({ store: reopen(), reopen }),
      async (again) => {
        assert.equal((await again.counts()).waiting, jobs.length)
        assert.equal(await again.countNotes(SHARED, { prefix: 'of ' }), jobs.length)
      },
    )
  },
}
