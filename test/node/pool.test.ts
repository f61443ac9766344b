import t from 'tap'
import type { Child, ChildHandlers, ChildOptions } from '#dist/node/executors/children/child.js'
import { Pool } from '#dist/node/executors/children/pool.js'
import type { Attempt, AttemptResult, Brought } from '#dist/node/run/attempt.js'
import { JrError } from '#dist/src/errors.js'
import type { JobDefinition } from '#dist/src/job/definition.js'
import { silentLogger } from '#dist/src/logger.js'
import type { FromChild, ToChild } from '#dist/src/pipe/messages.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'

const NOTHING = Buffer.alloc(0)
const definition: JobDefinition = {
  name: 'work',
  defer: false,
  timeoutMs: null,
  maxAttempts: null,
  backoff: null,
  limits: null,
  keepLogs: null,
}

let pids = 100

/** No process: the test says what it says. */
class PlayedChild implements Child {
  readonly attempts = new Map<number, Attempt>()
  status: Child['status'] = 'starting'
  deferred: boolean | null = null
  begun = 0
  readyAt = 0
  heardAt = 0
  pinged = false
  watched = false
  held = false
  reads = true
  bytes = 0
  killed = false
  readonly pid = ++pids
  readonly startedAt = 0
  readonly sent: ToChild[] = []
  readonly #handlers: ChildHandlers
  constructor(_options: ChildOptions, handlers: ChildHandlers) {
    this.#handlers = handlers
  }
  get usable() {
    return this.status === 'ready'
  }
  hold(on: boolean) {
    this.held = on
  }
  send(message: ToChild) {
    this.sent.push(message)
  }
  memory() {
    return this.bytes
  }
  kill(why = '') {
    if (this.killed) return
    this.killed = true
    queueMicrotask(() => {
      this.status = 'gone'
      this.#handlers.onGone(this, why)
    })
  }
  ready() {
    this.status = 'ready'
    this.readyAt = 1
    this.#handlers.onReady(this, [definition])
  }
  says(...messages: FromChild[]) {
    this.#handlers.onMessages(this, messages)
  }
  done(...tokens: number[]) {
    this.says(
      ...tokens.map((token) => ({
        type: 'done' as const,
        token,
        status: 'completed' as const,
        args: NOTHING,
        error: NOTHING,
        code: '',
        message: '',
        retryAfterMs: null,
      })),
    )
  }
  get aborted() {
    return this.sent.flatMap((message) => (message.type === 'abort' ? [[message.token, message.reason]] : []))
  }
}

async function pool(over: { [option: string]: number } = {}) {
  const clock = new StoppedClock()
  const children: PlayedChild[] = []
  const results: AttemptResult[] = []
  const checkpoints: [token: number, value: Buffer, done: (error: JrError | null) => void][] = []
  const seen = { capacity: 0, failures: 0 }
  const made = new Pool(
    {
      name: 'a',
      jobs: '',
      dir: '',
      children: 2,
      deferredChildren: 1,
      standbyChildren: 0,
      concurrency: 3,
      maxJobsPerChild: 0,
      maxMemoryPerChild: 0,
      maxArgs: 1000,
      maxResult: 1000,
      timeoutGraceMs: 500,
      mergeJobItselfToArgs: false,
      env: {},
      imports: [],
      withheld: [],
      ...over,
    },
    {
      onJobs: () => {},
      onResults: (some) => results.push(...some),
      onCapacity: () => seen.capacity++,
      onEnqueue: () => {},
      onProgress: () => {},
      onLine: () => {},
      onCheckpoint: (by, value, done) => checkpoints.push([by.token, value, done]),
      onRoom: () => {},
      onGone: () => {},
      onFailure: () => seen.failures++,
    },
    {
      clock,
      log: silentLogger,
      spawn: (options, handlers) => {
        const child = new PlayedChild(options, handlers)
        children.push(child)
        return child
      },
    },
  )
  const started = made.start()
  for (const child of [...children]) child.ready()
  await started
  let token = 0
  const run = (over: Partial<Attempt> = {}): number => {
    token++
    const job = record({ id: `j${token}` })
    made.run({
      token,
      job,
      attempt: 1,
      brought: null,
      maxAttempts: 3,
      startedAt: 1000,
      timeoutMs: 0,
      deferred: false,
      alone: false,
      ...over,
    })
    return token
  }
  const told = () => results.splice(0).map(({ attempt, status, code }) => [attempt.token, status, code])
  const working = () => children.filter(({ killed }) => !killed)
  return { made, clock, children, seen, run, told, working, checkpoints }
}

const tick = () => new Promise<void>((resolve) => queueMicrotask(resolve))

t.test('an attempt goes to the child of its kind with the most room, as long as there is some', async (t) => {
  const { made, children, run, told } = await pool()
  t.same(made.slots, { evented: 6, deferred: 1 })
  for (let i = 0; i < 6; i++) {
    t.ok(made.hasRoom(false, false))
    run()
  }
  t.notOk(made.hasRoom(false, false))
  const evented = children.filter(({ deferred }) => deferred === false)
  t.same(
    evented.map(({ attempts }) => [...attempts.keys()]),
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
  )
  t.ok(made.hasRoom(true, false), 'the other kind has its own')
  const blocking = run({ deferred: true })
  t.notOk(made.hasRoom(true, false))
  const [first, second] = evented
  first?.done(3, 1)
  t.same(told(), [
    [3, 'completed', ''],
    [1, 'completed', ''],
  ])
  second?.done(5)
  t.same(told(), [], 'an attempt of another child')
  if (second !== undefined) second.reads = false
  run()
  t.ok(first?.attempts.has(blocking + 1), 'one that does not read is given nothing')
})

t.test('a suspect runs on a child with nothing else, and nothing is put beside it', async (t) => {
  const { made, children, run } = await pool({ children: 1 })
  t.ok(made.hasRoom(false, true))
  const suspect = run({ alone: true })
  t.notOk(made.hasRoom(false, false))
  children[0]?.done(suspect)
  run()
  t.ok(made.hasRoom(false, false))
  t.notOk(made.hasRoom(false, true), 'another runs there')
})

t.test('an attempt that does not end at its time is asked to; then its child is killed', async (t) => {
  const { clock, children, run, told, working } = await pool({ children: 1, deferredChildren: 0 })
  const [child] = children
  const late = run({ timeoutMs: 2000 })
  const beside = run()
  while (child?.aborted.length === 0) clock.fire()
  t.same(child?.aborted, [[late, 'timeout']])
  t.same(told(), [])
  while (child?.killed === false) clock.fire()
  t.same(told(), [
    [late, 'timeout', 'JR_TIMEOUT'],
    [beside, 'returned', ''],
  ])
  t.equal(working().length, 1, 'another takes its place')
})

t.test('what ran on a child that is lost is told as lost, and there is room again', async (t) => {
  const { made, children, seen, run, told, working } = await pool({ children: 1, deferredChildren: 0 })
  const tokens = [run(), run()]
  const before = seen.capacity
  children[0]?.kill('killed by SIGKILL')
  await tick()
  t.same(
    told(),
    tokens.map((token) => [token, 'lost', 'JR_CHILD_LOST']),
  )
  t.ok(seen.capacity > before)
  t.notOk(made.hasRoom(false, false), 'not before the next one is ready')
  working()[0]?.ready()
  t.ok(made.hasRoom(false, false))
})

t.test(
  'a child that has done its share, or is too large, is replaced when all on it has ended',
  async (t) => {
    for (const [over, bytes] of [
      [{ maxJobsPerChild: 2 }, 0],
      [{ maxMemoryPerChild: 1000 }, 1001],
    ] as const) {
      const { children, run, told } = await pool({ children: 1, deferredChildren: 0, ...over })
      const [child] = children
      if (child !== undefined) child.bytes = bytes
      const [first, second] = [run(), run()]
      child?.done(first)
      t.same([child?.status, children.length], ['retiring', 2])
      child?.done(second)
      t.ok(child?.killed)
      t.same(told(), [
        [first, 'completed', ''],
        [second, 'completed', ''],
      ])
    }
  },
)

t.test('children are replaced when they are asked to, each when what runs on it has ended', async (t) => {
  const { made, clock, children, run, seen, working } = await pool({
    deferredChildren: 0,
    standbyChildren: 1,
  })
  children[1]?.ready()
  children[2]?.ready()
  const token = run()
  const busy = children.find(({ attempts }) => attempts.has(token))
  t.equal(made.staff.recycle(-1), 0, 'there is none')
  t.equal(made.staff.recycle(), 3)
  await tick()
  t.same(
    children.slice(0, 3).map(({ status }) => status),
    children.slice(0, 3).map((child) => (child === busy ? 'retiring' : 'gone')),
  )
  t.equal(working().length - 1, 3, 'others take their places, one stands by')
  t.equal(made.staff.recycle(busy?.pid ?? 0), 0, 'it is to end already')
  for (const child of children.slice(3)) child.ready()
  busy?.done(token)
  t.ok(busy?.killed)
  await tick()
  for (let again = 0; again < 5; again++) {
    t.equal(made.staff.recycle(), 3)
    await tick()
    for (const child of working()) child.ready()
  }
  t.equal(seen.failures, 0, 'that is no failure of theirs')
  t.equal(working().length, 3)
  clock.fire()
})

t.test('when the node stops, what runs may end; what does not is given back', async (t) => {
  const { made, clock, children, run, told } = await pool({ children: 1, deferredChildren: 0 })
  const [child] = children
  const [quick, obedient, deaf] = [run(), run(), run()]
  const stopped = made.stop(3000)
  t.notOk(made.hasRoom(false, false))
  child?.done(quick)
  t.same(told(), [[quick, 'completed', '']])
  while (child?.aborted.length === 0) clock.fire()
  t.same(child?.aborted, [
    [obedient, 'shutdown'],
    [deaf, 'shutdown'],
  ])
  child?.done(obedient)
  t.same(told(), [[obedient, 'completed', '']])
  // Its child is killed only after this.
  while (child?.killed === false) {
    clock.fire()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.same(told(), [[deaf, 'returned', '']])
  await stopped
})

t.test('what a child asks for an attempt that is over is refused', async (t) => {
  const { children, run } = await pool({ children: 1, deferredChildren: 0 })
  const [child] = children
  const over = run()
  child?.done(over)
  child?.says({
    type: 'enqueue',
    token: over,
    request: 9,
    job: record({ id: 'made' }),
    delayMs: null,
    byWall: false,
    heldMs: 0,
    wanted: false,
  } as never)
  t.match(child?.sent.at(-1), { type: 'enqueue-reply', request: 9, what: 'accepted', ok: false })
})

t.test(
  'what a job saves goes to the node, which answers; what it had saved comes before it begins',
  async (t) => {
    const { run, children, checkpoints } = await pool()
    let give: (value: Brought) => void = () => {}
    const brought = new Promise<Brought>((resolve) => {
      give = resolve
    })
    const nothing = { saved: NOTHING, given: Buffer.from('needs') }
    const [first, second] = [run({ brought }), run({ brought: Promise.resolve(nothing) })]
    const [one] = children.filter(({ attempts }) => attempts.has(first))
    const [other] = children.filter(({ attempts }) => attempts.has(second))
    if (one === undefined || other === undefined) throw new Error('they run nowhere')
    const of = (child: PlayedChild, type: string) => child.sent.filter((message) => message.type === type)
    t.match(of(one, 'run'), [{ token: first, follows: true }])
    t.same(of(one, 'brought'), [])
    give({ saved: Buffer.from('value'), given: NOTHING })
    await brought
    await brought
    t.match(of(one, 'brought'), [{ token: first, saved: Buffer.from('value') }])
    t.match(of(other, 'brought'), [{ token: second, ...nothing }], 'nothing was saved')
    one.says({ type: 'checkpoint', token: first, value: Buffer.from('more') })
    one.says({ type: 'checkpoint', token: 99, value: Buffer.from('over') })
    t.match(checkpoints, [[first, Buffer.from('more')]])
    const [[, , done] = []] = checkpoints
    done?.(null)
    done?.(new JrError('JR_STOPPED', 'over'))
    const answers = one.sent.flatMap((message) =>
      message.type === 'checkpointed' ? [message.error.length > 0] : [],
    )
    t.same(answers, [false, true])
  },
)
