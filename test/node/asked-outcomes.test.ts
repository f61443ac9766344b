import t from 'tap'
import { AskedOutcomes } from '#dist/node/report/asked-outcomes.js'
import type { Outcome } from '#dist/src/job/record.js'
import type { EnqueueReply } from '#dist/src/pipe/messages.js'
import { outcome } from './records.js'

function asked(stored: Outcome[]) {
  const acknowledged: number[] = []
  const made = new AskedOutcomes({
    read: async (_distributor, after) => stored.filter(({ seq }) => seq > after).slice(0, 1),
    acknowledge: (_distributor, seqs) => acknowledged.push(...seqs),
    onError: (error) => {
      throw error
    },
  })
  return { made, acknowledged }
}

function child() {
  const got: EnqueueReply[] = []
  return { reads: true, got, send: (message: EnqueueReply) => got.push(message) }
}

const numbers = ({ got }: ReturnType<typeof child>) => got.map(({ request }) => request)
const settled = () => new Promise(setImmediate)

t.test('a child that does not read is told from the store when it does, in order', async (t) => {
  const stored = [1, 2, 3].map((seq) => outcome({ seq, args: Buffer.from([seq]) }))
  const { made, acknowledged } = asked(stored)
  const asker = child()
  const [first, second, third] = stored as [Outcome, Outcome, Outcome]
  made.tell(asker, 11, first, true)
  asker.reads = false
  made.tell(asker, 12, second, true)
  made.taken('app', [1, 2])
  t.same(acknowledged, [1], 'the app has taken it, and the store keeps it for the child')
  asker.reads = true
  made.tell(asker, 13, third, true)
  t.same(numbers(asker), [11], 'none overtakes')
  made.room(asker)
  made.room(asker)
  await settled()
  t.same(numbers(asker), [11, 12, 13])
  t.same(asker.got[1]?.body, Buffer.from([2]))
  t.same(acknowledged, [1, 2])
  made.taken('app', [3])
  t.same(acknowledged, [1, 2, 3])
})

t.test('what two children wait for is kept for both; who is gone waits for nothing', async (t) => {
  const one = outcome({ seq: 5 })
  const { made, acknowledged } = asked([one])
  const [left, right] = [child(), child()]
  for (const asker of [left, right]) {
    asker.reads = false
    made.tell(asker, 1, one, true)
  }
  made.taken('app', [5])
  made.gone(left)
  t.same(acknowledged, [])
  right.reads = true
  made.room(right)
  await settled()
  t.same([numbers(left), numbers(right)], [[], [1]])
  t.same(acknowledged, [5])
})

t.test('what no store keeps is told at once; what is not in it any more, as unknown', async (t) => {
  const { made } = asked([])
  const asker = child()
  asker.reads = false
  made.tell(asker, 1, outcome({ seq: 1 }), false)
  t.same(numbers(asker), [1])
  made.tell(asker, 2, outcome({ seq: 2 }), true)
  asker.reads = true
  made.room(asker)
  await settled()
  t.match(asker.got[1], { request: 2, ok: false })
})

t.test('what another node keeps is taken from it when the child has been told, or is gone', async (t) => {
  const { made } = asked([])
  const asker = child()
  asker.reads = false
  const told: number[] = []
  for (const request of [1, 2])
    made.tellFrom(asker, request, true, Buffer.alloc(1)).then(() => told.push(request))
  await settled()
  t.same(told, [])
  asker.reads = true
  made.room(asker)
  await settled()
  t.same(
    [numbers(asker), told],
    [
      [1, 2],
      [1, 2],
    ],
  )
  asker.reads = false
  made.tellFrom(asker, 3, true, Buffer.alloc(1)).then(() => told.push(3))
  made.gone(asker)
  await settled()
  t.same(told, [1, 2, 3])
})
