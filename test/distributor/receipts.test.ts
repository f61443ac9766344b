import t from 'tap'
import { Receipts } from '#dist/distributor/nodes/receipts.js'

function receipts() {
  const sent: [first: number, count: number][] = []
  return { sent, receipts: new Receipts((first, count) => sent.push([first, count])) }
}

function later() {
  let done = () => {}
  const promise = new Promise<void>((resolve) => {
    done = resolve
  })
  return { promise, done }
}

const tick = () => new Promise((resolve) => setImmediate(resolve))

t.test('what was told in one turn is said at once', async (t) => {
  const { sent, receipts: r } = receipts()
  for (let i = 0; i < 5; i++) r.add(null)
  t.same(sent, [])
  await tick()
  t.same(sent, [[1, 5]])
  r.add(null)
  await tick()
  t.same(sent, [
    [1, 5],
    [6, 1],
  ])
})

t.test('one whose feedback is at work holds up no other, and is told when it is done', async (t) => {
  const { sent, receipts: r } = receipts()
  const slow = later()
  r.add(null)
  r.add(slow.promise)
  r.add(Promise.resolve())
  r.add(null)
  await tick()
  t.same(
    sent.toSorted(([a], [b]) => a - b),
    [
      [1, 1],
      [3, 1],
      [4, 1],
    ],
  )
  slow.done()
  await tick()
  t.same(sent.at(-1), [2, 1])
})

t.test('in the end nothing is waited for, and nothing is said twice', async (t) => {
  const { sent, receipts: r } = receipts()
  const slow = later()
  r.add(slow.promise)
  r.add(null)
  r.settle()
  const said = () =>
    sent.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i)).sort()
  t.same(said(), [1, 2])
  slow.done()
  await tick()
  t.same(said(), [1, 2])
})
