import fc from 'fast-check'
import t from 'tap'
import { filterOf } from '#dist/cli/filter-flags.js'
import { updateOf } from '#dist/cli/update-flags.js'
import { NodeControls } from '#dist/distributor/monitor/controls.js'
import { NodeMonitor } from '#dist/distributor/monitor/node-monitor.js'
import { askOf } from '#dist/node/session/requests.js'
import { pack, unpackChecked } from '#dist/src/bytes/codec.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import { JOB_STATES } from '#dist/src/job/states.js'
import { agree } from '#dist/src/job/terms/agreed.js'
import { ACTS, filterFor, isAct, wasDone } from '#dist/src/verbs/acts.js'
import { given, understood } from '#dist/src/verbs/form.js'
import { FILTER, type JobQuery, meets, QUERY } from '#dist/src/verbs/query.js'
import { VERBS } from '#dist/src/verbs/table.js'
import { course, failedAttempt, recordOf } from '../fixtures/record.mjs'

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const query = fc.record(
  {
    state: fc.subarray([...JOB_STATES], { minLength: 1 }),
    name: fc.array(name, { minLength: 1, maxLength: 3 }),
    enqueuedAfter: fc.integer({ min: 0, max: 2e12 }),
    text: name,
    limit: fc.integer({ min: 1, max: 1000 }),
    after: fc.string({ unit: 'grapheme', maxLength: 100 }),
  },
  { requiredKeys: [] },
)

t.test('what a query may be on one side it is on the other', async (t) => {
  const same = fc.property(query, (one) => {
    const sent = given(QUERY, one, 'query')
    t.same(understood(QUERY, unpackChecked(pack(sent)), 'query'), one)
  })
  fc.assert(same, { numRuns: 200 })
  const wrong: [unknown, RegExp][] = [
    [{ state: 'complete' }, /query\.state: expected blocked, .*, got 'complete'/],
    [{ state: null }, /query\.state: expected/],
    [{ name: '' }, /query\.name: expected text of 1 to 256/],
    [{ state: [] }, /query\.state: expected 1 to \d+ of them/],
    [{ state: ['failed', 'gone'] }, /query\.state\[1\]: expected blocked/],
    [{ finishedAfter: 'soon' }, /query\.finishedAfter: expected a Date/],
    [{ limit: 1001 }, /query\.limit: expected a whole number from 1 to 1000, got 1001/],
    [{ limit: 0.5 }, /query\.limit/],
    [{ after: 7 }, /query\.after/],
    [{ sate: 'failed' }, /query\.sate: expected absent; known are state, name, tag, .*limit, after/],
    [[], /query: expected an object/],
    ['failed', /query: expected an object/],
    [null, /query: expected an object/],
  ]
  for (const [value, message] of wrong) {
    t.throws(() => given(QUERY, value, 'query'), { name: 'TypeError', message })
    t.throws(() => understood(QUERY, value, 'query'), { code: 'JR_PROTOCOL' })
  }
})

t.test('which jobs a query meets', async (t) => {
  const terms = { tags: ['big', 'red'], group: 'acme', serial: 'account 7' }
  const job = recordOf({
    lane: IMMEDIATE,
    due: 0,
    seq: 1,
    id: 'order-7',
    name: 'resize',
    agreed: agree(terms, []),
    enqueuedAt: 1000,
    course: course({ attempts: [failedAttempt()] }),
    args: pack({ file: 'größe.png', deep: [{ who: 'someone@example.org' }] }),
  })
  const stored = { job, state: 'failed', startedAt: 1500, finishedAt: 2000 } as const
  const waits = { job, state: 'retryable', startedAt: 0, finishedAt: 0 } as const
  const met: [JobQuery, boolean][] = [
    [{}, true],
    [{ state: 'failed' }, true],
    [{ state: 'completed' }, false],
    [{ name: 'resize' }, true],
    [{ name: 'other' }, false],
    [{ state: 'failed', name: 'resize' }, true],
    [{ tag: 'big' }, true],
    [{ tag: 'bi' }, false],
    [{ tag: 'red', name: 'other' }, false],
    [{ state: 'running', name: 'resize' }, false],
    [{ state: 'failed', name: 'other' }, false],
    [{ state: ['running', 'failed'], name: ['other', 'resize'] }, true],
    [{ state: ['running', 'completed'] }, false],
    [{ group: 'acme', serial: 'account 7', code: 'E_NO' }, true],
    [{ group: 'other' }, false],
    [{ serial: 'account' }, false],
    [{ code: 'JR_TIMEOUT' }, false],
    [{ text: 'order' }, true],
    [{ text: 'größe' }, true],
    [{ text: 'one@ex' }, true],
    [{ text: 'nobody' }, false],
    [{ enqueuedAfter: 1000, enqueuedBefore: 1001 }, true],
    [{ enqueuedAfter: new Date(1001) }, false],
    [{ enqueuedBefore: '1970-01-01T00:00:01Z' }, false],
    [{ finishedAfter: 2000, finishedBefore: 2001 }, true],
    [{ finishedBefore: 2000 }, false],
  ]
  for (const [filter, expected] of met)
    t.equal(meets(given(FILTER, filter, 'query'), stored), expected, JSON.stringify(filter))
  t.equal(meets(given(FILTER, { finishedBefore: 5000 }, 'query'), waits), false, 'it has not ended')
})

t.test('on the command line a query is its flags', async (t) => {
  const now = 1_000_000_000
  const flags = {
    state: 'failed,cancelled',
    name: 'resize',
    code: 'E_NO',
    'enqueued-after': '2h',
    json: true,
  }
  t.same(filterOf({ ...flags, 'finished-before': '2026-12-01T00:00Z' }, now), {
    state: ['failed', 'cancelled'],
    name: ['resize'],
    code: 'E_NO',
    enqueuedAfter: now - 7_200_000,
    finishedBefore: Date.UTC(2026, 11, 1),
  })
  t.same(filterOf({ all: true }, now), {})
  t.throws(
    () => filterOf({ state: 'failed,gone' }, now),
    /^flag --state\[1\]: expected blocked, .*, got 'gone'/,
  )
  t.throws(() => filterOf({ 'enqueued-after': 'soon' }, now), /^flag --enqueued-after: expected a Date/)
})

t.test('what jr jobs update gives jobs is JSON, and checked', async (t) => {
  const opts = { priority: -1, tags: null }
  t.same(updateOf({ args: '{"a":1}', opts: JSON.stringify(opts) }), { args: { a: 1 }, opts })
  t.throws(() => updateOf({ opts: '{' }), /^flag --opts: expected JSON, got '\{'/)
  t.throws(() => updateOf({}), /^update: expected args, opts, or both/)
  t.throws(() => updateOf({ opts: '{"prio":1}' }), /^opts\.prio: no such option/)
})

t.test('a node hears nothing that is not of its form', async (t) => {
  for (const verb of Object.keys(VERBS)) {
    for (const body of [null, 7, [], { id: '' }, { id: 'a', state: 'failed' }, { dryRun: 1 }])
      t.throws(() => askOf(verb, pack(body)), { code: 'JR_PROTOCOL' }, `${verb} ${JSON.stringify(body)}`)
  }
  for (const verb of ['no-such', 'toString', '__proto__'])
    t.throws(() => askOf(verb, pack({})), {
      code: 'JR_PROTOCOL',
      message: /known: jobs, tagged, load, destroy/,
    })
  t.ok(askOf('jobs', pack({})).weight > askOf('load', pack({ id: 'a' })).weight, 'a page is much work')
})

t.test('what is done to one job is done to all of a query', async (t) => {
  for (const act of Object.keys(ACTS)) {
    t.match(VERBS, { [act]: { right: 'write' }, [`${act}-all`]: { right: 'write' } })
  }
  t.equal(isAct('toString'), false)
  t.same(filterFor('destroy', { name: ['a'] }), { name: ['a'] })
  t.same(filterFor('destroy', { state: ['running'] }), { state: ['running'] })
  t.same(filterFor('retry', { name: ['a'] }), { name: ['a'], state: ['completed', 'failed', 'cancelled'] })
  t.same(filterFor('retry', { state: ['failed', 'running'] }), { state: ['failed'] })
  t.equal(filterFor('retry', { state: ['running'] }), null, 'nothing that waits or runs')
  t.equal(wasDone('retry', 'a', 'done'), true)
  t.equal(wasDone('retry', 'a', 'not-found'), false)
  t.throws(() => wasDone('retry', 'a', 'refused'), {
    code: 'JR_WRONG_STATE',
    message: /^job 'a' was not retried: it waits or runs/,
  })
})

t.test('an app believes nothing of an answer that is not of its form', async (t) => {
  const facts = {
    id: 'a',
    name: 'resize',
    state: 'failed',
    attempt: 2,
    due: 1e12,
    enqueuedAt: 1e12,
    startedAt: 0,
    finishedAt: 0,
    lastError: null,
    lastCode: '',
    lastStack: '',
    slot: 0,
    distributor: 'app',
    defer: false,
    waits: null,
    terms: Buffer.alloc(0),
  }
  const monitor = (answer: unknown) => new NodeMonitor('n1', async () => answer)
  const later = { ...facts, ofALaterVersion: 1 }
  t.match(await monitor({ jobs: [later], next: null }).jobsFor(), {
    jobs: [{ id: 'a', state: 'failed', run: 1, due: new Date(1e12), startedAt: null, node: 'n1' }],
    next: null,
  })
  t.match(
    await monitor({
      ...facts,
      attempts: [],
      lines: [],
      progress: null,
      args: pack({ a: 1 }),
      result: null,
    }).load('a'),
    {
      id: 'a',
      args: { a: 1 },
      result: null,
    },
  )
  t.equal(await monitor(null).load('a'), null)
  t.equal(await monitor(3).destroyAll(), 3)
  const { id: _, ...nameless } = facts
  const lists: [unknown, RegExp][] = [
    [null, /answer to 'jobs': expected it to be an object/],
    [{ jobs: 7, next: null }, /expected jobs to be a list/],
    [{ jobs: [facts, 7], next: null }, /expected jobs\[1\] to be an object/],
    [{ jobs: [nameless], next: null }, /expected jobs\[0\]\.id to be text/],
    [{ jobs: [{ ...facts, state: 'gone' }], next: null }, /jobs\[0\]\.state/],
    [{ jobs: [{ ...facts, due: 'soon' }], next: null }, /jobs\[0\]\.due/],
    [{ jobs: [] }, /expected next/],
  ]
  for (const [answer, message] of lists)
    await t.rejects(monitor(answer).jobsFor(), { code: 'JR_PROTOCOL', message })
  const loaded = { ...facts, attempts: [], lines: [], progress: null }
  await t.rejects(monitor(loaded).load('a'), { code: 'JR_PROTOCOL', message: /expected args to be bytes/ })
  t.equal(await monitor('done').retry('a'), true)
  await t.rejects(monitor('yes').destroy('a'), { code: 'JR_PROTOCOL' })
  await t.rejects(monitor(-1).destroyAll(), { code: 'JR_PROTOCOL' })
})

t.test('what is asked of all nodes says what became of it on each', async (t) => {
  const asked: unknown[] = []
  const answers: Record<string, () => unknown> = {
    a: () => true,
    b: () => false,
    c: () => {
      throw new Error('away')
    },
    d: () => 'yes',
  }
  const controls = (...names: string[]) =>
    new NodeControls(
      () => names.map((name) => ({ name, status: name === 'c' ? 'disconnected' : 'running' }) as never),
      async (node, verb, body) => {
        asked.push([node, verb, unpackChecked(body)])
        return answers[node]?.()
      },
    )
  const { failed, ...done } = await controls('a', 'b', 'c', 'd').pause({
    name: 'resize',
    group: 'acme',
  })
  t.same(done, { changed: ['a'], unchanged: ['b'] })
  t.match(failed, [
    { node: 'c', error: { message: 'away' } },
    { node: 'd', error: { code: 'JR_PROTOCOL' } },
  ])
  t.same(asked[0], ['a', 'pause', { name: 'resize', group: 'acme' }])
  asked.length = 0
  t.same(await controls('a', 'b').resume({ node: 'b' }), {
    changed: [],
    unchanged: ['b'],
    failed: [],
  })
  await controls('a').setLimits('resize', { rate: { limit: 5, per: '1m' } }, {})
  await controls('a').setLimits('resize', null, {})
  t.same(asked, [
    ['b', 'resume', {}],
    ['a', 'set-limits', { name: 'resize', limits: { rate: { limit: 5, perMs: 60_000 } } }],
    ['a', 'set-limits', { name: 'resize', limits: null }],
  ])
  await t.rejects(controls('c', 'd').pause({}), { message: 'away' }, 'none of them has done it')
  await t.rejects(controls().pause({}), { code: 'JR_CONNECTION' })
  await t.rejects(controls('c').names({}), { code: 'JR_CONNECTION', message: 'no node is connected' })
  await t.rejects(controls('c').names({ node: 'c' }), { message: 'away' })
  await t.rejects(controls('a').pause({ group: 'acme' }), { name: 'TypeError' })
  await t.rejects(controls('a').setLimits('', null, {}), {
    name: 'TypeError',
    message: /^setLimits: the job's name/,
  })
})
