import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import { enqueueMessage, newJob, type OutJob } from '#dist/distributor/sending/out-job.js'
import { headRecord, jobRecord, readRecords, spooledOf } from '#dist/distributor/sending/spool-records.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { admit } from '#dist/node/session/admit.js'
import { setTicker, systemClock } from '#dist/src/clock.js'
import { checkedTime, dueAfter } from '#dist/src/job/due.js'
import { parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { delayAfter } from '#dist/src/job/retry-policy.js'
import { nextSlot } from '#dist/src/job/slots.js'
import { SteadyClock } from '#dist/src/steady-clock.js'

const { setTimer } = systemClock
const HOUR = 3_600_000
const DAY = 86_400_000
const HOP = 2 ** 31 - 1

t.test('a timer of any length fires once, when its time has come', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  for (const ms of [0, 1, 2 ** 31 - 1, 2 ** 31, 31 * DAY, 400 * DAY]) {
    let fired = 0
    setTimer(ms, () => fired++)
    // A timer that is set by another starts where the step of the mock ends: so steps end where a hop does.
    for (let left = ms - 1; left > 0; left -= HOP) mock.timers.tick(Math.min(left, HOP))
    t.equal(fired, 0, `${ms} ms: not before`)
    mock.timers.tick(1)
    t.equal(fired, 1, `${ms} ms`)
    mock.timers.tick(DAY)
    t.equal(fired, 1)
  }
  let late = 0
  setTimer(Number.POSITIVE_INFINITY, () => late++)
  const cancelled = setTimer(31 * DAY, () => late++)
  for (let i = 0; i < 30; i++) mock.timers.tick(DAY)
  cancelled.cancel()
  for (let i = 0; i < 30; i++) mock.timers.tick(DAY)
  t.equal(late, 0)
  setTimer(-5, () => late++)
  mock.timers.tick(1)
  t.equal(late, 1)
  let beats = 0
  const ticker = setTicker(systemClock, 30 * DAY, () => beats++)
  const left = 30 * DAY - HOP
  for (const step of [HOP, left, HOP, left]) mock.timers.tick(step)
  t.equal(beats, 2)
  ticker.cancel()
  for (let i = 0; i < 61; i++) mock.timers.tick(DAY)
  t.equal(beats, 2)
})

t.test('a timer of no number is refused', async (t) => {
  for (const ms of [Number.NaN, undefined, '5', null]) {
    t.throws(() => setTimer(ms as number, () => {}), { name: 'TypeError', message: /expected milliseconds/ })
  }
})

t.test('Node does not warn of a long timer', async (t) => {
  const warnings: string[] = []
  const heard = ({ name }: Error) => name.startsWith('Timeout') && warnings.push(name)
  process.on('warning', heard)
  t.teardown(() => process.off('warning', heard))
  let fired = false
  const timers = [31 * DAY, Number.POSITIVE_INFINITY].map((ms) => setTimer(ms, () => (fired = true)))
  await new Promise((resolve) => setTimer(20, () => resolve(null)))
  for (const timer of timers) timer.cancel()
  t.notOk(fired)
  t.same(warnings, [])
})

/** A job that the app enqueued at one time and a node took at another: both on the true clock, in parts of milliseconds. */
function dueOf(after: number, enqueued: number, sent: number, taken: number): number {
  const options = parseEnqueueOptions({ after: `${after}ms` }, Math.floor(enqueued))
  const job = newJob(new Ticket('id', 'name', null, null, false), Buffer.alloc(0), options, enqueued)
  const message = enqueueMessage(job, { mono: sent, wall: Math.floor(sent) })
  const from = { name: 'd', instance: 'i' }
  return admit(message, from, undefined, { steady: Math.floor(taken), wall: Math.floor(taken) }, 1, '').due
}

t.test(
  'no job is due early, not by a part of a millisecond, however long it was held and where',
  async () => {
    const part = fc.double({ min: 0, max: 50, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), part, part, part, (after, from, held, underWay) => {
        const sent = from + held
        const due = dueOf(after, from, sent, sent + underWay)
        if (held >= after) return
        if (due < from + after) throw new Error(`${from + after - due} ms early`)
        if (due > from + after + underWay + 3) throw new Error(`${due - from - after} ms late`)
      }),
      { numRuns: 5000 },
    )
  },
)

t.test('the case that was seen: held for 0.6 ms, which is not a millisecond', async (t) => {
  t.ok(dueOf(300, 1000.1, 1000.7, 1000.8) >= 1300.1)
})

t.test(
  'runAt is a time of the wall clock until the job is sent, and again when it was spooled',
  async (t) => {
    const at = 10 * HOUR
    const options = parseEnqueueOptions({ runAt: at + HOUR }, at)
    const job = newJob(new Ticket('id', 'name', null, null, false), Buffer.alloc(0), options, 0)
    const left = (of: OutJob, heldMs: number, wall: number) =>
      enqueueMessage(of, { mono: heldMs, wall }).delayMs
    t.equal(left(job, 60_000, at + 60_000), HOUR - 60_000)
    t.equal(
      left(job, 60_000, at + 60_000 + HOUR / 2),
      HOUR / 2 - 60_000,
      'the clock of the app was set forward',
    )
    t.equal(left(job, 60_000, at + 60_000 - HOUR), 2 * HOUR - 60_000, 'and back')
    t.equal(left(job, 60_000, at + 9 * HOUR), 0)
    const { live } = readRecords(Buffer.concat([headRecord('app'), jobRecord(job, at)]))
    const records = live.get('id')
    if (records === undefined) throw new Error('it is not there')
    const back = spooledOf(records, { now: () => at + 60_000, mono: () => 5 }).job
    t.equal(back.runAt, at + HOUR)
    t.equal(left(back, 10, at + HOUR - 7), 7)
  },
)

t.test('a computed time is one that can be stored', async (t) => {
  t.equal(dueAfter(1000, 0), 1000)
  t.equal(dueAfter(1000, 0.2), 1002)
  t.equal(dueAfter(1000, Number.POSITIVE_INFINITY), 8.64e15)
  t.equal(checkedTime(-5), 0)
  t.throws(() => checkedTime(Number.NaN), RangeError)
  t.equal(nextSlot({ firstDue: 1, periodMs: 3e13, slot: 2 ** 40, missed: 'all', now: 5 }).due, 8.64e15)
  for (const attempt of [1, 2, 64, 1025, 1e9]) {
    for (const type of ['exponential', 'linear'] as const) {
      for (const delay of [0, 1, 1e9]) {
        const ms = delayAfter(attempt, { type, delay }, () => 0)
        t.ok(Number.isInteger(ms) && ms >= 0, `${type} ${delay}, attempt ${attempt}: ${ms}`)
      }
    }
  }
})

t.test('the steady clock is the wall clock without its jumps', async (t) => {
  const at = { wall: 1_000_000, mono: 500, boot: 90_000 }
  const clock = new SteadyClock(() => ({ ...at, boot: () => at.boot }))
  const pass = (ms: number) => {
    at.wall += ms
    at.mono += ms
    at.boot += ms
    return clock.now()
  }
  t.equal(pass(10), 1_000_010)
  at.wall += 20
  t.equal(pass(0), 1_000_030, 'a clock that is corrected a little is followed')
  at.wall -= 3_600_000
  t.equal(pass(5), 1_000_035)
  at.wall += 7_200_000
  t.equal(pass(5), 1_000_040)
  at.wall -= 3_600_000
  t.equal(pass(60_000), 1_060_040)
  t.equal(at.wall, 1_060_040)
  // The machine sleeps: the monotonic clock stands still.
  at.wall += 50_000
  at.boot += 50_010
  t.ok(Math.abs(pass(0) - 1_110_040) <= 25, 'a sleep is time that has passed')
  at.wall += 3_600_000
  at.boot += 30_000
  at.wall += 30_000
  t.ok(Math.abs(pass(0) - 1_140_040) <= 50, 'a sleep, and set in it')
})
