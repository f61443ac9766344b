import t from 'tap'
import { fits, Window } from '#dist/src/window.js'

const LIMITS = { count: 3, bytes: 100 }

t.test('what may be on its way', async (t) => {
  const cases: [name: string, count: number, bytes: number, more: number, expected: boolean][] = [
    ['the first', 0, 0, 10, true],
    ['the first, however large', 0, 0, 1000, true],
    ['another', 1, 10, 10, true],
    ['up to the last byte', 1, 10, 90, true],
    ['not a byte more', 1, 10, 91, false],
    ['nothing beside a large one', 1, 1000, 0, false],
    ['up to the last message', 2, 0, 0, true],
    ['not a message more', 3, 0, 0, false],
  ]
  for (const [name, count, bytes, more, expected] of cases)
    t.equal(fits(count, bytes, more, LIMITS), expected, name)
})

t.test('a window counts what is sent and confirmed', async (t) => {
  const window = new Window(LIMITS)
  t.same(window.left, { count: 3, bytes: 100 })
  window.add(40)
  t.same(window.left, { count: 2, bytes: 60 })
  t.equal(window.fits(61), false)
  t.equal(window.fits(60), true)
  window.add(60)
  t.equal(window.left.count, 0, 'no byte is left')
  window.remove(40)
  t.same(window.left, { count: 2, bytes: 40 })
  window.remove(60)
  t.equal(window.fits(1_000_000), true)
  window.add(1_000_000)
  t.equal(window.left.count, 0)
  window.clear()
  t.same(window.left, { count: 3, bytes: 100 })
})
