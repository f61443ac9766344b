import t from 'tap'
import { Telling } from '#dist/child/telling.js'
import type { Run } from '#dist/src/attempt/messages.js'
import { unpack } from '#dist/src/bytes/codec.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

function telling() {
  const clock = new StoppedClock()
  const sent: [token: number, value: unknown][] = []
  const warned: string[] = []
  const node = { reads: true }
  const made = new Telling({
    clock,
    send: (token, value) => sent.push([token, unpack(value)]),
    writable: () => node.reads,
    onWarning: (_run, text) => warned.push(text),
  })
  return {
    made,
    clock,
    sent,
    warned,
    node,
    tell: (token: number, value: unknown) => made.tell({ token } as Run, value),
  }
}

t.test('the first value goes at once, then the latest, ten a second, with one timer for all', async (t) => {
  const { made, clock, sent, tell } = telling()
  for (let n = 0; n < 1000; n++) for (const token of [1, 2]) tell(token, n)
  t.same(sent.splice(0), [
    [1, 0],
    [2, 0],
  ])
  t.equal(clock.timers.length, 1)
  clock.fire()
  t.same(sent.splice(0), [
    [1, 999],
    [2, 999],
  ])
  t.equal(clock.timers.length, 0, 'nothing waits')
  clock.time += 50
  tell(1, 'soon')
  t.same(sent, [])
  clock.time += 10
  tell(2, 'also')
  clock.fire()
  t.same(sent.splice(0), [
    [1, 'soon'],
    [2, 'also'],
  ])
  clock.time += 100
  tell(1, 'at once')
  t.same(sent.splice(0), [[1, 'at once']])
  tell(1, 'last')
  made.over(1)
  t.same(sent.splice(0), [[1, 'last']], 'before the node hears of the end')
  made.over(2)
  made.over(3)
  clock.fire()
  t.same([sent, clock.timers], [[], []])
})

t.test('in whichever way a job tells: at most ten a second, and the latest', async (t) => {
  const { made, clock, sent, tell } = telling()
  const from = clock.time
  let last = -1
  for (let n = 0; n < 5000; n++) {
    tell(1, n)
    last = n
    clock.time += (n * 7) % 3
    while (clock.timers.some(({ at }) => at <= clock.time)) clock.fire()
  }
  const seconds = (clock.time - from) / 1000
  made.over(1)
  t.ok(sent.length > 4 * seconds && sent.length <= 10 * seconds + 2, `${sent.length} in ${seconds} s`)
  t.same(sent.at(-1), [1, last])
})

t.test('while the node does not read, the latest waits', async (t) => {
  const { clock, sent, node, tell } = telling()
  tell(1, 'a')
  node.reads = false
  clock.time += 500
  for (const value of ['b', 'c']) tell(1, value)
  clock.fire()
  t.same(sent.splice(0), [[1, 'a']])
  node.reads = true
  clock.fire()
  t.same(sent, [[1, 'c']])
})

t.test('what can not be sent is refused: at once, or in the log', async (t) => {
  const { clock, sent, warned, tell } = telling()
  t.throws(() => tell(1, { done: () => {} }), {
    code: 'JR_VALUE_NOT_SERIALIZABLE',
    message: /^ctx\.progress: value\.done is a function/,
  })
  t.throws(() => tell(1, 'x'.repeat(5000)), { code: 'JR_VALUE_TOO_LARGE', message: /4096 are allowed/ })
  tell(1, 'good')
  tell(1, Symbol('bad'))
  clock.fire()
  t.same(sent, [[1, 'good']])
  t.match(warned, [/^ctx\.progress: value is a symbol/])
})
