import t from 'tap'
import { Asks } from '#dist/child/asks.js'
import type { ChildEnqueue } from '#dist/src/pipe/messages.js'
import { WINDOWS } from '#dist/src/window.js'

function asks() {
  const sent: number[] = []
  const over: number[] = []
  const made = new Asks({ send: ({ request }) => sent.push(request), onSent: (token) => over.push(token) })
  let request = 0
  const add = (token: number, bytes: number) =>
    made.add({
      type: 'enqueue',
      request: ++request,
      token,
      job: { name: 'x', args: Buffer.alloc(bytes) },
    } as ChildEnqueue)
  return { made, sent, over, add }
}

t.test('no more is sent than fits; the rest waits in order, and its attempts with it', async (t) => {
  const { made, sent, over, add } = asks()
  const half = WINDOWS.asks.bytes / 2
  for (const token of [1, 1, 1, 2]) t.equal(add(token, half), null)
  t.equal(add(3, 0), null, 'a small one does not overtake')
  t.same(sent, [1, 2])
  t.same([made.waits(1), made.waits(2), made.waits(9)], [true, true, false])
  made.confirmed(2)
  made.confirmed(2)
  t.same(sent, [1, 2, 3], 'what is confirmed twice counts once')
  t.same(over, [1])
  made.confirmed(1)
  t.same(sent, [1, 2, 3, 4, 5])
  t.same(over, [1, 2, 3])
  t.same([made.waits(1), made.waits(2), made.waits(3)], [false, false, false])
})

t.test('who enqueues on and on is refused at last, by count and by bytes', async (t) => {
  const { count, bytes } = WINDOWS.unsent
  const many = asks()
  for (let i = 0; i < WINDOWS.asks.count + count; i++) many.add(1, 1)
  t.match(many.add(1, 1), { code: 'JR_BACKLOG_FULL', message: /Await/ })
  many.made.confirmed(1)
  t.equal(many.add(1, 1), null)
  const large = asks()
  large.add(1, WINDOWS.asks.bytes)
  large.add(1, bytes)
  t.match(large.add(1, 1), { code: 'JR_BACKLOG_FULL' })
})
