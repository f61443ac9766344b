import t from 'tap'
import { Discovery } from '#dist/node/order/discovery.js'
import { readFrom } from '#dist/node/order/read-from.js'
import { FRONT, lowMark, shareOf, turnOf } from '#dist/node/order/room.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import { record } from './records.js'

t.test('the more lanes share the room, the fewer jobs of one are read at a time', async (t) => {
  const cases: [lanes: number, read: number, share: number, low: number][] = [
    [0, 4096, 4096, 1024],
    [1, 4096, 4096, 1024],
    [4, 4096, 4096, 1024],
    [5, 4096, 819, 204],
    [16, 4096, 256, 64],
    [FRONT, 4096, 256, 64],
    [FRONT + 1, 4096, 16, 0],
    [2048, 4096, 16, 0],
    [100_000, 4096, turnOf(100_000), 0],
    [8, 100, 100, 25],
    [1000, 8, 8, 0],
  ]
  for (const [lanes, read, share, low] of cases) {
    t.equal(shareOf(lanes, read), share, `${lanes} lanes, ${read} jobs`)
    t.equal(lowMark(lanes, read), low)
  }
})

t.test('lanes are found in parts; what lies behind the last one found is not known', async (t) => {
  const asked: (string | null)[] = []
  const parts = [['0n', '0nb'], ['1n'], []]
  const discovery = new Discovery(async (after) => {
    asked.push(after)
    return (parts[asked.length - 1] ?? []).map((lane) => ({ lane, due: 0 }))
  })
  const found: string[] = []
  const next = () =>
    discovery.next((heads) => {
      found.push(...heads.map(({ lane }) => lane))
    })
  t.notOk(discovery.isKnown('0n'))
  await next()
  t.ok(discovery.isKnown('0na'), 'the store had none of it')
  t.notOk(discovery.isKnown('1n'))
  await next()
  t.notOk(discovery.isOver)
  await next()
  t.ok(discovery.isOver && discovery.isKnown('9n'))
  t.same(asked, [null, '0nb', '1n'])
  t.same(found, ['0n', '0nb', '1n'])
})

t.test('jobs that are left where they are do not make a read come short', async (t) => {
  const all = Array.from({ length: 20 }, (_, i) =>
    record({ id: `j${i}`, due: i, seq: i % 4 === 3 ? 100 + i : i }),
  )
  const reads: number[] = []
  const store = {
    waiting: async (_lane: string, after: { due: number } | null, limit: number) => {
      reads.push(limit)
      return all.filter(({ due }) => due > (after?.due ?? -1)).slice(0, limit)
    },
  }
  const ids = async (oldest: number, limit: number) =>
    (await readFrom(store, () => oldest)(IMMEDIATE, null, limit, 1000)).map(({ id }) => id)
  t.same(await ids(0, 3), ['j0', 'j1', 'j2'], 'all are taken up')
  t.same(reads.splice(0), [3])
  t.same(await ids(100, 3), ['j3', 'j7', 'j11'])
  t.same(await ids(100, 9), ['j3', 'j7', 'j11', 'j15', 'j19'], 'no more are there')
})
