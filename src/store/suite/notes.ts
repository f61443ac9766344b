import assert from 'node:assert/strict'
import { TIMED } from '../../job/lane.js'
import type { NoteRange, Store, StoredNote } from '../contract.js'
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
  OWN,
  record,
  SHARED,
  taken,
  using,
} from './fixtures.js'

const alone = (...notes: ReturnType<typeof note>[]) => ({ kind: 'note', notes }) as const

/** Notes: written with their changes, and found in order. */
export const NOTES: Cases = {
  'notes come and go with the changes of their job': (make) =>
    using(make, async (store) => {
      for (const [shelf, lane, id] of [
        [SHARED, undefined, 'a'],
        [OWN, undefined, 'b'],
        [OWN, TIMED, 'c'],
      ] as const) {
        const job = record({ id, lane: lane ?? record().lane, seq: id.charCodeAt(0) })
        const to = { ...job, lane: TIMED, due: 5000, seq: job.seq + 1000 }
        const is = async (expected: string[]) => assert.deepEqual(await keysOn(store, shelf), expected)
        await commit(store, { ...insert(job), notes: [note('waits', '1', shelf), note('key', 'a', shelf)] })
        await is(['key', 'waits'])
        await commit(store, { ...begin(job), notes: [note('waits', null, shelf), note('runs', '', shelf)] })
        await is(['key', 'runs'])
        const again = [note('runs', null, shelf), note('waits', '2', shelf)]
        await commit(store, { ...move(job, true, to), notes: again })
        assert.deepEqual(await store.notes(shelf, {}, 10), [
          { key: 'key', value: Buffer.from('a') },
          { key: 'waits', value: Buffer.from('2') },
        ])
        const gone = [note('waits', null, shelf), note('key', null, shelf), note('never', null, shelf)]
        await commit(store, { ...end(to, false), notes: gone })
        await is([])
      }
      // All of it in one group.
      const job = record({ id: 'd', seq: 9 })
      await commit(
        store,
        { ...insert(job), notes: [note('waits')] },
        { ...begin(job), notes: [note('waits', null), note('runs')] },
        { ...end(job, true), notes: [note('runs', null), note('over')] },
      )
      assert.deepEqual(await keysOn(store, SHARED), ['over'])
    }),

  'notes alone are a change, and later ones of a key count': (make) =>
    using(make, async (store) => {
      await commit(store, alone(note('a', '1'), note('b', '1'), note('a', '2'), note('b', null)))
      assert.deepEqual(await store.notes(SHARED, {}, 10), [{ key: 'a', value: Buffer.from('2') }])
      await commit(store, alone(note('a', '')), alone(note('c', '3')), alone(note('c', null)))
      assert.deepEqual(await store.notes(SHARED, {}, 10), [{ key: 'a', value: Buffer.alloc(0) }])
      assert.deepEqual(await store.notes(OWN, {}, 10), [])
    }),

  'notes come in the order of the bytes of their keys, from anywhere, a page at a time': (make) =>
    using(make, async (store) => {
      const keys = ['a', 'a\0', 'a\0b', 'aa', 'ab', 'b', 'ž', '\ufffd', '🐎', '🐎a', '\u{10ffff}']
      for (const key of [...keys].reverse()) await commit(store, alone(note(key, key)))
      await commit(store, alone(note('z', 'elsewhere', OWN)))
      const found = async (range: NoteRange, limit = 100) =>
        (await store.notes(SHARED, range, limit)).map(({ key }) => key)
      const expect = async (range: NoteRange, expected: readonly string[]) => {
        assert.deepEqual(await found(range), expected)
        assert.equal(await store.countNotes(SHARED, range), expected.length)
      }
      await expect({}, keys)
      await expect({ prefix: 'a' }, ['a', 'a\0', 'a\0b', 'aa', 'ab'])
      await expect({ prefix: 'a\0' }, ['a\0', 'a\0b'])
      await expect({ prefix: '🐎' }, ['🐎', '🐎a'])
      await expect({ prefix: 'a', after: 'a\0b' }, ['aa', 'ab'])
      await expect({ prefix: 'b', after: 'a' }, ['b'])
      await expect({ prefix: 'a', after: 'b' }, [])
      await expect({ after: 'ab', before: '🐎' }, ['b', 'ž', '\ufffd'])
      await expect({ prefix: 'a', before: 'aa' }, ['a', 'a\0', 'a\0b'])
      assert.deepEqual(await found({ after: null }, 3), keys.slice(0, 3))
      const paged: StoredNote[] = []
      for (let after: string | null = null; ; ) {
        const page: StoredNote[] = await store.notes(SHARED, { after }, 4)
        if (page.length === 0) break
        paged.push(...page)
        after = page.at(-1)?.key ?? null
      }
      assert.deepEqual(
        paged,
        keys.map((key) => ({ key, value: Buffer.from(key) })),
      )
    }),

  'many notes, and large ones': (make) =>
    using(make, async (store) => {
      const keys = Array.from({ length: 12_000 }, (_, i) => `k${String(i * 7919).padStart(9, '0')}`)
      for (let at = 0; at < keys.length; at += 1000)
        await commit(store, alone(...keys.slice(at, at + 1000).map((key) => note(key, key, OWN))))
      assert.equal(await store.countNotes(OWN, {}), keys.length)
      assert.deepEqual(
        (await store.notes(OWN, { after: keys[5000] }, 700)).map(({ key }) => key),
        keys.slice(5001, 5701),
      )
      const value = Buffer.alloc(1024 * 1024, 'x')
      for (let i = 0; i < 6; i++)
        await commit(store, { kind: 'note', notes: [{ shelf: SHARED, key: `l${i}`, value }] })
      const page = await store.notes(SHARED, {}, 10)
      assert.ok(page.length >= 1 && page.length <= 5, 'no more than about 4 MiB')
      assert.ok(page[0]?.value.equals(value))
      assert.equal(await store.countNotes(SHARED, {}), 6)
    }),

  'what is not done leaves no note': (make) =>
    using(make, async (store) => {
      const job = record()
      const notes = [note('left')]
      await commit(store, insert(job, { ownId: true }))
      const changes = [
        { ...insert(record({ seq: 2 }), { ownId: true }), notes },
        { ...begin(record({ seq: 3 })), notes },
        { ...end(job, true), notes },
        { ...move(job, true, record({ seq: 4 })), notes },
        { kind: 'remove', id: 'a', notes },
      ] as const
      assert.deepEqual(await commit(store, ...changes), ['duplicate', 'stale', 'stale', 'stale', 'stale'])
      assert.deepEqual(await keysOn(store, SHARED), [])
    }),

  'notes of the end of a job that is kept go when it goes': (make) =>
    using(make, async (store) => {
      let seq = 0
      const keep = (id: string, finishedAt: number) => {
        const job = record({ id, seq: ++seq })
        const kept = { job, state: 'failed', startedAt: 1, finishedAt } as const
        const notes = [note(`${id} waits`)]
        const ended = [note(`${id} waits`, null), note(`${id} failed`), note(`${id} failed`, 'own', OWN)]
        return [
          { ...insert(job, { ownId: true }), notes },
          { ...begin(job), notes: [] },
          { ...end(job, true, null, kept), notes: ended },
        ]
      }
      const left = async () => {
        const keys = await keysOn(store, SHARED)
        assert.deepEqual(await keysOn(store, OWN), keys)
        return keys.map((key) => key.split(' ')[0])
      }
      for (const [i, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await commit(store, ...keep(id, 10 + i))
      assert.deepEqual(await left(), ['a', 'b', 'c', 'd', 'e'])
      assert.equal(await store.prune('failed', 11, 100), 1)
      assert.equal(await store.prune('failed', 0, 3), 1)
      assert.deepEqual(await left(), ['c', 'd', 'e'])
      await commit(store, { kind: 'remove', id: 'c' })
      assert.deepEqual(await left(), ['d', 'e'])
      await commit(store, insert(record({ id: 'd', seq: ++seq }), { ownId: true }))
      assert.deepEqual(await left(), ['e'])
      // In one group; and what has been written anew since goes as well.
      await commit(store, ...keep('f', 20), { kind: 'remove', id: 'f' })
      await commit(store, ...keep('g', 21), ...keep('g', 22))
      await commit(store, alone(note('e failed', 'anew')))
      assert.deepEqual(await left(), ['e', 'g'])
      await commit(store, { kind: 'remove', id: 'e' }, { kind: 'remove', id: 'g' })
      assert.deepEqual(await left(), [])
    }),

  'notes are there when it is opened again': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const [job, later] = [record(), record({ id: 'b', lane: TIMED, seq: 2 })]
    await commit(store, { ...insert(job), notes: [note('young', '1'), note('gone'), note('own', '2', OWN)] })
    await commit(store, { ...insert(later), notes: [note('row', '3'), note('row gone')] })
    await commit(store, { ...begin(later), notes: [note('row gone', null), note('row', '4')] })
    await commit(store, alone(note('gone', null)))
    const all = async (one: Store) => [await one.notes(SHARED, {}, MANY), await one.notes(OWN, {}, MANY)]
    const before = await all(store)
    assert.deepEqual(before, [
      [
        { key: 'row', value: Buffer.from('4') },
        { key: 'young', value: Buffer.from('1') },
      ],
      [{ key: 'own', value: Buffer.from('2') }],
    ])
    await store.close()
    if (reopen === null) return
    await using(
      async () => ({ store: reopen(), reopen }),
      async (again) => {
        assert.deepEqual(await all(again), before)
        const wanted = { ...note('row', 'x'), unless: 'taken' } as const
        assert.deepEqual(await commit(again, alone(wanted)), [{ ...taken(wanted), value: Buffer.from('4') }])
      },
    )
  },
}
