import assert from 'node:assert/strict'
import { timeBytes } from '../notes.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  keysOn,
  note,
  OWN,
  record,
  SHARED,
  taken,
  using,
} from './fixtures.js'

/** Changes that are not done where a note is there already. */
export const TAKEN: Cases = {
  'unless taken: the change is not done, and is answered with what is there': (make) =>
    using(make, async (store) => {
      for (const shelf of [SHARED, OWN]) {
        const start = shelf.own ? 100 : 1
        const job = record({ id: `of ${shelf.name}`, seq: start })
        const wanted = { ...note('key', job.id, shelf), unless: 'taken' } as const
        const other = record({ id: `not ${shelf.name}`, seq: start + 1 })
        const there = taken(wanted)
        const notes = [note('more', '', shelf), wanted]
        assert.deepEqual(
          await commit(store, { ...insert(job, { number: start }), notes }, { ...insert(other), notes }),
          ['ok', there],
        )
        assert.deepEqual(await commit(store, { ...insert(other, { number: start + 1 }), notes }), [there])
        assert.equal(await store.load(other.id), null)
        assert.equal(await store.taken('app', 'life'), start + 1, 'its number counts')
        const { waiting } = await store.counts()
        assert.deepEqual(await commit(store, { ...begin(job), notes }, { ...end(job, false), notes }), [
          there,
          there,
        ])
        assert.equal((await store.load(job.id))?.state, 'available')
        assert.equal((await store.counts()).waiting, waiting)
        assert.deepEqual(
          await commit(store, { ...begin(other), notes }),
          ['stale'],
          'what else is wrong comes first',
        )
        const twice = { ...insert({ ...job, seq: start + 2 }, { ownId: true }), notes }
        assert.deepEqual(await commit(store, twice), ['duplicate'])
        const free = { ...end(job, false), notes: [note('key', null, shelf), note('more', null, shelf)] }
        assert.deepEqual(await commit(store, free, { ...insert(other), notes }), ['ok', 'ok'])
        assert.deepEqual(await keysOn(store, shelf), ['key', 'more'])
        // Looked at before anything of the change is done, its own notes too.
        const same = { kind: 'note', notes: [note('key', null, shelf), wanted] } as const
        assert.deepEqual(await commit(store, same), [taken(wanted)])
        const both = { ...wanted, key: 'new' }
        assert.deepEqual(await commit(store, { kind: 'note', notes: [both, both] }), ['ok'])
        const second = { ...wanted, key: 'newer' }
        const notFirst = { kind: 'note', notes: [second, { ...both, value: Buffer.from('x') }] } as const
        assert.deepEqual(await commit(store, notFirst), [taken(both)])
        assert.deepEqual(await keysOn(store, shelf), ['key', 'more', 'new'])
      }
    }),

  'unless taken, at a time: what is over by then is not in the way': (make) =>
    using(make, async (store) => {
      for (const shelf of [SHARED, OWN]) {
        const until = (ms: number, who: string) => Buffer.concat([timeBytes(ms), Buffer.from(who)])
        const put = (value: Buffer | null, at: number) =>
          ({ kind: 'note', notes: [{ shelf, key: 'key', value, unless: 'taken', at }] }) as const
        const [first, second] = [until(2000, 'first'), until(Number.POSITIVE_INFINITY, 'second')]
        const there = (value: Buffer) => ({ is: 'taken', shelf, key: 'key', value })
        assert.deepEqual(await commit(store, put(first, 1000), put(second, 1999)), ['ok', there(first)])
        assert.deepEqual(await commit(store, put(null, 1999.5)), [there(first)])
        assert.deepEqual(await commit(store, put(second, 2000), put(first, 2 ** 50)), ['ok', there(second)])
        const job = record({ id: `of ${shelf.name}`, seq: shelf.own ? 2 : 1 })
        assert.deepEqual(await commit(store, { ...insert(job), notes: put(first, 9999).notes }), [
          there(second),
        ])
        assert.equal(await store.load(job.id), null)
        await commit(store, { kind: 'note', notes: [{ shelf, key: 'key', value: first }] })
        assert.deepEqual(await commit(store, put(null, 2001)), ['ok'])
        assert.deepEqual(await keysOn(store, shelf), [])
        // Too short for a time: it does not end.
        await commit(store, { kind: 'note', notes: [note('key', 'short', shelf)] })
        assert.deepEqual(await commit(store, put(first, 9999)), [there(Buffer.from('short'))])
      }
    }),
}
