import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { messageOf, newJob } from '#dist/distributor/sending/out-job.js'
import { headRecord, jobRecord, readRecords, spooledOf } from '#dist/distributor/sending/spool-records.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { factsOf, packFacts } from '#dist/src/attempt/job-log.js'
import { unpackChecked } from '#dist/src/bytes/codec.js'
import { isPackedMap } from '#dist/src/bytes/msgpack-check.js'
import { packArgs } from '#dist/src/bytes/values.js'
import { parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { NO_HEADERS } from '#dist/src/job/terms/headers.js'
import { childMessages } from '#dist/src/pipe/child-messages.js'
import type { ChildMessage } from '#dist/src/pipe/messages.js'
import { checked, LATEST, MAX_FACTS, MAX_NAMES, MAX_TEXT, MAX_VALUES, NAME } from '#dist/src/rules.js'
import { FrameReader, FrameWriter, type MessageSet } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'

const NOW = Date.UTC(2026, 0, 1)
const MAX_FRAME = 4 * 1024 * 1024
const YEAR_S = 365 * 86_400

/** There and back, through the bytes. */
function across<M>(set: MessageSet<M>, message: M): M {
  const writer = new FrameWriter(set)
  writer.add(message)
  const reader = new FrameReader(set, { maxFrame: MAX_FRAME })
  reader.push(writer.take() ?? Buffer.alloc(0))
  const [read] = reader.take()
  if (read === undefined) throw new Error('nothing came')
  return read
}

/** Answers what `make` makes; null when it refuses with a TypeError that has a path. */
function orRefused<T>(make: () => T): T | null {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError && /^(opts|args|name)\b/.test(error.message)) return null
    throw error
  }
}

const edges = (...values: unknown[]) => fc.constantFrom(...values)
const name = fc.oneof(
  edges(
    '',
    'a',
    'x'.repeat(256),
    'x'.repeat(257),
    '\ud800',
    'ü'.repeat(256),
    '😀'.repeat(128),
    '😀'.repeat(129),
    7,
    null,
  ),
  fc.string({ maxLength: 300, unit: 'binary' }),
)
const number = fc.oneof(
  edges(
    0,
    -0,
    1,
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 53,
    1e300,
    1e9,
    1e9 + 1,
  ),
  edges(1000 * YEAR_S, 1000 * YEAR_S + 1, LATEST - 1, LATEST, 8.64e15),
  fc.double(),
  fc.integer(),
)
const duration = fc.oneof(number, edges('20s', '1000d', '365000d', '365001d', '-1s', 'soon'))
const time = fc.oneof(
  number,
  edges(
    '9999-12-31',
    '2999-12-31',
    '3000-01-01',
    new Date(8.64e15),
    new Date(Number.NaN),
    new Date(0),
    'never',
  ),
)
const backoff = fc.oneof(
  number,
  fc.record(
    { type: edges('fixed', 'linear', 'exponential', 'other'), delay: number, max: number },
    { requiredKeys: ['type'] },
  ),
)
const anyOptions = fc.record(
  {
    after: duration,
    runAt: time,
    period: duration,
    missed: edges('once', 'skip', 'all', 'none'),
    defer: fc.boolean(),
    node: name,
    strictNode: fc.boolean(),
    notNode: fc.oneof(
      name,
      fc.array(name, { maxLength: 3 }),
      edges(Array(MAX_NAMES).fill('n'), Array(MAX_NAMES + 1).fill('n'), Array(256).fill('ü'.repeat(256))),
    ),
    maxAttempts: number,
    backoff,
    timeout: duration,
    id: name,
  },
  { requiredKeys: [] },
)
/** Of options that are often wrong, so few that they are often right together. */
const options = fc.tuple(anyOptions, fc.nat(11), fc.nat(11)).map(([all, one, other]) => {
  const entries = Object.entries(all)
  return Object.fromEntries(entries.filter((_, i) => i === one || i === other))
})
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    edges('\udfff', new Date(Number.NaN), new Date(8.64e15), 2n ** 8000n, 2n ** 8001n, undefined, null, -0),
    number,
    fc.bigInt(),
    fc.boolean(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    edges(Symbol('s'), new Map(), () => 1),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4 }),
  ),
})).value as fc.Arbitrary<unknown>
const args = fc.oneof(
  edges({}, { some: 'args' }),
  fc.dictionary(fc.string({ unit: 'binary' }), value, { maxKeys: 5 }),
)

t.test('what enqueue takes is read again as it was, on every way that a job goes', async (t) => {
  let taken = 0
  fc.assert(
    fc.property(fc.oneof(edges('work'), name), args, options, (name, args, options) => {
      const made = orRefused(() => {
        const packed = packArgs(args)
        const o = parseEnqueueOptions(options as object, NOW)
        const jobName = checked(NAME, name, 'name')
        return newJob(new Ticket(o.id ?? 'made', jobName, null, null, true), packed, o, 0)
      })
      if (made === null) return
      taken++
      const { id, edition, name: jobName, agreed, args: packed } = made
      const job = { id, edition, name: jobName, agreed, args: packed }
      const message = { ...messageOf(made, 1000, NOW), number: 1, job }
      deepStrictEqual(across<LinkMessage>(linkMessages, message), message)
      const { type: _, number: __, ...sent } = message
      const asked = { type: 'enqueue' as const, request: 1, token: 2, withCompletion: edition > 0, ...sent }
      deepStrictEqual(across<ChildMessage>(childMessages, asked), asked)
      const { live } = readRecords(Buffer.concat([headRecord('app'), jobRecord(made, NOW)]))
      const records = live.get(made.id)
      if (records === undefined) throw new Error('the spool does not bring it back')
      const { ticket: ___, since: ____, ...back } = spooledOf(records, { now: () => NOW, mono: () => 0 }).job
      const { ticket: _____, since: ______, ...before } = made
      deepStrictEqual(back, before)
      const run = {
        type: 'run' as const,
        token: 1,
        id: made.id,
        name: made.name,
        attempt: 1,
        maxAttempts: made.agreed.terms.maxAttempts ?? 1,
        slot: 0,
        scheduledFor: NOW,
        enqueuedAt: NOW,
        startedAt: NOW + (made.delayMs ?? 0),
        headers: made.agreed.terms.headers ?? NO_HEADERS,
        edition: made.edition,
        follows: made.id.length % 2 === 0,
        args: made.args,
      }
      deepStrictEqual(across<ChildMessage>(childMessages, run), run)
      if (!isPackedMap(made.args)) throw new Error('args are no map')
      unpackChecked(made.args)
    }),
    { numRuns: Number(process.env.JR_TEST_CROSSINGS ?? 800) },
  )
  t.ok(taken > 100, `${taken} were taken`)
})

t.test('what can be packed can be read: also as many values as may be, and no more', async (t) => {
  const list = (length: number) => ({ list: Array(length).fill(1) })
  t.equal((unpackChecked(packArgs(list(200_000))) as { list: number[] }).list.length, 200_000)
  t.doesNotThrow(() => unpackChecked(packArgs(list(MAX_VALUES - 3))))
  t.throws(() => packArgs(list(MAX_VALUES)), { message: /^args\.list: expected at most 1,048,576 values/ })
  const keys = Object.fromEntries(Array.from({ length: MAX_VALUES / 2 }, (_, i) => [`k${i}`, 1]))
  t.throws(() => packArgs(keys), { message: /expected at most/ })
  for (const [bad, message] of [
    [{ at: new Date(Number.NaN) }, 'args.at is an invalid Date'],
    [{ list: [{ text: 'a\ud800' }] }, 'args.list[0].text has half of a surrogate pair'],
    [{ '\udc00': 1 }, 'args has a key with half of a surrogate pair'],
  ] as const)
    t.throws(() => packArgs(bad), {
      name: 'TypeError',
      message: new RegExp(message.replace(/[[\].]/g, '\\$&')),
    })
})

t.test('what a child says arrives, whatever a job has thrown or logged', async () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 6000, unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      (long, text) => {
        const log = {
          type: 'log' as const,
          token: 5,
          id: 'a',
          name: 'b',
          level: 'info' as const,
          text: long,
          facts: packFacts(long),
        }
        const read = across<ChildMessage>(childMessages, log)
        if (read.type !== 'log' || read.text.length > MAX_TEXT) throw new Error('the log line')
        const done = {
          type: 'done' as const,
          token: 1,
          status: 'failed' as const,
          code: long,
          message: `${long}${text}`.repeat(3),
          retryAfterMs: null,
          args: packArgs({}),
          error: Buffer.from(text),
        }
        const answer = across<ChildMessage>(childMessages, done)
        t.match(answer, { type: 'done', token: 1, args: done.args, error: done.error })
        if (answer.type === 'done') t.ok(answer.message.length <= MAX_TEXT)
      },
    ),
    { numRuns: 200 },
  )
})

t.test('what a job logs beside its text: fields of the line, which hide none of its own', async (t) => {
  const line = (facts: string) =>
    factsOf({ type: 'log', token: 5, id: 'i', name: 'n', level: 'info', text: 't', facts })
  const own = { job: 'i', name: 'n', text: 't' }
  const cases: [unknown, object][] = [
    [undefined, {}],
    [
      { width: 3, of: { a: [1] } },
      { width: 3, of: { a: [1] } },
    ],
    [
      { name: 'cat', time: 0, job: null },
      { 'facts.name': 'cat', 'facts.time': 0, 'facts.job': null },
    ],
    [[1, 2], { facts: '[1,2]' }],
    ['text', { facts: '"text"' }],
    [{ long: 'x'.repeat(MAX_FACTS) }, { facts: `{"long":"${'x'.repeat(MAX_TEXT - 9)}…` }],
    [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}')],
  ]
  for (const [facts, expected] of cases) t.strictSame(line(packFacts(facts)), { ...own, ...expected })
  for (const bad of ['{', '7', 'null', '"a"']) t.strictSame(line(bad), { ...own, facts: bad })
})
