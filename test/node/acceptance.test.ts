import t from 'tap'
import { Acceptance } from '#dist/node/session/acceptance.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

function acceptance() {
  const clock = new StoppedClock()
  const said: string[] = []
  const made = new Acceptance(clock, (number) => said.push(`${clock.time - 1000}: ${number}`))
  made.begin(10)
  return { made, clock, said, started: (ago: number) => ({ startedAt: clock.time - ago }) }
}

t.test('of jobs that wait one word is said for the group, at once', async (t) => {
  const { made, said, clock } = acceptance()
  for (const number of [11, 12, 13]) made.stored(number, null)
  t.same(said, [])
  made.settle()
  made.settle()
  t.same(said, ['0: 13'])
  for (const _ of clock.timers) clock.fire()
  t.same(said, ['0: 13'], 'and not again')
})

t.test('of one that has just begun it is said with its outcome, or a moment later', async (t) => {
  const { made, said, clock, started } = acceptance()
  made.stored(11, started(0))
  made.settle()
  t.same(said, [])
  clock.fire()
  t.same(said, ['1: 11'])
  made.stored(12, started(0))
  made.settle()
  made.tell()
  t.same(said, ['1: 11', '1: 12'], 'its outcome came first')
  t.equal(clock.timers.length, 0)
})

t.test('one that has run for a while holds up nobody', async (t) => {
  const { made, said, started } = acceptance()
  made.stored(11, started(0))
  made.stored(12, started(5))
  made.settle()
  t.same(said, ['0: 12'])
})

t.test('of those that are over nobody waits for more: one word for all, some time later', async (t) => {
  const { made, said, clock } = acceptance()
  for (const number of [11, 12]) {
    made.stored(number, undefined)
    made.settle()
  }
  t.equal(clock.timers.length, 1)
  clock.fire()
  t.same(said, ['20: 12'])
})

t.test('a job of the node itself has no number', async (t) => {
  const { made, said } = acceptance()
  made.stored(null, null)
  made.settle()
  t.same(said, [])
})
