import t from 'tap'
import { Context, type ContextHost } from '#dist/src/attempt/context.js'
import type { AbortReason, Done, Run } from '#dist/src/attempt/messages.js'
import { type RunRules, runAttempt } from '#dist/src/attempt/run.js'
import { unpack } from '#dist/src/bytes/codec.js'
import { packError, unpackError } from '#dist/src/bytes/error-record.js'
import { packArgs } from '#dist/src/bytes/values.js'
import { JrError } from '#dist/src/errors.js'
import type { JobContext } from '#dist/src/job/job-context.js'
import type { Handler, JobOptions, RegisteredJob } from '#dist/src/job/registry.js'
import { NO_HEADERS } from '#dist/src/job/terms/headers.js'
import { givenBytes } from '#dist/src/pipe/given-bytes.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

const GIVEN = { n: 1 }

type Body = Handler

const NOTHING = Buffer.alloc(0)
const PROTO = '__proto__'

interface Tried {
  readonly options?: JobOptions
  readonly body: Body
  readonly around?: RegisteredJob['around']
  readonly callbacks?: readonly Body[]
  readonly errbacks?: readonly Body[]
  readonly rules?: Partial<RunRules>
  readonly run?: Partial<Run>
  /** Of other jobs. */
  readonly given?: Buffer
  /** What becomes of a job that is enqueued. */
  readonly accepted?: () => Promise<void>
}

/** Runs one attempt in this process, and answers what it says and what it has logged. */
async function attempt(tried: Tried) {
  const { options = {}, body, around = [], callbacks = [], errbacks = [], rules = {}, run = {} } = tried
  const { given: others = NOTHING, accepted = () => Promise.resolve() } = tried
  const given: Run = {
    type: 'run',
    token: 5,
    id: 'job-1',
    name: 'work',
    attempt: 2,
    maxAttempts: 3,
    slot: 0,
    scheduledFor: 0,
    enqueuedAt: 1000,
    startedAt: 1500,
    headers: NO_HEADERS,
    edition: 0,
    follows: false,
    args: packArgs(GIVEN),
    ...run,
  }
  const job: RegisteredJob = {
    name: 'work',
    options,
    handler: body,
    around,
    callbacks: [...callbacks],
    errbacks: [...errbacks],
  }
  const said: string[] = []
  const host: ContextHost = {
    node: 'n1',
    progress: (_, value) => void said.push(`tells ${value}`),
    checkpoint: (_, value) => Promise.resolve(void said.push(`saves ${value}`)),
    log: (_, level, text, facts) => said.push(`${level} ${text} ${facts}`),
    enqueue: (_, name) => ({ id: `of-${name}`, accepted: accepted(), result: () => Promise.reject() }),
  }
  const ctx = new Context(given, host)
  ctx.give(NOTHING, others)
  const done = await runAttempt(given, job, ctx, {
    maxResult: 1000,
    mergeJobItself: false,
    clock: new StoppedClock(),
    onBlocked: (_, ms) => said.push(`blocked ${ms}`),
    onWarning: (_, text) => said.push(text),
    ...rules,
  })
  return { done, args: unpack(done.args), error: errorIn(done), said }
}

const errorIn = ({ error }: Done) => (error.length === 0 ? null : unpackError(error))

const fails = (error: unknown) => () => {
  throw error
}

class CancelJob extends Error {
  override name = 'CancelJob'
}

t.test('the results are the args with what the body and its callbacks have added', async (t) => {
  const cases: [what: string, body: Body, callbacks: Body[], args: object][] = [
    ['assigned', (args) => void Object.assign(args, { x: 2 }), [], { n: 1, x: 2 }],
    ['a plain object is merged', async () => ({ x: 2 }), [], { n: 1, x: 2 }],
    ['anything else is the result', () => [2], [], { n: 1, result: [2] }],
    ['nothing', () => undefined, [], { n: 1 }],
    ['the args themselves', (args) => args, [], { n: 1 }],
    [
      'callbacks in their order, each with what is there',
      () => ({ x: 2 }),
      [(args) => ({ y: Number(args.x) + 1 }), async (args) => ({ z: Number(args.y) + 1 })],
      { n: 1, x: 2, y: 3, z: 4 },
    ],
  ]
  for (const [what, body, callbacks, expected] of cases) {
    const { done, args, error } = await attempt({ body, callbacks })
    t.match(done, { type: 'done', token: 5, status: 'completed', code: '', message: '' }, what)
    t.same(args, expected, what)
    t.equal(error, null, what)
  }
})

t.test('what is around a body is done in order, and what it throws is the failure', async (t) => {
  const said: string[] = []
  const says =
    (who: string): RegisteredJob['around'][number] =>
    async (args, { name }, next) => {
      said.push(`${who} before ${name}`)
      await next()
      said.push(`${who} after ${args.x}`)
    }
  const body: Body = async () => ({ x: said.push('body') })
  const callbacks: Body[] = [() => void said.push('callback')]
  const { args } = await attempt({ body, around: [says('one'), says('two')], callbacks })
  t.same(args, { n: 1, x: 3 })
  t.same(said, ['one before work', 'two before work', 'body', 'two after 3', 'one after 3', 'callback'])
  const left = await attempt({ body, around: [(given) => void Object.assign(given, { left: 'out' })] })
  t.same([left.done.status, left.args], ['completed', { n: 1, left: 'out' }], 'the body does not run')
  const thrown = await attempt({ body, around: [says('one'), fails(new Error('not this one'))] })
  t.match(thrown.done, { status: 'failed', message: 'not this one' })
  const mends: RegisteredJob['around'][number] = (given, _, next) =>
    next().catch(() => void Object.assign(given, { x: 'mended' }))
  t.same((await attempt({ body: fails(new Error('no')), around: [mends] })).args, { n: 1, x: 'mended' })
  const later = await attempt({ body: (_, ctx) => ctx.snooze('1s'), around: [says('one')] })
  t.match(later.done, { status: 'snoozed', retryAfterMs: 1000 })
})

t.test('what is thrown fails the attempt, whatever it is', async (t) => {
  const coded = Object.assign(new RangeError('too far'), { code: 'FAR' })
  const cases: [what: string, thrown: unknown, expected: object][] = [
    ['an error', new Error('no'), { code: 'JR_JOB_FAILED', message: 'no' }],
    ['with a code', coded, { code: 'FAR', message: 'too far' }],
    ['a text', 'no', { code: 'JR_JOB_FAILED', message: 'no' }],
    ['nothing', undefined, { code: 'JR_JOB_FAILED', message: 'undefined' }],
    ['an object', { a: 1 }, { code: 'JR_JOB_FAILED' }],
  ]
  for (const [what, thrown, expected] of cases) {
    const { done, error, args } = await attempt({ body: fails(thrown) })
    t.match(done, { status: 'failed', retryAfterMs: null, ...expected }, what)
    t.match(error, expected, `${what}: the app is told the same`)
    t.same(args, GIVEN, what)
  }
  const rejected = await attempt({ body: async () => Promise.reject(coded) })
  t.match(rejected.error, { name: 'RangeError', code: 'FAR' })
})

t.test('errbacks see the error and what was added; callbacks after a throw do not run', async (t) => {
  const seen: unknown[] = []
  const { done, args } = await attempt({
    body: () => ({ x: 2 }),
    callbacks: [fails(new Error('in a callback')), () => seen.push('never')],
    errbacks: [
      (args) => {
        seen.push((args.error as Error).message, args.x)
        return { told: true }
      },
      fails(new TypeError('in an errback')),
      (args) => void seen.push((args.errbackError as Error).message),
    ],
  })
  t.same(seen, ['in a callback', 2, 'in an errback'])
  t.match(done, { status: 'failed', message: 'in a callback' })
  t.match(args, { n: 1, x: 2, told: true, errbackError: { name: 'TypeError', message: 'in an errback' } })
  t.notOk(Object.hasOwn(args as object, 'error'))
})

t.test('a job can cancel itself: in its body, where no errback is told, or in an errback', async (t) => {
  const seen: unknown[] = []
  const inBody = await attempt({ body: fails(new CancelJob('enough')), errbacks: [() => seen.push('never')] })
  t.match(inBody.done, { status: 'cancelled', code: 'JR_CANCELLED', message: 'enough', retryAfterMs: null })
  const inErrback = await attempt({
    body: fails(new Error('no')),
    errbacks: [fails(new CancelJob('enough'))],
  })
  t.equal(inErrback.done.status, 'cancelled')
  t.same(seen, [])
})

t.test('a job can give up: in its body, where its errbacks are told, or in an errback', async (t) => {
  class FailJob extends Error {
    override name = 'FailJob'
  }
  const seen: unknown[] = []
  const told = (args: { error?: unknown }) => void seen.push((args.error as Error).message)
  const code = { code: 'NO_ACCOUNT' }
  const options = { backoff: () => void seen.push('never') as never }
  const body = fails(Object.assign(new FailJob('no such account', { cause: new Error('404') }), code))
  const inBody = await attempt({ body, errbacks: [told], options })
  t.match(inBody.done, { status: 'given-up', message: 'no such account', retryAfterMs: null, ...code })
  t.match(inBody.error, { name: 'FailJob', message: 'no such account', cause: { message: '404' }, ...code })
  const inErrback = await attempt({ body: fails(new Error('no')), errbacks: [fails(new FailJob()), told] })
  t.match(inErrback.done, { status: 'given-up', code: 'JR_JOB_FAILED', message: 'no' })
  t.same(seen, ['no such account', 'no'])
})

t.test('a job can go on later: from its body, a callback or an errback', async (t) => {
  const later: Body = (args, ctx) => {
    args.x = 2
    return ctx.snooze('5m')
  }
  const seen: unknown[] = []
  const never = () => seen.push('never')
  for (const tried of [
    { body: later, callbacks: [never], errbacks: [never] },
    { body: () => ({ y: 1 }), callbacks: [later, never], errbacks: [never] },
    { body: fails(new Error('no')), errbacks: [later] },
  ]) {
    const { done, args } = await attempt(tried)
    t.match(done, { status: 'snoozed', retryAfterMs: 300_000, code: '', message: '' })
    t.same(args, GIVEN, 'as they came')
  }
  class CancelledJob extends CancelJob {}
  const cancelled = await attempt({ body: fails('no'), errbacks: [later, fails(new CancelledJob('enough'))] })
  t.equal(cancelled.done.status, 'cancelled')
  const overdue = await attempt({
    body: (args, ctx) => {
      ;(ctx as Context).abort('timeout')
      return later(args, ctx)
    },
  })
  t.equal(overdue.done.status, 'timeout', 'too late')
  for (const bad of [0, -1, 'soon', Number.NaN, null]) {
    const { error } = await attempt({ body: (_, ctx) => ctx.snooze(bad as number) })
    t.match(error, { name: 'TypeError', message: /^ctx\.snooze: the duration: expected/ })
  }
  const unused = await attempt({ body: (_, ctx) => void ctx.snooze(1) })
  t.equal(unused.done.status, 'completed')
  t.same(seen, [])
})

t.test('an attempt that is asked to end ends as it was asked, whether it throws then or not', async (t) => {
  const aborted = (reason: AbortReason, after: (ctx: JobContext) => unknown): Body => {
    return async (args, ctx) => {
      args.x = 2
      queueMicrotask(() => (ctx as Context).abort(reason))
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
      return after(ctx)
    }
  }
  const throwsIt = (ctx: JobContext) => ctx.signal.throwIfAborted()
  const goesOn = () => ({ y: 3 })
  const cases: [
    AbortReason,
    after: (ctx: JobContext) => unknown,
    Done['status'],
    code: string,
    args: object,
  ][] = [
    ['timeout', throwsIt, 'timeout', 'JR_TIMEOUT', { n: 1, x: 2 }],
    ['timeout', goesOn, 'timeout', 'JR_TIMEOUT', { n: 1, x: 2, y: 3 }],
    ['cancel', throwsIt, 'cancelled', 'JR_CANCELLED', { n: 1, x: 2 }],
    ['cancel', goesOn, 'cancelled', 'JR_CANCELLED', { n: 1, x: 2, y: 3 }],
    ['shutdown', throwsIt, 'returned', '', GIVEN],
    ['shutdown', goesOn, 'completed', '', { n: 1, x: 2, y: 3 }],
  ]
  for (const [reason, after, status, code, expected] of cases) {
    const told: unknown[] = []
    const errbacks: Body[] = [(args) => void told.push((args.error as Error).message)]
    const { done, args } = await attempt({ body: aborted(reason, after), errbacks })
    t.match(done, { status, code }, `${reason}: ${status}`)
    t.same(args, expected)
    t.equal(told.length, status === 'timeout' ? 1 : 0, 'only of a time-out is it told')
  }
  const late = await attempt({
    body: (_, ctx) => {
      const own = ctx as Context
      own.abort('timeout')
      own.abort('cancel')
      return ctx.signal.aborted
    },
  })
  t.equal(late.done.status, 'timeout', 'it is asked once; a signal that is asked for later has aborted')
})

t.test('results that cannot be sent fail the attempt; it gives its args back as they came', async (t) => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const cases: [what: string, body: Body, code: string, message: RegExp][] = [
    ['a function', () => ({ f: () => {} }), 'JR_RESULT_NOT_SERIALIZABLE', /cannot be sent: .*f/],
    ['a circle', () => cyclic, 'JR_RESULT_NOT_SERIALIZABLE', /cannot be sent/],
    ['too large', () => ({ text: 'x'.repeat(2000) }), 'JR_RESULT_TOO_LARGE', /1000 \(option maxResult\)/],
  ]
  for (const [what, body, code, message] of cases) {
    const { done, args } = await attempt({ body })
    t.match(done, { status: 'failed', code, message }, what)
    t.same(args, GIVEN, what)
  }
  const lastly = await attempt({ body: fails(new Error('first')), errbacks: [() => ({ f: () => {} })] })
  t.match(lastly.done, { status: 'failed', message: 'first' }, 'the failure that counts is the first')
  t.same(lastly.args, GIVEN)
})

t.test('args that are no packed object fail the attempt', async (t) => {
  for (const args of [Buffer.alloc(0), Buffer.from([0x93, 1, 2, 3]), Buffer.from([0xc1])]) {
    const { done } = await attempt({ body: () => undefined, run: { args } })
    t.match(done, { status: 'failed', code: 'JR_PROTOCOL' })
  }
})

t.test('a back-off function says when the next attempt is', async (t) => {
  const cases: [answer: unknown, ms: number | null, warned: boolean][] = [
    [1.5, 1500, false],
    [0, 0, false],
    [Number.POSITIVE_INFINITY, 1e12, false],
    [-1, null, true],
    ['2s', null, true],
    [Number.NaN, null, true],
  ]
  for (const [answer, ms, warned] of cases) {
    const asked: unknown[] = []
    const backoff = (n: number, error: Error) => {
      asked.push(n, error.message)
      return answer as number
    }
    const { done, said } = await attempt({ options: { backoff }, body: fails(new Error('no')) })
    t.equal(done.retryAfterMs, ms, String(answer))
    t.same(asked, [2, 'no'])
    t.equal(said.length, warned ? 1 : 0)
  }
  const throwing = await attempt({ options: { backoff: fails(new Error('mine')) }, body: fails('no') })
  t.match(throwing, { done: { status: 'failed', retryAfterMs: null }, said: [/threw/] })
})

t.test('a synchronous part that holds the loop is told of', async (t) => {
  for (const [ms, told] of [
    [200, []],
    [201, ['blocked 201']],
  ] as const) {
    const clock = new StoppedClock()
    const body = () => {
      clock.time += ms
    }
    t.same((await attempt({ body, rules: { clock } })).said, told)
  }
})

t.test('what an earlier attempt has saved, and what this one saves', async (t) => {
  const value = { at: new Date(5), next: [1, 2n] }
  const host = { checkpoint: (_: Run, value: unknown) => Promise.resolve(void said.push(value)) }
  const said: unknown[] = []
  const ctx = new Context({} as Run, host as unknown as ContextHost)
  t.equal(ctx.saved, undefined)
  ctx.give(NOTHING, NOTHING)
  t.equal(ctx.saved, undefined)
  ctx.give(packArgs(value), NOTHING)
  t.same(ctx.saved, value)
  t.equal(ctx.saved, ctx.saved, 'one value')
  await ctx.checkpoint('more')
  t.same([said, ctx.saved], [['more'], value], 'as it was at the beginning')
})

t.test('a context says what the job is, and asks its host for the rest', async (t) => {
  const seen: unknown[] = []
  const { said, args } = await attempt({
    body: (_, ctx) => {
      const { id, name, attempt, maxAttempts, node, run, scheduledFor, enqueuedAt, startedAt } = ctx
      seen.push({ id, name, attempt, maxAttempts, node, run, scheduledFor, enqueuedAt, startedAt })
      ctx.log.warn('text', { a: 1 })
      return { other: ctx.enqueue('other').id }
    },
    rules: { mergeJobItself: true },
    run: { slot: 3, scheduledFor: 900 },
    callbacks: [(args) => void seen.push(args.jobItself)],
  })
  const facts = {
    id: 'job-1',
    name: 'work',
    attempt: 2,
    maxAttempts: 3,
    node: 'n1',
    run: 4,
    scheduledFor: new Date(900),
    enqueuedAt: new Date(1000),
    startedAt: new Date(1500),
  }
  t.same(seen, [facts, facts])
  t.same(said, ['warn text {"a":1}'])
  t.same(args, { n: 1, other: 'of-other' }, 'jobItself is not sent back')
})

t.test('a job sees how the jobs that it needs have ended, and its children', async (t) => {
  const failure = packError(new JrError('JR_JOB_FAILED', 'no'))
  const seen = {
    id: '1',
    name: 'fetch',
    state: 'completed',
    args: packArgs({ file: 'a' }),
    error: NOTHING,
  } as const
  const given = givenBytes({
    needs: [
      { ...seen, key: 'a' },
      { ...seen, key: PROTO, state: 'failed', args: null, error: failure },
    ],
    others: {
      completed: 3,
      failed: 1,
      cancelled: 0,
      failures: [{ ...seen, key: 'b', state: 'failed', error: failure }],
    },
    children: [
      { ...seen, key: 'c' },
      { ...seen, key: 'd', state: null, args: NOTHING },
    ],
  })
  const { done } = await attempt({
    given,
    body: async (_, { needs, others, children }) => {
      t.same(Object.keys(needs), ['a', PROTO])
      t.match(needs.a, { id: '1', name: 'fetch', state: 'completed', args: { file: 'a' }, error: null })
      t.match(needs[PROTO], { state: 'failed', error: { code: 'JR_JOB_FAILED', message: 'no' } })
      t.throws(() => needs[PROTO]?.args, { code: 'JR_NEEDS_TOO_LARGE' })
      t.match(others, {
        completed: 3,
        failed: 1,
        cancelled: 0,
        failures: { b: { error: { message: 'no' } } },
      })
      t.match(children, [
        { state: 'completed', args: { file: 'a' } },
        { state: null, args: {}, error: null },
      ])
    },
  })
  t.equal(done.status, 'completed')
})

t.test('a job waits for its children when it has some, and they are jobs', async (t) => {
  const waits: Body = async (_, ctx) => {
    ctx.enqueue('part', {}, { child: true })
    return ctx.waitForChildren()
  }
  t.equal((await attempt({ body: waits })).done.status, 'waiting')
  const accepted = () => Promise.reject(new JrError('JR_NO_SUCH_JOB', 'none'))
  t.match((await attempt({ body: waits, accepted })).done, { status: 'failed', code: 'JR_NO_SUCH_JOB' })
  const none = await attempt({ body: async (_, ctx) => ctx.waitForChildren() })
  t.match(none.done, { status: 'failed', message: /^ctx\.waitForChildren: this job has no child/ })
})
