import t from 'tap'
import { type KnownStore, lostAbove } from '#dist/distributor/nodes/known-store.js'

const store = (id: string, accepted: number, alone = true): KnownStore => ({ id, accepted, alone })

t.test('what is lost when a node comes back', async (t) => {
  const cases: [string, KnownStore | null, KnownStore, number | null][] = [
    ['the first connection', null, store('a', 5), null],
    ['as it was', store('a', 5), store('a', 5), null],
    ['more than it had said', store('a', 5), store('a', 7), null],
    ['set back', store('a', 5), store('a', 3), 3],
    ['set back to before all of it', store('a', 5), store('a', 0), 0],
    ['another store', store('a', 5), store('b', 0), 0],
    ['another one, with numbers of its own', store('a', 5), store('b', 9), 0],
    ['another one, and nothing was accepted', store('a', 0), store('b', 0), null],
    ['a shared one that says less', store('a', 5, false), store('a', 3, false), null],
    ['another shared one', store('a', 5, false), store('b', 0, false), null],
    ['from a shared one to its own', store('a', 5, false), store('b', 0), null],
    ['from its own to a shared one', store('a', 5), store('b', 0, false), 0],
  ]
  for (const [name, before, now, above] of cases) t.equal(lostAbove(before, now), above, name)
})
