import t from 'tap'
import type { NodeChange } from '#dist/node/changes/journal.js'
import type { Executor } from '#dist/node/executors/executor.js'
import { Executors } from '#dist/node/executors/executors.js'
import { type Attempt, type AttemptResult, resultOf } from '#dist/node/run/attempt.js'
import { Runner, type RunnerDeps } from '#dist/node/run/runner.js'
import type { NodeSettings } from '#dist/node/settings.js'
import { packError } from '#dist/src/bytes/error-record.js'
import { JrError } from '#dist/src/errors.js'
import type { JobDefinition } from '#dist/src/job/definition.js'
import { IMMEDIATE, IMMEDIATE_DEFERRED, isDeferred, TIMED } from '#dist/src/job/lane.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { silentLogger } from '#dist/src/logger.js'
import { LEAST_PRIORITY, MOST_PRIORITY } from '#dist/src/rules.js'
import { agreed, course } from '../fixtures/record.mjs'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'

const definition = (name: string, over: Partial<JobDefinition> = {}): JobDefinition => ({
  name,
  defer: false,
  timeoutMs: null,
  maxAttempts: null,
  backoff: null,
  limits: null,
  keepLogs: null,
  ...over,
})

/** Runs nothing: the test says when an attempt is over. */
class Bench implements Executor {
  readonly jobs = new Map<string, JobDefinition>()
  readonly running: Attempt[] = []
  readonly cancelled: number[] = []
  constructor(
    names: readonly string[],
    readonly slots: { evented: number; deferred: number } = { evented: 2, deferred: 1 },
  ) {
    for (const name of names) this.jobs.set(name, definition(name))
  }
  hasRoom(deferred: boolean, alone: boolean): boolean {
    const busy = this.running.filter((attempt) => attempt.deferred === deferred)
    if (busy.some((attempt) => attempt.alone)) return false
    return busy.length < (alone ? 1 : this.slots[deferred ? 'deferred' : 'evented'])
  }
  run(attempt: Attempt): void {
    if (!this.hasRoom(attempt.deferred, attempt.alone)) throw new Error('there is no room')
    this.running.push(attempt)
  }
  cancel(token: number): void {
    this.cancelled.push(token)
  }
  hold(): void {}
  async stop(): Promise<void> {}
  /** What it says when the attempt at this job is over. */
  end(id: string, over: Partial<AttemptResult> = {}): AttemptResult {
    const at = this.running.findIndex(({ job }) => job.id === id)
    const [attempt] = this.running.splice(at, 1)
    if (at < 0 || attempt === undefined) throw new Error(`${id} does not run`)
    const nothing = Buffer.alloc(0)
    return {
      attempt,
      status: 'completed',
      args: attempt.job.args,
      error: nothing,
      code: '',
      message: '',
      retryAfterMs: null,
      finishedAt: 1000,
      child: 7,
      ...over,
    }
  }
  get ids(): string[] {
    return this.running.map(({ job }) => job.id)
  }
}

function settingsWith(over: Partial<NodeSettings> = {}): NodeSettings {
  return {
    name: 'n1',
    jobs: '/jobs',
    maxAttempts: 3,
    backoff: 5,
    timeoutMs: 60_000,
    poisonLimit: 3,
    minPriority: LEAST_PRIORITY,
    maxPriority: MOST_PRIORITY,
    maxArgs: 1 << 20,
    unknownJob: 'fail',
    keepLogs: 100,
    retryJobsAtStart: true,
    logJobProcessing: true,
    keeps: () => true,
    ...over,
  }
}

function runnerWith(
  benches: readonly Bench[],
  waiting: JobRecord[] = [],
  over: Partial<NodeSettings> = {},
  more: Partial<RunnerDeps> = {},
) {
  const clock = new StoppedClock()
  const changes: NodeChange[] = []
  const back: JobRecord[] = []
  const executors = new Executors(benches)
  let seq = 100
  const runner = new Runner({
    settings: settingsWith(over),
    executors,
    due: {
      passes: (job, deferred) =>
        !waiting.some((other) => isDeferred(other.lane) === deferred && other !== job),
      take: (deferred) => {
        const at = waiting.findIndex((job) => isDeferred(job.lane) === deferred)
        return at < 0 ? null : (waiting.splice(at, 1)[0] ?? null)
      },
      mayBegin: () => true,
      back: (job) => back.push(job),
      unknown: (job) => back.push(job),
    },
    counts: { begin: () => {}, end: () => {} },
    sayings: { heard: (result) => result, revoked: () => true },
    brought: ({ id, course }) =>
      course.saved ? Promise.resolve({ saved: Buffer.from(id), given: Buffer.alloc(0) }) : null,
    journal: { add: (change) => changes.push(change) },
    clock,
    log: silentLogger,
    random: () => 0.5,
    seq: () => ++seq,
    followUps: { take: () => null },
    ...more,
  })
  const kinds = () => changes.map(({ kind }) => kind)
  return { runner, executors, waiting, back, clock, changes, kinds }
}

const jobs = (ids: readonly string[], over: Partial<JobRecord> = {}) =>
  ids.map((id, i) => record({ id, seq: i + 1, ...over }))

t.test('due jobs are claimed for as much room as there is, in their order', async (t) => {
  const bench = new Bench(['work'])
  const { runner, waiting, kinds } = runnerWith(
    [bench],
    [...jobs(['a', 'b', 'c', 'd']), ...jobs(['x', 'y'], { lane: IMMEDIATE_DEFERRED })],
  )
  runner.pump()
  t.same(bench.ids, [], 'nothing before it may claim')
  runner.claim(true)
  t.same(bench.ids, ['a', 'b', 'x'], 'each kind has its own room')
  t.same(kinds(), ['begin', 'begin', 'begin'])
  runner.conclude([bench.end('a'), bench.end('x')])
  t.same(bench.ids, ['b', 'c', 'y'])
  t.equal(runner.size, 3)
  runner.claim(false)
  runner.conclude([bench.end('b')])
  t.same(bench.ids, ['c', 'y'], 'a node that stops claims no more')
  t.same(
    waiting.map(({ id }) => id),
    ['d'],
  )
})

t.test('an attempt is what the job, its definition and the node say', async (t) => {
  const bench = new Bench([])
  bench.jobs.set('plain', definition('plain'))
  bench.jobs.set('own', definition('own', { timeoutMs: 700, maxAttempts: 7 }))
  const { runner, clock } = runnerWith(
    [bench],
    [
      record({ id: 'a', name: 'plain', course: course({ attempt: 1 }) }),
      record({ id: 'b', name: 'own', agreed: agreed({ maxAttempts: 9, timeout: 0 }) }),
    ],
  )
  clock.time = 5000
  runner.claim(true)
  t.match(bench.running, [
    { attempt: 2, maxAttempts: 3, timeoutMs: 60_000, startedAt: 5000, deferred: false, alone: false },
    { attempt: 1, maxAttempts: 9, timeoutMs: 0 },
  ])
  runner.conclude([bench.end('b')])
  t.equal(runner.running('b'), undefined)
})

t.test("executors' names are their own: a job goes to one that knows it", async (t) => {
  const children = new Bench(['work', 'both'], { evented: 1, deferred: 0 })
  const worker = new Bench(['both', 'local'], { evented: 1, deferred: 0 })
  const { runner, executors } = runnerWith(
    [children, worker],
    [record({ id: 'a', name: 'both' }), record({ id: 'b', name: 'both' }), record({ id: 'c', name: 'work' })],
  )
  t.same(executors.slots, { evented: 2, deferred: 0 })
  runner.claim(true)
  t.same(children.ids, ['a'], 'to the first that has room')
  t.same(worker.ids, ['b'])
  runner.conclude([worker.end('b')])
  t.same(worker.ids, [], 'not to one that does not know it')
  t.notOk(runner.offer(record({ id: 'd', name: 'local' }), { wall: 1000, steady: 1000 }), 'nothing before it')
  runner.conclude([children.end('a')])
  t.same(children.ids, ['c'])
  t.ok(runner.offer(record({ id: 'd', name: 'local' }), { wall: 1000, steady: 1000 }))
  worker.jobs.delete('local')
  children.jobs.set('new', definition('new'))
  executors.learn()
  t.same(executors.definitions.map(({ name }) => name).sort(), ['both', 'new', 'work'])
})

t.test('a job that nobody knows fails without an attempt, or is left', async (t) => {
  const failing = runnerWith([new Bench(['work'])], [record({ name: 'other' })])
  failing.runner.claim(true)
  t.match(failing.changes, [{ kind: 'end', running: false, keep: { state: 'failed' } }])
  t.match(failing.changes, [
    { keep: { job: { course: { attempts: [{ number: 0, error: { code: 'JR_NO_SUCH_JOB' } }] } } } },
  ])
  const leaving = runnerWith([new Bench(['work'])], [record({ name: 'other' })], { unknownJob: 'wait' })
  leaving.runner.claim(true)
  t.same(leaving.changes, [])
  t.match(leaving.back, [{ name: 'other' }], 'it waits again, for a child that knows its name')
})

t.test('a suspect runs alone: nothing is begun before it, nor beside it', async (t) => {
  const bench = new Bench(['work'])
  const suspect = record({ id: 'suspect', course: course({ losses: 2 }) })
  const { runner } = runnerWith([bench], [...jobs(['a']), suspect, ...jobs(['b', 'c'])])
  const fresh = record({ id: 'fresh' })
  const now = { wall: 1000, steady: 1000 }
  runner.claim(true)
  t.same(bench.ids, ['a'])
  t.notOk(runner.offer(fresh, now))
  runner.conclude([bench.end('a')])
  t.match(bench.running, [{ job: { id: 'suspect' }, alone: true }])
  runner.pump()
  t.same(bench.ids, ['suspect'])
  runner.conclude([bench.end('suspect')])
  t.same(bench.ids, ['b', 'c'])
})

t.test('a job is begun on its way to the disk when it is due and nothing is in front of it', async (t) => {
  const cases: [
    what: string,
    begins: boolean,
    job: Partial<JobRecord>,
    how?: 'paused' | 'full' | 'behind',
  ][] = [
    ['at once', true, {}],
    ['not due by the steady clock', false, { due: 1500 }],
    ['due by the wall clock', true, { due: 1500, byWall: true }],
    ['of a name that nobody knows', false, { name: 'other' }],
    ['of a kind without slots', false, { lane: IMMEDIATE_DEFERRED }],
    ['while the node is paused', false, {}, 'paused'],
    ['with no room', false, {}, 'full'],
    ['behind others', false, {}, 'behind'],
  ]
  for (const [what, begins, over, how] of cases) {
    const bench = new Bench(['work'], { evented: how === 'full' ? 0 : 1, deferred: 0 })
    const { runner, waiting, kinds } = runnerWith([bench])
    runner.claim(how !== 'paused')
    if (how === 'behind') waiting.push(record({ id: 'earlier' }))
    t.equal(runner.offer(record({ id: 'late', ...over }), { wall: 2000, steady: 1000 }), begins, what)
    t.same(kinds(), begins ? ['begin'] : [], what)
  }
})

t.test('what becomes of a job that was cancelled while it ran', async (t) => {
  const cases: [AttemptResult['status'], periodMs: number, state: string][] = [
    ['completed', 0, 'completed'],
    ['completed', 1000, 'cancelled'],
    ['failed', 0, 'cancelled'],
    ['lost', 0, 'cancelled'],
    ['cancelled', 0, 'cancelled'],
  ]
  for (const [status, periodMs, state] of cases) {
    const bench = new Bench(['work'])
    const terms = periodMs > 0 ? { period: periodMs / 1000 } : {}
    const { runner, changes } = runnerWith([bench], [record({ agreed: agreed(terms) })])
    runner.claim(true)
    t.ok(runner.cancel('job-1'))
    t.ok(runner.cancel('job-1'), 'once more')
    t.equal(bench.cancelled.length, 1, 'it is asked once')
    runner.conclude([bench.end('job-1', { status })])
    t.match(changes.at(-1), { kind: 'end', report: { state } }, `${status}, period ${periodMs}`)
    t.notOk(runner.cancel('job-1'), 'it does not run any more')
  }
})

t.test('what was interrupted waits as before: no attempt is spent', async (t) => {
  const bench = new Bench(['work'])
  const { runner, changes } = runnerWith([bench], [record({ course: course({ attempt: 1 }) })])
  runner.claim(true)
  runner.claim(false)
  runner.conclude([bench.end('job-1', { status: 'returned' })])
  t.match(changes.at(-1), {
    kind: 'move',
    running: true,
    report: null,
    to: { course: { attempt: 1 }, lane: IMMEDIATE },
  })
})

t.test('a failed attempt waits by the steady clock, and says where it failed', async (t) => {
  const bench = new Bench(['work'])
  const { runner, changes, clock } = runnerWith([bench], [record()])
  runner.claim(true)
  clock.time = 2000
  const error = packError(new TypeError('no'))
  runner.conclude([bench.end('job-1', { status: 'failed', message: 'no', code: 'MINE', error })])
  const to = {
    lane: TIMED,
    due: 7001,
    course: {
      attempt: 1,
      attempts: [
        {
          number: 1,
          node: 'n1',
          child: 7,
          error: { name: 'TypeError', message: 'no', code: 'MINE', stack: /^TypeError: no/ },
        },
      ],
    },
  }
  t.match(changes.at(-1), { kind: 'move', to })
})

t.test('an outcome is kept when somebody waits for it, from the start or since', async (t) => {
  for (const [wanted, watched] of [
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const bench = new Bench(['work'])
    const { runner, changes } = runnerWith([bench], [record({ wanted })])
    runner.claim(true)
    if (watched) t.ok(runner.watch('job-1'))
    runner.conclude([bench.end('job-1')])
    const kept = wanted || watched
    t.match(changes.at(-1), { kind: 'end', report: { state: 'completed' }, outcome: kept ? {} : null })
    // Of one that came while it ran the record does not say so: a note does, until then.
    const wish = { shelf: { name: 'wishes' }, key: 'job-1' }
    const notes = changes.flatMap((change) => ('notes' in change ? (change.notes ?? []) : []))
    t.match(
      notes,
      watched
        ? [
            { ...wish, value: Buffer.alloc(0) },
            { ...wish, value: null },
          ]
        : [],
    )
    t.equal(notes.length, watched ? 2 : 0)
    t.notOk(runner.watch('job-1'))
  }
})

t.test('of a job that was destroyed while it ran nothing is kept', async (t) => {
  const bench = new Bench(['work'])
  const { runner, changes } = runnerWith([bench], [record()])
  t.notOk(runner.discard('job-1'))
  runner.claim(true)
  t.ok(runner.discard('job-1'))
  runner.conclude([bench.end('job-1')])
  t.match(changes.at(-1), { kind: 'end', keep: null })
})

t.test('an attempt that the store did not let begin counts for nothing', async (t) => {
  const bench = new Bench(['work'])
  const job = record()
  const { runner, kinds } = runnerWith([bench], [job])
  runner.claim(true)
  runner.revoke(record())
  t.equal(runner.size, 1, 'another attempt at a job of that id is not meant')
  runner.revoke(job)
  t.equal(runner.size, 0)
  t.equal(bench.cancelled.length, 1)
  runner.conclude([bench.end('job-1')])
  t.same(kinds(), ['begin', 'note'], 'what it has saved goes')
})

t.test(
  'what an attempt has enqueued with its completion comes in the change of its end, or never',
  async (t) => {
    const bench = new Bench(['work'], { evented: 4, deferred: 1 })
    const insert = { kind: 'insert', job: record({ id: 'next' }), ownId: false, number: null } as const
    const inserts = [{ ...insert, origin: null, started: false }]
    let refused: JrError | null = null
    const followUps = { take: () => ({ inserts, refused }) }
    const { runner, waiting, changes } = runnerWith([bench], jobs(['a', 'b', 'c']), {}, { followUps })
    runner.claim(true)
    const last = () => changes.at(-1)
    const [a, b, c] = bench.running as [Attempt, Attempt, Attempt]
    const over = (attempt: Attempt, status: AttemptResult['status']) =>
      runner.conclude([{ ...resultOf(attempt, status, null, 1, 7) }])
    over(a, 'completed')
    t.match(last(), {
      kind: 'together',
      changes: [{ kind: 'end', from: { id: 'a' } }, { job: { id: 'next' } }],
    })
    over(b, 'cancelled')
    t.match(last(), { kind: 'end', from: { id: 'b' } })
    refused = new JrError('JR_NO_SUCH_JOB', 'none')
    over(c, 'completed')
    t.match(last(), { kind: 'move', from: { id: 'c' } }, 'it has not completed, and is tried again')
    t.same(waiting, [])
  },
)
