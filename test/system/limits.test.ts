import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { ByteWriter } from '#dist/src/bytes/byte-writer.js'
import { pack } from '#dist/src/bytes/codec.js'
import { packArgs } from '#dist/src/bytes/values.js'
import { systemChance } from '#dist/src/chance.js'
import { systemClock } from '#dist/src/clock.js'
import { JrError } from '#dist/src/errors.js'
import type { Wait } from '#dist/src/job/due.js'
import { TERMS } from '#dist/src/job/terms/table.js'
import { silentLogger } from '#dist/src/logger.js'
import { formatAddress, parseAddress } from '#dist/src/wire/address.js'
import type { JobFields } from '#dist/src/wire/job-fields.js'
import { type Link, Links, type LinksOptions } from '#dist/src/wire/links.js'
import type { Enqueue, LinkMessage } from '#dist/src/wire/messages.js'
import { CLI, event, folder, JOBS, startApp, startNode, toApp } from './harness.js'
import { enqueueOf, welcomeOf } from './raw-peer.js'

const REFUSED = { name: 'TypeError' }
/** Random messages that are made at once, and of them those that are under way at once. */
const CHUNK = 1000
const UNDER_WAY = 50

t.test('what could not be sent is refused at the call, with its path; nothing else is held up', async (t) => {
  const { app, address } = await startApp(t)
  const lost: unknown[] = []
  app.on('node:disconnected', (facts) => lost.push(facts))
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  const bad: [object, RegExp][] = [
    [{ runAt: '9999-12-31' }, /^opts\.runAt: expected .* before the year 3000, got '9999-12-31'/],
    [{ runAt: Date.now() * 1e6 }, /^opts\.runAt: .* before the year 3000/],
    [{ runAt: new Date(8.64e15) }, /^opts\.runAt: .* before the year 3000/],
    [{ runAt: new Date(Number.NaN) }, /^opts\.runAt: /],
    [{ maxAttempts: 2 ** 53 }, /^opts\.maxAttempts: expected a whole number from 1 to 2147483647, got/],
    [{ maxAttempts: 1.5 }, /^opts\.maxAttempts: /],
    [
      { notNode: Array.from({ length: 300 }, (_, i) => `n${i}`) },
      /^opts\.notNode: expected at most 256 names/,
    ],
    [{ notNode: ['a', 'b\ud800'] }, /^opts\.notNode\[1\]: .* without half of a surrogate pair/],
    [{ node: 'x'.repeat(257) }, /^opts\.node: expected text of 1 to 256/],
    [{ id: '\udfff' }, /^opts\.id: /],
    [{ after: '365001d' }, /^opts\.after: expected .* from 0 to 365000 days/],
    [{ after: Number.POSITIVE_INFINITY }, /^opts\.after: /],
    [{ period: 1e300 }, /^opts\.period: /],
    [{ timeout: '366000d' }, /^opts\.timeout: /],
    [{ backoff: 1e10 }, /^opts\.backoff: /],
    [
      { backoff: { type: 'linear', delay: 1, max: 1e300 } },
      /^opts\.backoff\.max: expected seconds, 0 to 1000000000/,
    ],
    [{ missed: 'all' }, /^opts\.missed: expected opts\.period beside it/],
  ]
  for (const [options, message] of bad)
    t.throws(() => app.enqueue('echo', {}, options), { ...REFUSED, message })
  t.throws(() => app.enqueue('x'.repeat(257)), {
    ...REFUSED,
    message: /^enqueue: the job's name: expected text/,
  })
  t.throws(() => app.enqueue('echo', { at: new Date('never') }), {
    ...REFUSED,
    message: /^args\.at is an invalid Date/,
  })
  await t.rejects(app.cancel('x'.repeat(300)), { ...REFUSED, message: /^cancel: id: expected text/ })
  await t.rejects(app.cancel(7 as never), REFUSED)
  await t.rejects(app.monitor().load(''), { ...REFUSED, message: /^load: id: / })
  await t.rejects(app.monitor({ node: 'n1' }).destroy('y'.repeat(257)), REFUSED)
  await t.rejects(app.monitor().jobsFor('n1', { limit: 0 }), {
    ...REFUSED,
    message: /^query\.limit: .* from 1 to 1000/,
  })
  await t.rejects(app.monitor().jobsFor('n1', { name: '\ud800' }), REFUSED)
  await t.rejects(app.monitor().jobsFor('n1', { after: 'z'.repeat(5000) }), REFUSED)
  t.throws(() => app.monitor({ node: '' }), REFUSED)
  const edge = {
    notNode: Array.from({ length: 256 }, (_, i) => `${i}`.padEnd(256, 'ü')),
    maxAttempts: 2 ** 31 - 1,
  }
  t.match(await app.enqueue('echo', { value: 1 }, { ...edge, timeout: '365000d' }).result(), { echoed: 1 })
  await app.enqueue('echo', {}, { runAt: '2999-12-31', id: 'ü'.repeat(256) }).accepted
  t.equal(await app.cancel('ü'.repeat(256)), 'cancelled')
  const many = await app
    .enqueue('echo', { value: Array.from({ length: 200_000 }, (_, i) => i % 100) })
    .result()
  t.equal((many as { echoed: number[] }).echoed.length, 200_000, 'many small values')
  await t.rejects(app.enqueue('leaves_unreadable').result(), { code: 'OWN', message: 'its own error' })
  t.same(lost, [])
})

t.test('a job that asks past the limits is told so; its child and its neighbours go on', async (t) => {
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  const asked = async (what: object) => {
    const { asked } = (await app.enqueue('asks', what as never).result()) as {
      asked: { [key: string]: unknown }
    }
    return asked
  }
  const first = await asked({ name: 'echo' })
  const cases: [object, object][] = [
    [{ name: 'echo', opts: { runAt: '9999-12-31' } }, { refused: /TypeError: opts\.runAt/ }],
    [{ name: 'x'.repeat(257) }, { refused: /TypeError: ctx\.enqueue: the job's name/ }],
    [{ name: '' }, { refused: /TypeError/ }],
    [{ name: 'echo', opts: { notNode: Array(257).fill('n') } }, { refused: /TypeError: opts\.notNode/ }],
  ]
  for (const [what, answer] of cases) t.match(await asked(what), { ...answer, pid: first.pid })
  const large = { name: 'echo', big: 300_000 }
  t.match(await asked(large), { code: 'JR_ARGS_TOO_LARGE', pid: first.pid })
})

t.test('what one side could not take from the other is refused as configuration', async (t) => {
  const dir = folder(t)
  const node = (...flags: string[]) =>
    spawnSync(
      process.execPath,
      [CLI, 'node', '--jobs', JOBS, '--dir', dir, '--listen', '127.0.0.1:0', ...flags],
      {
        encoding: 'utf8',
        timeout: 20_000,
      },
    )
  const large = node('--name', 'n1', '--max-args', '32MiB')
  t.match(large.stderr, /option maxFrame: expected at least \d+ bytes, for maxArgs is 33554432/s)
  t.not(large.status, 0)
  t.match(node('--name', 'n'.repeat(300)).stderr, /flag --name: expected text of 1 to 256 characters/s)
  for (const name of ['a'.repeat(300), 'half\ud83d', ''])
    await t.rejects(new Distributor().start({ name, port: 0 }), { code: 'JR_BAD_CONFIG' })
  await t.rejects(new Distributor().start({ port: 0, maxFrame: '2GiB' }), { code: 'JR_BAD_CONFIG' })
})

t.test('an app that takes smaller frames than a result needs is told that; the others come', async (t) => {
  const { app, address } = await startApp(t, { maxFrame: '1MiB' })
  const lost: unknown[] = []
  app.on('node:disconnected', (facts) => lost.push(facts))
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t), '--max-result', '4MiB'])
  await app.ready
  const large = app.enqueue('fills', { bytes: 3 * 1024 * 1024 })
  const small = app.enqueue('fills', { bytes: 1000 })
  await t.rejects(large.result(), {
    code: 'JR_RESULT_TOO_LARGE',
    message: /ended as completed.*its option maxFrame/,
  })
  t.equal(((await small.result()) as { filled: string }).filled.length, 1000)
  t.same(lost, [])
})

/** A peer of a real app or node that says what it likes, in whole frames. */
async function peer(
  t: Test,
  role: 'node' | 'distributor',
  to: string,
  over: Partial<LinksOptions>,
): Promise<Link> {
  let found: (link: Link) => void = () => {}
  const linked = new Promise<Link>((resolve) => {
    found = resolve
  })
  const onLink = over.onLink
  const links = new Links({
    identity: () => ({ role, name: `${role}-x`, instance: `${role}-life` }),
    secret: null,
    maxFrame: 16 << 20,
    heartbeatMs: 1000,
    allowRemoteWithoutSecret: false,
    log: silentLogger,
    clock: systemClock,
    chance: { ...systemChance, random: () => 0 },
    backoff: { minMs: 5, maxMs: 10 },
    ...over,
    onLink: (link) => {
      found(link)
      return onLink?.(link) ?? { onMessages: () => {}, onClose: () => {} }
    },
  })
  t.teardown(() => links.stop())
  links.dial(parseAddress(to, 'to'))
  return linked
}

/** A block of terms that this build would not make. */
function block(write: (w: ByteWriter) => void): Partial<JobFields> {
  const w = new ByteWriter()
  write(w)
  return { agreed: { terms: {}, bytes: w.take(), highest: 1 } }
}
t.test('a node refuses what it cannot read by itself, and does what comes beside it', async (t) => {
  const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--store', 'memory'])
  const got: LinkMessage[] = []
  let wake = () => {}
  let closed = false
  const link = await peer(t, 'distributor', node.address, {
    onLink: () => ({
      onMessages: (messages) => {
        got.push(...messages)
        wake()
      },
      onClose: () => {
        closed = true
        wake()
      },
    }),
  })
  const until = async (test: () => boolean) => {
    while (!test() && !closed)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  const has = (type: string, count: number) => () =>
    got.filter((message) => message.type === type).length >= count
  await until(has('welcome', 1))
  let number = 0
  const enqueue = (over: Partial<JobFields>, wait: Partial<Wait> = {}) => {
    number++
    const job = { id: `job-${number}`, args: packArgs({ value: number }), ...over }
    link.channel.send(enqueueOf(number, job, wait))
  }
  enqueue({})
  enqueue({}, { delayMs: 2 ** 53 - 1 })
  enqueue({ name: '' })
  enqueue({ args: pack([1, 2, 3]) })
  enqueue({ args: Buffer.from([0xc1]) })
  enqueue({ args: Buffer.alloc(0) })
  const { notNode, maxAttempts } = TERMS
  enqueue(block((w) => [w.uint(notNode.no), notNode.write(w, Array(300).fill('n'))]))
  enqueue(block((w) => [w.uint(maxAttempts.no), maxAttempts.write(w, 2 ** 40)]))
  enqueue(block((w) => [w.uint(TERMS.defer.no), w.flag(true), w.uint(TERMS.defer.no), w.flag(true)]))
  enqueue(block((w) => [w.uint(TERMS.missed.no), w.u8(0)]))
  enqueue(block((w) => [w.uint(TERMS.node.no), w.text('')]))
  enqueue(block((w) => w.uint(1000)))
  enqueue({ id: 'x'.repeat(300) })
  enqueue({})
  link.channel.send({ type: 'cancel', request: 1, id: '' })
  link.channel.send({ type: 'watch', request: 2, id: 'y'.repeat(300), key: '' })
  link.channel.send({ type: 'request', request: 3, verb: 'load', body: Buffer.from([0xc1]) })
  link.channel.send({ type: 'request', request: 4, verb: 'load', body: pack({ id: 'z'.repeat(300) }) })
  link.channel.send({ type: 'request', request: 5, verb: 'no-such', body: pack({}) })
  await until(has('reply', 5))
  await until(has('outcome', 2))
  const numbers = got.flatMap((message) => (message.type === 'refused' ? [message.number] : []))
  t.same(numbers, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 'each by its number')
  const ended = got.flatMap((message) => (message.type === 'outcome' ? [message.outcome.id] : []))
  t.same(ended.sort(), ['job-1', 'job-14'])
  t.same(
    got.flatMap((message) => (message.type === 'reply' ? [message.ok] : [])),
    [false, false, false, false, false],
  )
  t.equal(closed, false, 'the connection stays')
})

/** An app whose node says of a job what `hear` says, which may throw. */
async function withNode(
  t: Test,
  hear: (message: Enqueue) => void,
): Promise<{ app: Distributor; links: () => number }> {
  const { app, address } = await startApp(t, { maxHeld: 1000 })
  let links = 0
  await peer(t, 'node', formatAddress(address), {
    onLink: ({ channel }) => {
      links++
      channel.send(welcomeOf())
      return {
        onMessages: (messages) => {
          for (const message of messages) {
            if (message.type !== 'enqueue') continue
            hear(message)
            channel.send({ type: 'accepted', number: message.number })
          }
        },
        onClose: () => {},
      }
    },
  })
  await app.ready
  return { app, links: () => links }
}

t.test('a job that ends the connection each time is set aside; the others are accepted', async (t) => {
  const { app, links } = await withNode(t, ({ job: { id } }) => {
    if (id === 'bad') throw new JrError('JR_PROTOCOL', 'it cannot be taken')
  })
  const aside = event(app, 'job:set-aside')
  const before = app.enqueue('echo', {}, { id: 'before' })
  const bad = app.enqueue('echo', {}, { id: 'bad' })
  const after = app.enqueue('echo', {}, { id: 'after' })
  await t.rejects(bad.result(), {
    code: 'JR_PROTOCOL',
    message: /was lost each time that job bad .* was on its way/,
  })
  t.match(await aside, { id: 'bad', name: 'echo', node: 'node-x' })
  await Promise.all([before.accepted, after.accepted])
  await app.enqueue('echo', {}, { id: 'later' }).accepted
  t.ok(links() <= 5, `${links()} connections`)
})

t.test('a job is not set aside for what somebody between does to the connection', async (t) => {
  let cuts = 0
  const { app } = await withNode(t, () => {
    if (cuts++ < 10) throw new JrError('JR_AUTH', 'a frame is not the one that the peer sent')
  })
  const jobs = ['a', 'b', 'c'].map((id) => app.enqueue('echo', {}, { id }))
  await Promise.all(jobs.map(({ accepted }) => accepted))
  t.ok(cuts > 10)
})

/** What an app can ask for, at the limits and now and then past them. */
function anyMessage() {
  const or = <A, B>(good: fc.Arbitrary<A>, bad: fc.Arbitrary<B>) =>
    fc.oneof({ weight: 15, arbitrary: good }, { weight: 1, arbitrary: bad })
  const name = or(
    fc.constantFrom('ü'.repeat(256), '😀'.repeat(128), 'n2', '\0'),
    fc.oneof(
      fc.constantFrom('x'.repeat(257), '', '\ud800', 7),
      fc.string({ maxLength: 260, unit: 'binary' }),
    ),
  )
  const bad = fc.oneof(fc.constantFrom(-1, 2 ** 53, Number.NaN, 'soon', null), fc.double())
  const seconds = or(fc.constantFrom(1e-3, 1, 1e9), bad)
  const opts = fc.record(
    {
      id: name,
      node: name,
      notNode: or(
        fc.array(fc.constantFrom('ü'.repeat(256), 'n2'), { maxLength: 256 }),
        fc.constantFrom(Array(257).fill('n2'), ['n2', '\ud800']),
      ),
      maxAttempts: or(fc.constantFrom(1, 2 ** 31 - 1), bad),
      backoff: or(
        fc.oneof(seconds, fc.record({ type: fc.constantFrom('linear', 'exponential'), max: seconds })),
        bad,
      ),
      timeout: or(fc.constantFrom('1ms', '365000d'), bad),
      period: or(fc.constantFrom(0.001, '365000d'), bad),
      runAt: or(
        fc.constantFrom('2999-12-31T23:59:59.999Z', Date.UTC(2999, 0)),
        fc.constantFrom('3000-01-01', 8.64e15, new Date(Number.NaN)),
      ),
    },
    { requiredKeys: [] },
  )
  const nested = (depth: number) => {
    let value: unknown = 1
    for (let i = 0; i < depth; i++) value = [value]
    return value
  }
  const value = or(
    fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
      fc.constantFrom(2n ** 8191n, nested(60)),
    ),
    fc.constantFrom(new Date(Number.NaN), { '\ud800': 1 }, 2n ** 8192n, () => {}, nested(65), new Map()),
  )
  const args = fc.dictionary(fc.string(), value, { maxKeys: 4 })
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('stored' as const), args, opts }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('asks' as const), name, args, opts }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('gives' as const),
        how: fc.constantFrom('returned', 'merged', 'thrown', 'error', 'logged', 'spoilt'),
        value,
      }),
    },
    fc.record({ kind: fc.constantFrom('cancel', 'load', 'destroy'), id: name }),
    fc.record({
      kind: fc.constant('list' as const),
      query: fc.record({ name, after: name, limit: fc.constantFrom(1, 1000, 1001, 0) }, { requiredKeys: [] }),
    }),
  )
}

type AnyMessage = ReturnType<typeof anyMessage> extends fc.Arbitrary<infer T> ? T : never

/** Resolves when all that it began is over. Throws a TypeError for what is refused at the call. */
function say(app: Distributor, message: AnyMessage): Promise<unknown> {
  switch (message.kind) {
    case 'stored':
      return app.enqueue('echo', message.args as never, { after: '300d', ...message.opts } as never).accepted
    case 'asks': {
      const { name, args, opts } = message
      return app
        .enqueue('asks', { name: 'echo', args, opts: { after: '300d', ...opts, name } } as never)
        .result()
    }
    case 'gives':
      return app.enqueue('gives', { how: message.how, value: message.value } as never).result()
    case 'cancel':
      return app.cancel(message.id as never)
    case 'load':
      return app.monitor().load(message.id as never)
    case 'destroy':
      return app.monitor({ node: 'n1' }).destroy(message.id as never)
    case 'list':
      return app.monitor().jobsFor('n1', { limit: 2, ...message.query } as never)
  }
}

/** Jobs of an app beside what is tested, one at a time, until it is told to stop: how long each took. */
function besides(app: Distributor): { stop: () => Promise<number[]> } {
  let stopped = false
  const all = async () => {
    const took: number[] = []
    while (!stopped) {
      const from = performance.now()
      const { echoed } = await app.enqueue('echo', { value: took.length }).result({ timeout: 60_000 })
      if (echoed !== took.length) throw new Error(`${echoed} instead of ${took.length}`)
      took.push(performance.now() - from)
    }
    return took
  }
  const done = all()
  return {
    stop: () => {
      stopped = true
      return done
    },
  }
}

t.test(
  'random values at and past the limits, all at once: no connection is cut, a job beside them is served',
  async (t) => {
    const { app, address } = await startApp(t)
    const lost: unknown[] = []
    app.on('node:disconnected', (facts) => lost.push(facts))
    app.on('job:set-aside', (facts) => lost.push(facts))
    const node = await startNode(t, 'n1', [...toApp(address), '--dir', folder(t), '--log-level', 'error'])
    await app.ready
    const count = Number(process.env.JR_TEST_LIMITS ?? 800)
    const seed = Number(process.env.JR_TEST_SEED ?? Date.now() % 1e6)
    t.comment(`seed ${seed}`)
    const any = anyMessage()
    const told = new Map<string, number>()
    const tell = (what: string) => told.set(what, (told.get(what) ?? 0) + 1)
    const took: number[] = []
    for (let made = 0; made < count; made += CHUNK) {
      // To make them takes this process longer than anything else here does: that is no time of the jobs beside them.
      const messages = fc.sample(any, { numRuns: Math.min(CHUNK, count - made), seed: seed + made })
      const beside = besides(app)
      let underWay = 0
      let wake = () => {}
      const below = async (most: number) => {
        while (underWay >= most)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      const over = (what: string) => {
        tell(what)
        underWay--
        wake()
      }
      for (const message of messages) {
        await below(UNDER_WAY)
        try {
          const end = say(app, message)
          underWay++
          end.then(
            () => over('done'),
            (error) => over(error instanceof TypeError ? 'refused' : String(error.code)),
          )
        } catch (error) {
          if (!(error instanceof TypeError)) throw error
          tell('refused')
        }
      }
      await below(1)
      took.push(...(await beside.stop()))
    }
    const slow = took.filter((ms) => ms > 100).length
    const longest = took.reduce((most, ms) => Math.max(most, ms), 0)
    t.comment(
      `of ${took.length} jobs beside them the longest took ${longest.toFixed(1)} ms, ${slow} took over 100 ms`,
    )
    t.same(lost, [])
    t.same(
      node.log.filter((line) => /connection:|message:unreadable|child:/.test(line)),
      [],
    )
    const [done = 0, refused = 0] = [told.get('done'), told.get('refused')]
    t.ok(done > count / 5 && refused > count / 10, `${done} done, ${refused} refused`)
  },
)
