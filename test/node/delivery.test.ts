import t from 'tap'
import { Delivery } from '#dist/node/report/delivery.js'
import { bytesOfOutcome } from '#dist/src/job/outcome.js'
import type { Outcome } from '#dist/src/job/record.js'
import { firstOf } from '#dist/src/store/first-of.js'
import { WINDOWS } from '#dist/src/window.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { outcome } from './records.js'

const LARGE = 1024 * 1024
const { count: MOST, bytes: MOST_BYTES } = WINDOWS.outcomes

/** A delivery with a store of its own, a connection that takes everything, and a clock that waits to be told. */
function delivery(stored: Outcome[] = []) {
  const sent: Outcome[] = []
  const reads: number[] = []
  const clock = new StoppedClock()
  const acknowledged: number[] = []
  const state = { writable: true, slow: 0 }
  const made = new Delivery({
    distributor: 'app',
    clock,
    send: (message) => sent.push(message.outcome),
    writable: () => state.writable,
    read: async (_distributor, after, limit, maxBytes) => {
      const rows = firstOf(
        stored.filter(({ seq }) => seq > after),
        limit,
        maxBytes,
        bytesOfOutcome,
      )
      reads.push(rows.reduce((sum, { args }) => sum + args.length, 0))
      return rows
    },
    acknowledge: (_distributor, seqs) => acknowledged.push(...seqs),
    onForeign: () => {},
    onSlow: () => state.slow++,
    onError: (error) => {
      throw error
    },
  })
  const elapse = () => {
    for (let set = clock.timers.length; set > 0; set--) clock.fire()
  }
  return { made, sent, reads, acknowledged, state, elapse }
}

const tick = () => new Promise((resolve) => setImmediate(resolve))
const outcomes = (count: number, bytes: number): Outcome[] =>
  Array.from({ length: count }, (_, i) => outcome({ seq: i + 1, id: `j${i}`, args: Buffer.alloc(bytes) }))

t.test(
  'no more bytes than the window are on their way, and none are read before there is room',
  async (t) => {
    const { made, sent, reads, acknowledged } = delivery(outcomes(50, LARGE))
    made.carry('life-1')
    await tick()
    t.equal(sent.length, MOST_BYTES / LARGE)
    t.ok(Math.max(...reads) <= LARGE, 'one at a time')
    t.equal(reads.length, sent.length, 'and no more than there is room for')
    t.equal(made.taken(1, 3), true)
    await tick()
    t.equal(sent.length, MOST_BYTES / LARGE + 3)
    t.same(acknowledged, [1, 2, 3])
  },
)

t.test('no more small ones than the window counts', async (t) => {
  const { made, sent } = delivery(outcomes(MOST + 1000, 1))
  made.carry('life-1')
  await tick()
  t.equal(sent.length, MOST)
  t.equal(made.taken(1, 10), true)
  await tick()
  t.equal(sent.length, MOST + 10)
})

t.test(
  'one that was just stored is sent at once, or read when there is room; each once, in order',
  async (t) => {
    const stored: Outcome[] = []
    const { made, sent } = delivery(stored)
    made.carry('life-1')
    await tick()
    for (const one of outcomes(40, LARGE)) {
      stored.push(one)
      made.offer(one, true)
    }
    await tick()
    t.equal(sent.length, MOST_BYTES / LARGE)
    for (let place = 1; place <= 40; place++) {
      t.equal(made.taken(place, 1), true)
      await tick()
    }
    t.same(
      sent.map(({ seq }) => seq),
      stored.map(({ seq }) => seq),
    )
  },
)

t.test('one that is larger than the window goes alone', async (t) => {
  const { made, sent } = delivery([...outcomes(1, 2 * MOST_BYTES), outcome({ seq: 2 })])
  made.carry('life-1')
  await tick()
  t.equal(sent.length, 1)
  made.taken(1, 1)
  await tick()
  t.equal(sent.length, 2)
})

t.test('taken out of order: what is at work holds up no others', async (t) => {
  const { made, sent, acknowledged } = delivery(outcomes(MOST * 3, 1))
  made.carry('life-1')
  await tick()
  for (let first = 2; first < MOST * 2; first += 100) {
    t.equal(made.taken(first, 100), true)
    await tick()
  }
  t.ok(sent.length > MOST * 2)
  t.notOk(acknowledged.includes(1))
  t.equal(made.taken(1, 1), true)
  t.ok(acknowledged.includes(1))
})

t.test('what is not on its way can not be taken', async (t) => {
  const { made } = delivery(outcomes(3, 1))
  made.carry('life-1')
  await tick()
  t.equal(made.taken(3, 2), false)
  const again = delivery(outcomes(3, 1))
  again.made.carry('life-1')
  await tick()
  t.equal(again.made.taken(1, 1), true)
  t.equal(again.made.taken(1, 1), false, 'twice')
})

t.test('feedbacks that wait for each other are not waited for', async (t) => {
  const { made, sent, state, elapse } = delivery(outcomes(60, LARGE))
  const window = MOST_BYTES / LARGE
  made.carry('life-1')
  await tick()
  made.taken(1, 1)
  await tick()
  t.equal(sent.length, window + 1)
  elapse()
  await tick()
  t.equal(sent.length, window + 1, 'one was done a moment ago')
  elapse()
  await tick()
  t.equal(sent.length, 2 * window + 1, 'nothing was done for a while: those at work do not count')
  t.equal(state.slow, 1, 'it is said')
  elapse()
  await tick()
  t.equal(sent.length, 3 * window + 1)
  t.equal(state.slow, 1, 'once')
  t.equal(made.taken(2, window), true, 'and they are taken when they are done')
  await tick()
  t.equal(sent.length, 3 * window + 1, 'they had made room already')
})

t.test('one that does not read is waited for', async (t) => {
  const { made, sent, state, elapse } = delivery(outcomes(60, LARGE))
  made.carry('life-1')
  await tick()
  const before = sent.length
  state.writable = false
  for (let i = 0; i < 5; i++) {
    elapse()
    await tick()
  }
  t.equal(sent.length, before)
  state.writable = true
  made.taken(1, before)
  await tick()
  t.equal(sent.length, 2 * before)
})
