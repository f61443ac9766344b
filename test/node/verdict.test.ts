import t from 'tap'
import type { RetryRules } from '#dist/node/run/rules.js'
import { type AttemptEnd, decide } from '#dist/node/run/verdict.js'
import { IMMEDIATE_DEFERRED, TIMED, TIMED_DEFERRED } from '#dist/src/job/lane.js'
import { agreed, course, failedAttempt } from '../fixtures/record.mjs'
import { record } from './records.js'

const NOW = 50_000
const rules: RetryRules = { maxAttempts: 3, backoff: { type: 'linear', delay: 5 }, poisonLimit: 3 }
const end = (over: Partial<AttemptEnd>): AttemptEnd => ({
  status: 'completed',
  attempt: 1,
  retryAfterMs: null,
  past: null,
  ...over,
})
const verdict = (job = record(), how: Partial<AttemptEnd> = {}, over: Partial<RetryRules> = {}) =>
  decide(job, end(how), { ...rules, ...over }, NOW, 99, () => 0.5)

t.test('a completed job is over', async (t) => {
  t.same(verdict(), { ended: 'completed', next: null })
})

t.test('a failed attempt waits attempt × delay, in the timed lane of its kind', async (t) => {
  const { ended, next } = verdict(record({ course: course({ attempt: 1 }) }), {
    status: 'failed',
    attempt: 2,
    past: failedAttempt({ number: 2 }),
  })
  t.equal(ended, null)
  t.match(next, {
    lane: TIMED,
    due: NOW + 10_001,
    seq: 99,
    course: { attempt: 2, attempts: [{ number: 2 }] },
  })
  const deferred = verdict(record({ lane: IMMEDIATE_DEFERRED }), { status: 'timeout' })
  t.equal(deferred.next?.lane, TIMED_DEFERRED)
})

t.test('the last attempt fails the job', async (t) => {
  t.same(verdict(record({ course: course({ attempt: 2 }) }), { status: 'failed', attempt: 3 }), {
    ended: 'failed',
    next: null,
  })
  t.same(verdict(record(), { status: 'failed' }, { maxAttempts: 1 }), { ended: 'failed', next: null })
})

t.test("the job's own back-off wins", async (t) => {
  t.equal(verdict(record(), { status: 'failed', retryAfterMs: 7 }).next?.due, NOW + 8)
  t.equal(verdict(record(), { status: 'failed', retryAfterMs: 0 }).next?.due, NOW)
})

t.test(
  'a job that takes its children with it is given up at the limit, whatever attempts are left',
  async (t) => {
    const many = { maxAttempts: 100 }
    const first = verdict(record(), { status: 'lost' }, many)
    t.equal(first.next?.course.losses, 1)
    const last = verdict(
      record({ course: course({ losses: 2, attempt: 2 }) }),
      { status: 'lost', attempt: 3 },
      many,
    )
    t.same(last, { ended: 'failed', next: null })
    const other = verdict(
      record({ course: course({ losses: 2, attempt: 2 }) }),
      { status: 'failed', attempt: 3 },
      many,
    )
    t.equal(other.next?.course.losses, 2, 'a failure of another sort does not count as a loss')
  },
)

t.test('given back: the same place in time, no attempt spent', async (t) => {
  const job = record({ course: course({ attempt: 1 }) })
  const next = { ...job, seq: 99, course: { ...job.course, waited: true } }
  t.same(verdict(job, { status: 'returned', attempt: 2 }), { ended: null, next }, 'it may have children now')
})

t.test('snoozed: later, with as many attempts as before; of a schedule the same slot', async (t) => {
  const job = record({
    lane: IMMEDIATE_DEFERRED,
    course: course({ attempt: 1, losses: 1, attempts: [failedAttempt()] }),
  })
  const how = { status: 'snoozed', attempt: 2, retryAfterMs: 300_000 } as const
  const due = NOW + 300_001
  t.same(verdict(job, how, { maxAttempts: 2 }), {
    ended: null,
    next: { ...job, lane: TIMED_DEFERRED, due, seq: 99, course: { ...job.course, waited: true } },
  })
  const once = verdict(record({ agreed: agreed({ unique: { until: 'started' } }) }), how)
  t.equal(once.next?.course.keyless, true, 'the key is free all the same')
  const schedule = record({ agreed: agreed({ period: 10 }), due: 45_000, course: course({ slot: 0 }) })
  const slept = verdict(schedule, how).next
  t.match(slept, { due, course: { slot: 0, firstDue: 45_000 } })
  const next = decide(slept ?? schedule, end({}), rules, due + 1, 100, () => 0.5).next
  t.match(next, { due: 345_000, course: { slot: 30 } }, 'slots that passed meanwhile were missed')
})

t.test('given up: failed for good, and a schedule goes on', async (t) => {
  t.same(verdict(record(), { status: 'given-up' }), { ended: 'failed', next: null })
  const schedule = record({ agreed: agreed({ period: 10 }), due: 45_000 })
  t.match(verdict(schedule, { status: 'given-up' }), {
    ended: 'failed',
    next: { due: 55_000, course: course({ slot: 1, firstDue: 45_000 }) },
  })
})

t.test('a schedule goes on after success and after failure, with fresh attempts', async (t) => {
  const schedule = record({
    agreed: agreed({ period: 10 }),
    due: 45_000,
    course: course({ attempt: 2, losses: 1 }),
  })
  for (const how of [
    { status: 'completed' as const, attempt: 3 },
    { status: 'failed' as const, attempt: 3 },
  ]) {
    const { ended, next } = verdict(schedule, how)
    t.equal(ended, how.status)
    t.match(next, { due: 55_000, lane: TIMED, course: course({ slot: 1, firstDue: 45_000 }) })
  }
})

t.test('a cancelled schedule is over', async (t) => {
  t.same(verdict(record({ agreed: agreed({ period: 1 }) }), { status: 'cancelled' }), {
    ended: 'cancelled',
    next: null,
  })
})
