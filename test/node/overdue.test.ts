import t from 'tap'
import { Deadlines } from '#dist/node/executors/children/deadlines.js'
import { Overdue } from '#dist/node/executors/children/overdue.js'
import { CATCH_UP_MS } from '#dist/node/executors/children/staff.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

function overdue() {
  const clock = new StoppedClock()
  const state = { runs: true, unread: false }
  const said: string[] = []
  const at = () => clock.time - 1000
  const made = new Overdue(new Deadlines(clock), 50, {
    runs: () => state.runs,
    isUnread: () => state.unread,
    ask: (token, reason) => said.push(`${at()} ${reason} ${token}`),
    convict: (token, status) => said.push(`${at()} convict ${token} ${status}`),
  })
  const fireAll = () => {
    while (clock.timers.length > 0) clock.fire()
  }
  return { made, clock, state, said, fireAll }
}

t.test('an attempt is asked when its time is up, and convicted after the grace', async (t) => {
  const { made, said, fireAll } = overdue()
  made.begin(7, 100)
  fireAll()
  t.same(said, ['100 timeout 7', '150 convict 7 timeout'])
})

t.test('one without a limit is asked only when it is cancelled', async (t) => {
  const { made, said, fireAll } = overdue()
  made.begin(7, 0)
  fireAll()
  made.end(7, 'cancelled')
  fireAll()
  t.same(said, ['0 cancel 7', '50 convict 7 cancelled'])
})

t.test('one that has ended is left alone, before it is asked and after', async (t) => {
  const { made, clock, state, said, fireAll } = overdue()
  made.begin(7, 100)
  made.begin(8, 200)
  clock.fire()
  state.runs = false
  fireAll()
  t.same(said, ['100 timeout 7'])
})

t.test('while children are not read nobody is asked or convicted: it may have ended', async (t) => {
  const { made, clock, state, said, fireAll } = overdue()
  made.begin(7, 100)
  state.unread = true
  clock.fire()
  state.unread = false
  clock.fire()
  state.unread = true
  clock.fire()
  state.unread = false
  fireAll()
  const asked = 100 + CATCH_UP_MS
  t.same(said, [`${asked} timeout 7`, `${asked + 50 + CATCH_UP_MS} convict 7 timeout`])
})
