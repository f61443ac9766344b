import t from 'tap'
import { Deadlines } from '#dist/node/executors/children/deadlines.js'
import { Respawn } from '#dist/node/executors/children/respawn.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

function respawn() {
  const clock = new StoppedClock()
  const told = { started: [] as number[], failures: 0 }
  const made: Respawn = new Respawn(
    new Deadlines(clock),
    () => told.started.push(clock.time - 1000),
    () => told.failures++,
  )
  return { made, clock, told }
}

t.test(
  'a child that has lived is replaced at once, and so is the first of those that have not',
  async (t) => {
    const { made, told } = respawn()
    for (const short of [false, false, true]) made.ended(short)
    t.same(told.started, [0, 0, 0])
    t.notOk(made.waits)
  },
)

t.test('those that do not live are replaced less and less often, and it is said once', async (t) => {
  const { made, clock, told } = respawn()
  for (let i = 0; i < 12; i++) {
    made.ended(true)
    if (made.waits) clock.fire()
  }
  const waits = told.started.map((at, i) => at - (told.started[i - 1] ?? 0))
  t.same(waits, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  t.equal(told.failures, 1)
  made.lived()
  made.ended(true)
  t.notOk(made.waits, 'after one that has lived it begins anew')
})

t.test('others that end meanwhile bring nothing forward', async (t) => {
  const { made, clock, told } = respawn()
  for (const short of [true, true, true, false]) made.ended(short)
  t.same(told.started, [0])
  clock.fire()
  t.same(told.started, [0, 100], 'one word for all of them')
  t.equal(clock.timers.length, 0)
})
