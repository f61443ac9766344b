// What is in the store and the spool that are kept, and what was said on the connection.
import { IMMEDIATE, TIMED } from '#dist/src/job/lane.js'
import { agreed, course, failedAttempt, recordOf } from '../fixtures/record.mjs'

/** Year 2100: what waits is not due. */
export const LATER = Date.UTC(2100, 0, 1)
export const NODE = 'n1'
export const SHELF = { name: 'kept', own: true }

const TERMS = {
  defer: true,
  node: 'n2',
  notNode: ['n3', 'n4'],
  maxAttempts: 5,
  backoff: { type: 'exponential', delay: 2, max: 60, jitter: true },
  timeout: '30s',
}
const job = (seq, over) =>
  recordOf({ id: `job-${seq}`, seq, lane: TIMED, due: LATER, args: Buffer.from(`args of ${seq}`), ...over })

export const JOBS = {
  waits: job(1, { agreed: agreed(TERMS), edition: 7, byWall: true }),
  due: job(2, { lane: IMMEDIATE, due: 1 }),
  runs: job(3, { wanted: false }),
  failed: job(4, {}),
  schedule: job(5, {
    agreed: agreed({ period: '1h', missed: 'skip' }),
    course: course({ slot: 3, firstDue: 1 }),
  }),
}
export const FAILED = {
  job: {
    ...JOBS.failed,
    course: course({ attempt: 2, losses: 1, attempts: [failedAttempt()] }),
  },
  state: 'failed',
  startedAt: 8,
  finishedAt: 9,
}
export const OUTCOME = {
  seq: 100,
  distributor: 'app',
  instance: 'life-1',
  id: 'job-4',
  edition: 0,
  name: 'work',
  state: 'failed',
  slot: 0,
  more: false,
  node: NODE,
  attempt: 2,
  enqueuedAt: 1,
  startedAt: 8,
  finishedAt: 9,
  child: 7,
  args: Buffer.from('args'),
  error: Buffer.from('error'),
}
export const NOTE = { key: 'a key', value: Buffer.from('a value') }

const { due, ...others } = JOBS
const insert = (one) => ({ kind: 'insert', job: one, ownId: one.edition > 0, number: one.seq })

/** Groups of changes: one that goes to LevelDB, and one that is in the log alone. */
export const GROUPS = [
  [
    ...Object.values(others).map(insert),
    { kind: 'begin', job: JOBS.runs, startedAt: 5 },
    { kind: 'end', from: JOBS.failed, running: false, outcome: OUTCOME, keep: FAILED },
    { kind: 'note', notes: [{ shelf: SHELF, ...NOTE }] },
  ],
  [insert(due)],
]

/** What the app of the connection enqueues, whose node is there and does not run it yet. */
export const SENT = [
  { args: { value: 1 }, options: { id: 'mine', runAt: new Date(LATER) } },
  {
    args: { value: 2 },
    options: { runAt: new Date(LATER), ...TERMS, defer: false, node: 'n1', notNode: [] },
  },
]
