import t from 'tap'
import { AT_ONCE, Errands } from '#dist/node/session/errands.js'

/** Errands that end when they are told to, oldest first. */
function asked() {
  const ends: (() => void)[] = []
  const full: boolean[] = []
  const errands = new Errands({ writable: () => true, onFull: (is) => full.push(is) })
  const run = () =>
    new Promise<void>((end) => {
      ends.push(end)
    })
  return { errands, ends, full, run }
}

t.test('an app with lists under way is listened to: it has jobs to send as well', async (t) => {
  const { errands, ends, full, run } = asked()
  for (let i = 0; i < 100; i++) errands.add(AT_ONCE, run)
  t.equal(ends.length, 1, 'one list at a time')
  t.same(full, [])
})

t.test('who asks and asks is not listened to until less waits', async (t) => {
  const { errands, ends, full, run } = asked()
  for (let i = 0; i < 1000; i++) errands.add(AT_ONCE, run)
  t.same(full, [true])
  for (let ended = 0; full.length === 1 && ended < 1000; ended++) {
    ends.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.same(full, [true, false])
})

t.test('ids that are to be forgotten count each', async (t) => {
  const { errands, full, run } = asked()
  for (let i = 0; i < 10; i++) errands.add(64, run, 64)
  t.same(full, [true])
})
