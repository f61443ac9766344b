import t from 'tap'
import { hasEmpty, roomFor, roomiest, type Taker } from '#dist/node/executors/children/room.js'

const LIMITS = { concurrency: 10, maxJobsPerChild: 0 }

function child(runs: number, more: Partial<Taker> & { alone?: boolean } = {}): Taker {
  const { alone = false, ...facts } = more
  const attempts = new Map(Array.from({ length: runs }, (_, token) => [token, { alone }]))
  return { usable: true, reads: true, deferred: false, begun: runs, attempts, ...facts }
}

t.test('how many more attempts a child may be given', async (t) => {
  const table: [string, Taker, number, maxJobsPerChild?: number][] = [
    ['an empty one', child(0), 10],
    ['one with three', child(3), 7],
    ['a full one', child(10), 0],
    ['one that is not ready, or retires', child(0, { usable: false }), 0],
    ['one that does not read what it was given', child(3, { reads: false }), 0],
    ['one that runs a suspect alone', child(1, { alone: true }), 0],
    ['one that is near its end', child(3, { begun: 95 }), 5, 100],
    ['one that is far from it', child(3, { begun: 20 }), 7, 100],
    ['one that has done its share', child(3, { begun: 100 }), 0, 100],
  ]
  for (const [what, one, room, maxJobsPerChild = 0] of table)
    t.equal(roomFor([one], false, { ...LIMITS, maxJobsPerChild }), room, what)
})

t.test('a deferred child is given one at a time', async (t) => {
  t.equal(roomFor([child(0, { deferred: true }), child(1, { deferred: true })], true, LIMITS), 1)
  t.equal(roomFor([child(0, { deferred: true }), child(0, { deferred: null })], false, LIMITS), 0)
})

t.test('the child with the most room is given it; a suspect only one that is empty', async (t) => {
  const full = child(10)
  const busy = child(4)
  const idle = child(1)
  const empty = child(0)
  const evented = { deferred: false, alone: false }
  t.equal(roomiest([full, busy, idle], evented, LIMITS), idle)
  t.equal(roomiest([full], evented, LIMITS), null)
  t.equal(
    roomiest([idle, child(0, { deferred: true })], { deferred: true, alone: false }, LIMITS)?.deferred,
    true,
  )
  t.equal(roomiest([busy, idle, empty], { deferred: false, alone: true }, LIMITS), empty)
  t.equal(roomiest([busy, idle], { deferred: false, alone: true }, LIMITS), null)
  t.equal(hasEmpty([busy, idle], false), false)
  t.equal(hasEmpty([busy, empty], false), true)
  t.equal(hasEmpty([busy, empty], true), false)
  t.equal(hasEmpty([busy, child(0, { reads: false })], false), false, 'it is given nothing until it reads')
})
