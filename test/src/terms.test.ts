import assert, { deepStrictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { messageOf, newJob, type OutJob, outJob } from '#dist/distributor/sending/out-job.js'
import { headRecord, jobRecord, readRecords, spooledOf } from '#dist/distributor/sending/spool-records.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { admit } from '#dist/node/session/admit.js'
import { ByteReader } from '#dist/src/bytes/byte-reader.js'
import { ByteWriter } from '#dist/src/bytes/byte-writer.js'
import { packArgs } from '#dist/src/bytes/values.js'
import { COURSE, FRESH } from '#dist/src/job/course.js'
import { whenOf } from '#dist/src/job/due.js'
import { type EnqueueOptions, parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { IMMEDIATE, isBlocked, TIMED } from '#dist/src/job/lane.js'
import { LOG_LEVELS } from '#dist/src/job/log-lines.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { standingOf } from '#dist/src/job/series.js'
import {
  type Agreed,
  agree,
  areKnown,
  forArgs,
  HIGHEST_TERM,
  NO_TERMS,
  optionsOf,
  readAfresh,
  termsOf,
} from '#dist/src/job/terms/agreed.js'
import { type AllTerms, TERMS, type TermOptions } from '#dist/src/job/terms/table.js'
import type { Term } from '#dist/src/job/terms/term.js'
import { uniqueKeyOf } from '#dist/src/job/terms/where.js'
import type { JobArgs } from '#dist/src/job/types.js'
import { childMessages } from '#dist/src/pipe/child-messages.js'
import { levelStore, memoryStore, redisStore, type Store } from '#dist/src/store/index.js'
import { JournalWriter, readJournal } from '#dist/src/store/level/journal.js'
import { decodeEnded, decodeJob, encodeEnded, encodeJob } from '#dist/src/store/records.js'
import { FrameReader, FrameWriter, type MessageSet } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import { recordOf } from '../fixtures/record.mjs'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'

const NOW = Date.UTC(2026, 0, 1)
const NAMES = ['a', 'n1', 'x'.repeat(256), 'ü😀', '\0']
/** Of all sorts: each term takes some of them. */
const POOL: readonly unknown[] = [
  true,
  false,
  ...[0, 1, 2, 0.001, 0.25, 7, 1000, 2 ** 31 - 1, -1, -(2 ** 31), 1e9, 365e3 * 86_400],
  ...[...NAMES, '250ms', '20s', '1.5h', '365000d'],
  ...[[], ['n2'], ['a', 'ü😀', 'x'.repeat(64)], NAMES, Array(256).fill('n')],
  { type: 'fixed', delay: 0 },
  { type: 'linear', delay: 1.5, max: 1e9 },
  { type: 'exponential', delay: 2, max: 60, jitter: false },
  { type: 'exponential', delay: 0.1, jitter: true },
  {},
  { key: 'ü😀', until: 'started' },
  { until: '20s', onConflict: 'reject' },
  { key: 'a', until: 'ended', onConflict: 'join' },
  { '': 'a name that is none' },
  JSON.parse('{"__proto__":"","b":"x\\u0000"}'),
  { long: 'x'.repeat(4092) },
  [{ key: null, onFail: 'run' }],
  [
    { key: 'ü😀', onFail: 'fail' },
    { key: 'b', onFail: 'run' },
  ],
  { id: 'ü😀', key: 'a', failFast: true },
  { id: 'f', key: 'x'.repeat(128), failFast: false },
  { id: '\0', edition: 0 },
  { id: 'a', edition: 7 },
]

const ONE = { key: 'a', byArgs: false, until: 'ended', onConflict: 'join' }

/** Values that are one too large, too long or too many, by how they are written. */
const PAST: Readonly<Record<string, readonly unknown[]>> = {
  '*ms*': [365_000 * 86_400_000 + 1, 2 ** 53 - 1],
  '*n*, counted from 1': [2 ** 31, 2 ** 53 - 1],
  '*n*, counted from -2147483648': [2 ** 31, 2 ** 52],
  '*t*': ['', 'x'.repeat(257)],
  '*[t]*': [Array(257).fill('n'), [''], ['a', 'x'.repeat(257)]],
  '*t*, short': ['', 'x'.repeat(129), 'a\0'],
  '*[t]*, short': [Array(17).fill('t'), [''], ['x'.repeat(65)], ['a\0']],
  '*c* (once, skip, all)': ['never'],
  '*b*': [],
  unique: [
    { ...ONE, key: '' },
    { ...ONE, key: 'a\0' },
    { ...ONE, key: 'x'.repeat(257) },
    { ...ONE, until: 365_000 * 86_400_000 + 1 },
    { ...ONE, until: 0 },
  ],
  '*[name t, value t]*': [
    { '': 'a' },
    { 'a\0': 'a' },
    { ['x'.repeat(129)]: '' },
    { a: 'x'.repeat(4096) },
    { a: 'x'.repeat(2047), ü: '😀'.repeat(512) },
  ],
  needs: [[], [{ key: 'x'.repeat(129), onFail: 'run' }], [{ key: 'a\0', onFail: 'run' }]],
  flow: [
    { id: '', key: 'a', failFast: true },
    { id: 'f', key: 'a\0', failFast: true },
  ],
  parent: [
    { id: '', edition: 0 },
    { id: 'x'.repeat(257), edition: 0 },
  ],
  backoff: [1e9 + 1, -1, { type: 'linear', delay: 1, max: -1 }, { type: 'fixed', delay: Number.NaN }],
}

const table = Object.entries<Term>(TERMS)

function takes(term: Term, given: unknown): boolean {
  try {
    term.parse(given, 'it')
    return true
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith('it')) return false
    throw error
  }
}

/** What a term takes: of the pool, of the words that its form names, and of what chance makes. */
function givenFor([name, term]: [string, Term]): fc.Arbitrary<unknown> {
  const known = [...POOL, ...(term.form.match(/\w+/g) ?? [])].filter((given) => takes(term, given))
  if (known.length < 2) throw new Error(`nothing in the pool is for '${name}': add to it`)
  const any = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.array(fc.string({ unit: 'binary' })),
  )
  return fc
    .oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, any)
    .filter((given) => takes(term, given))
}

const any = fc.record(Object.fromEntries(table.map((entry) => [entry[0], givenFor(entry)])), {
  requiredKeys: [],
}) as fc.Arbitrary<AllTerms>
// These are never together.
const given: fc.Arbitrary<AllTerms> = any.map(({ serial, keepResult, needs, flow, parent, ...terms }) => {
  if (terms.period !== undefined) return terms
  const part = flow === undefined ? (parent === undefined ? {} : { parent }) : { flow, needs }
  const once = Object.entries({ serial, keepResult }).filter(([, value]) => value !== undefined)
  return { ...terms, ...part, ...Object.fromEntries(once) }
})
const agreedTerms = given.map(agreedOrNone)
/** What is beside the terms. */
const beside = fc.record({
  wait: fc.oneof(
    fc.constant({}),
    fc.record({ after: fc.constantFrom(0, 0.001, 20, 1e9) }),
    fc.record({ runAt: fc.constantFrom(0, NOW, NOW + 1, NOW + 86_400_000, Date.UTC(2999, 0, 1)) }),
  ) as fc.Arbitrary<Pick<EnqueueOptions, 'after' | 'runAt'>>,
  id: fc.constantFrom(undefined, ...NAMES),
})

/** The options of a job, and what follows from what it is part of. */
function parted({ needs, flow, parent, ...options }: AllTerms): [TermOptions, AllTerms] {
  return [options, { needs, flow, parent }]
}

function agreedOrNone(options: AllTerms): Agreed {
  const [own, inner] = parted(options)
  try {
    return agree(own, [], inner)
  } catch (error) {
    // Two that can't be together.
    if (error instanceof TypeError && /^opts\./.test(error.message)) return NO_TERMS
    throw error
  }
}

const text = fc.string({ unit: 'binary' })
const plain = { noNullPrototype: true }
const attempt = fc.record(
  {
    number: fc.maxSafeNat(),
    node: text,
    child: fc.maxSafeNat(),
    startedAt: fc.maxSafeNat(),
    finishedAt: fc.maxSafeNat(),
    error: fc.option(fc.record({ name: text, message: text, code: text, stack: text }, plain)),
  },
  plain,
)
const line = fc.record(
  { at: fc.maxSafeNat(), attempt: fc.maxSafeNat(), level: fc.constantFrom(...LOG_LEVELS), text, facts: text },
  plain,
)
const course = fc.record(
  Object.fromEntries(
    Object.entries(COURSE).map(([name, { fallback }]) => [
      name,
      typeof fallback === 'number' || name === 'firstDue'
        ? fc.maxSafeNat()
        : name === 'behind'
          ? fc.tuple(fc.constantFrom(IMMEDIATE, TIMED), fc.maxSafeNat()).map(([lane, due]) => ({ lane, due }))
          : name === 'attempts'
            ? fc.array(attempt, { maxLength: 10 })
            : name === 'lines'
              ? fc.array(line, { maxLength: 5 })
              : fc.boolean(),
    ]),
  ),
  { requiredKeys: [] },
)

const job = fc
  .record({ agreed: agreedTerms, course: fc.oneof(fc.constant({}), course) })
  .map(({ agreed, course }) => record({ agreed, course: { ...FRESH, ...course } }))

function record(over: Partial<JobRecord>): JobRecord {
  return recordOf({ lane: TIMED, due: 5000, seq: 7, id: 'id', args: Buffer.from([0x80]), ...over })
}

function across<M>(set: MessageSet<M>, message: M): M {
  const writer = new FrameWriter(set)
  writer.add(message)
  const reader = new FrameReader(set, { maxFrame: 2 ** 24 })
  reader.push(writer.take() ?? Buffer.alloc(0))
  const [read] = reader.take()
  if (read === undefined) throw new Error('nothing came')
  return read
}

t.test('what a job is enqueued with is the same behind every way that it goes', async (t) => {
  let some = 0
  fc.assert(
    fc.property(given, beside, (terms, { wait, id: ownId }) => {
      const agreed = agreedOrNone(terms)
      const id = agreed.terms.unique === undefined ? ownId : undefined
      some += agreed.highest > 0 ? 1 : 0
      deepStrictEqual(readAfresh(agreed.bytes), agreed, 'read from its bytes')
      deepStrictEqual(termsOf(Buffer.from(agreed.bytes)), agreed)
      const [shown, shownInner] = parted(optionsOf(agreed))
      deepStrictEqual(agree(shown, [], shownInner), agreed, 'what is shown can be given')
      const [own, inner] = parted(agreed === NO_TERMS ? {} : terms)
      const o = parseEnqueueOptions(
        { ...own, ...wait, ...(id === undefined ? {} : { id }) },
        NOW,
        false,
        inner,
      )
      deepStrictEqual(o.agreed, agreed)
      const ticket = new Ticket(id ?? 'made', 'work', null, null, true, id === undefined ? 0 : 7)
      const made = newJob(ticket, Buffer.from([0x80]), o, 0)
      const { live } = readRecords(Buffer.concat([headRecord('app'), jobRecord(made, NOW)]))
      const records = live.get(made.id)
      if (records === undefined) throw new Error('the spool does not bring it back')
      const { ticket: _, ...back } = spooledOf(records, { now: () => NOW, mono: () => 0 }).job
      const { ticket: __, ...before } = made
      deepStrictEqual(back, before, 'the spool')
      const taken = taking(made)
      deepStrictEqual(taken.agreed, forArgs(agreed, made.args))
      deepStrictEqual([taken.id, taken.edition], [id ?? 'made', id === undefined ? 0 : 7])
      const { type: ___, number: ____, ...sent } = messageOf(made, 0, NOW)
      const ask = across(childMessages, {
        type: 'enqueue',
        request: 1,
        token: 2,
        withCompletion: false,
        ...sent,
      })
      if (ask.type !== 'enqueue') throw new Error('the pipe of a child')
      const forwarded = outJob(ask.job, whenOf(ask, NOW), ticket, 0)
      deepStrictEqual(taking(forwarded), taken, 'of another node')
      const due = 'runAt' in wait ? Number(wait.runAt) : NOW + Number(wait.after ?? 0) * 1000
      const stands = standingOf(taken)
      assert(stands.due >= due && stands.due <= Math.max(due, NOW) + 2, 'due')
      deepStrictEqual(isBlocked(taken.lane), agreed.terms.needs !== undefined, 'blocked')
    }),
    { numRuns: 300 },
  )
  t.ok(some > 100, `${some} with terms`)
})

/** What a node makes of it when it has come over the wire. */
function taking(job: OutJob): JobRecord {
  const message = across(linkMessages, messageOf(job, 0, NOW))
  if (message.type !== 'enqueue') throw new Error('the wire')
  return admit(message, { name: 'app', instance: 'life' }, undefined, { steady: NOW, wall: NOW }, 7, '')
}

t.test('what is past a limit is refused by the app and by the node', async (t) => {
  for (const [name, term] of table) {
    const bad = PAST[term.form]
    if (bad === undefined) throw new Error(`${name}: say here what is past the limit of ${term.form}`)
    for (const value of bad) {
      const w = new ByteWriter()
      term.write(w, value)
      t.throws(() => term.read(new ByteReader(w.take()), name), { code: 'JR_PROTOCOL' }, `${name}: the node`)
      t.throws(() => term.parse(term.show(value), name), { name: 'TypeError' }, `${name}: the app`)
    }
  }
})

t.test('terms and course are the same behind every form in which a job is stored', async () => {
  fc.assert(
    fc.property(fc.array(job, { minLength: 1, maxLength: 5 }), (jobs) => {
      const writer = new JournalWriter()
      for (const job of jobs) writer.insert(job)
      const read: JobRecord[] = []
      const ignored = () => {}
      const into = { begin: ignored, gone: ignored, mark: ignored, outcome: ignored, outcomeGone: ignored }
      readJournal(writer.take() ?? Buffer.alloc(0), {
        ...into,
        taken: ignored,
        note: ignored,
        noteGone: ignored,
        insert: (job) => read.push(job),
      })
      deepStrictEqual(read, jobs, 'the journal')
      for (const job of jobs) {
        deepStrictEqual(decodeJob(encodeJob(job)), job, 'a row')
        const ended = { job, state: 'failed', startedAt: 1, finishedAt: 2 } as const
        deepStrictEqual(decodeEnded(encodeEnded(ended)), ended, 'the row of an ended job')
        const result = { until: 1e12, args: Buffer.from('result') }
        const kept = { ...ended, state: 'completed', result } as const
        deepStrictEqual(decodeEnded(encodeEnded(kept, [])), kept, 'with its result')
      }
    }),
    { numRuns: 300 },
  )
})

t.test('a store gives back what it was given', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'jr-terms-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const lanes = [IMMEDIATE, TIMED] as const
  const jobs = fc
    .sample(job, 200)
    .map((job, i) => ({ ...job, id: `job-${i}`, seq: i + 1, lane: lanes[i % 2] ?? TIMED }))
  const gives = async (make: () => Store) => {
    const store = make()
    await store.open('n1')
    await store.commit(
      jobs.map((job) => ({ kind: 'insert', job, ownId: false, number: null })),
      true,
    )
    await store.close()
    const again = make()
    await again.open('n1')
    for (const job of jobs) deepStrictEqual((await again.load(job.id))?.job, job)
    await again.close()
  }
  const memory = memoryStore()
  t.test('memory', () => gives(() => memory))
  t.test('level', () => gives(() => levelStore({ dir })))
  const skip = withoutRedis()
  t.test('redis', { skip }, async (t) => {
    const { url } = await startRedis(t)
    await gives(() => redisStore({ url, prefix: 'terms', leaseMs: 10_000, timeoutMs: 10_000, wait: 0 }))
  })
})

t.test('a block that is none is refused; of a later term it is known that it is one', async (t) => {
  const block = (write: (w: ByteWriter) => void) => {
    const w = new ByteWriter()
    write(w)
    return w.take()
  }
  const { defer, maxAttempts, missed } = TERMS
  const bad: [string, Buffer][] = [
    ['cut off', block((w) => w.uint(defer.no))],
    ['out of order', block((w) => [w.uint(maxAttempts.no), w.uint(2), w.uint(defer.no), w.flag(true)])],
    ['twice', block((w) => [w.uint(defer.no), w.flag(true), w.uint(defer.no), w.flag(true)])],
    ['the number 0', block((w) => w.uint(0))],
    ['two that do not go together', block((w) => [w.uint(missed.no), w.u8(0)])],
    ['a value that it may not be', block((w) => [w.uint(maxAttempts.no), w.uint(2 ** 40)])],
  ]
  for (const [name, bytes] of bad) t.throws(() => termsOf(bytes), { code: 'JR_PROTOCOL' }, name)
  const later = termsOf(block((w) => [w.uint(defer.no), w.flag(true), w.uint(HIGHEST_TERM + 1), w.text('?')]))
  t.match(later, { terms: { defer: true }, highest: HIGHEST_TERM + 1 })
  t.notOk(areKnown(later))
  t.ok(areKnown(agree({ defer: true }, [])))
  t.same(decodeJob(encodeJob(record({ agreed: later }))).agreed, later, 'it is carried as it is')
})

t.test('terms of the user that change later do not change a job', async (t) => {
  const options = { notNode: ['a'], backoff: { type: 'linear' as const, delay: 1 } }
  const agreed = agree(options, [])
  options.notNode.push('b')
  options.backoff.delay = 99
  t.same(agreed.terms, { notNode: ['a'], backoff: { type: 'linear', delay: 1 } })
  t.not(agree(options, []), agreed)
  t.equal(agree({ maxAttempts: 3 }, []), agree({ maxAttempts: 3 }, []), 'the same are one value')
})

t.test(
  'what is one by its args: the same values under the same names, however they are written',
  async (t) => {
    const terms = agree({ unique: { until: '5m' }, period: 1 }, [])
    const keyOf = (args: JobArgs) => uniqueKeyOf(forArgs(terms, packArgs(args)).terms, 'work')
    const args = { a: 1, b: [{ c: 'x', d: new Date(5) }, Buffer.from('e')], '9': null, f: 2n }
    const key = keyOf(args)
    t.match(key, /^awork\0[\w-]{43}$/)
    t.equal(
      keyOf({ f: 2n, b: [{ d: new Date(5), c: 'x' }, Buffer.from('e')], a: 1, g: undefined, '9': null }),
      key,
    )
    for (const other of [{ a: 2 }, { a: '1' }, { b: [...args.b].reverse() }, { f: 2 }, { g: null }])
      t.not(keyOf({ ...args, ...other }), key)
    const made = forArgs(terms, packArgs(args))
    t.same(readAfresh(made.bytes), made)
    t.same(optionsOf(made), { unique: { until: '5m' }, period: '1s' })
    const bad: readonly [unknown, RegExp][] = [
      [false, /^opts\.unique: expected true, a text, or \{ key, until, onConflict \}, got false$/],
      ['', /^opts\.unique: expected text of 1 to 256/],
      ['a\0', /^opts\.unique: expected text of 1 to 256 characters, without NUL/],
      [{ key: 7 }, /^opts\.unique\.key: expected text/],
      [
        { until: 'later' },
        /^opts\.unique\.until: expected 'ended', 'started', or a duration such as '5m', got 'later'$/,
      ],
      [{ until: 0 }, /^opts\.unique\.until: expected a whole number from 1/],
      [{ onConflict: 'fail' }, /^opts\.unique\.onConflict: expected join or reject or replace, got 'fail'$/],
      [{ for: 1 }, /^opts\.unique\.for: no such option; known: key, until, onConflict$/],
    ]
    for (const [unique, message] of bad)
      t.throws(() => agree({ unique: unique as never }, []), { name: 'TypeError', message })
    t.throws(() => parseEnqueueOptions({ id: 'mine', unique: true }, NOW), {
      message: /^opts\.id and opts\.unique: /,
    })
  },
)
