import t from 'tap'
import type { AttemptResult } from '#dist/node/run/attempt.js'
import { asCancelled, changeAfter, endedWithoutRun } from '#dist/node/run/conclusion.js'
import { JrError } from '#dist/src/errors.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { agreed, course, failedAttempt } from '../fixtures/record.mjs'
import { record } from './records.js'

const NOW = 50_000

function result(job: JobRecord, how: Partial<AttemptResult> = {}): AttemptResult {
  const attempt = {
    token: 1,
    job,
    attempt: job.course.attempt + 1,
    maxAttempts: 3,
    startedAt: NOW - 10,
    timeoutMs: 0,
    deferred: false,
    alone: false,
    brought: null,
  }
  const nothing = Buffer.alloc(0)
  return {
    attempt,
    status: 'completed',
    args: Buffer.from('after'),
    error: nothing,
    code: '',
    message: '',
    retryAfterMs: null,
    finishedAt: NOW,
    child: 7,
    ...how,
  }
}

const PAST = failedAttempt({ number: 3 })

function deps(kept: boolean) {
  return { settings: { name: 'n1', keeps: () => kept }, seq: () => 99 }
}

t.test('the word to end may come when the attempt is over', async (t) => {
  const completed = result(record())
  t.equal(asCancelled(completed), completed, 'what has completed has')
  const cancelled = result(record(), { status: 'cancelled', code: 'MINE' })
  t.equal(asCancelled(cancelled), cancelled)
  t.match(asCancelled(result(record({ agreed: agreed({ period: 1 }) }))), {
    status: 'cancelled',
    code: 'JR_CANCELLED',
  })
  for (const status of ['failed', 'timeout', 'lost', 'returned', 'snoozed', 'given-up'] as const)
    t.match(asCancelled(result(record(), { status })), { status: 'cancelled', code: 'JR_CANCELLED' }, status)
})

t.test('a result that is to be kept is kept whatever the node keeps, if the job has completed', async (t) => {
  const job = record({ agreed: agreed({ keepResult: '1m' }) })
  const completed = { ended: 'completed', next: null } as const
  t.match(changeAfter(result(job), null, job, completed, false, deps(false)), {
    keep: {
      state: 'completed',
      job: { id: job.id },
      result: { until: NOW + 60_000, args: Buffer.from('after') },
    },
  })
  t.match(
    changeAfter(result(job), null, job, completed, true, deps(true)),
    { keep: null },
    'not a destroyed one',
  )
  const plain = record()
  const kept = changeAfter(result(plain), null, plain, completed, false, deps(true))
  t.match(kept, { keep: { state: 'completed', result: undefined } })
  const failed = { ended: 'failed', next: null } as const
  t.match(changeAfter(result(job), null, job, failed, false, deps(false)), { keep: null })
})

t.test('a job that has ended: what is told, what is stored of it, what is kept', async (t) => {
  const verdict = { ended: 'failed', next: null } as const
  const job = record({ course: course({ attempt: 2 }), wanted: true })
  const failed = result(job, { status: 'failed', message: 'no', code: 'E_NO' })
  const change = changeAfter(failed, PAST, job, verdict, false, deps(true))
  t.match(change, {
    kind: 'end',
    from: job,
    running: true,
    report: { state: 'failed', seq: 99, node: 'n1', attempt: 3, child: 7, startedAt: NOW - 10, more: false },
    keep: {
      state: 'failed',
      job: { course: { attempt: 3, attempts: [PAST] } },
      startedAt: NOW - 10,
      finishedAt: NOW,
    },
  })
  t.equal(change.outcome, change.report, 'somebody wants it')
  const unwanted = changeAfter(failed, PAST, { ...job, wanted: false }, verdict, false, deps(true))
  t.equal(unwanted.outcome, null)
  t.match(unwanted.report, { state: 'failed' }, 'it is told all the same')
  for (const [discarded, kept] of [
    [true, true],
    [false, false],
  ] as const)
    t.match(changeAfter(failed, PAST, job, verdict, discarded, deps(kept)), { kind: 'end', keep: null })
})

t.test('a job that goes on: the run of a schedule is told, an attempt is not', async (t) => {
  const job = record({ wanted: true })
  const next = { ...job, seq: 5 }
  const retried = changeAfter(result(job), null, job, { ended: null, next }, false, deps(true))
  t.match(retried, { kind: 'move', from: job, to: next, running: true, outcome: null, report: null })
  const again = changeAfter(result(job), null, job, { ended: 'completed', next }, false, deps(true))
  t.match(again, { kind: 'move', to: next, report: { state: 'completed', more: true } })
})

t.test("a job that can't be run fails without an attempt", async (t) => {
  const error = new JrError('JR_NO_SUCH_JOB', 'nowhere')
  const change = endedWithoutRun(record(), 'available', 'failed', error, NOW, deps(true))
  t.match(change, {
    running: false,
    report: { state: 'failed', attempt: 0, startedAt: 0, finishedAt: NOW },
    keep: {
      state: 'failed',
      job: {
        course: {
          attempts: [{ number: 0, child: 0, startedAt: 0, finishedAt: NOW, error: { message: 'nowhere' } }],
        },
      },
      startedAt: 0,
    },
  })
  t.equal(endedWithoutRun(record(), 'available', 'failed', error, NOW, deps(false)).keep, null)
})
