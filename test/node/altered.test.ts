import t from 'tap'
import { altered, dueNow } from '#dist/node/changes/altered.js'
import { blockedBy } from '#dist/src/job/flow.js'
import { laneFor } from '#dist/src/job/lane.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { behind } from '#dist/src/job/series.js'
import { agree } from '#dist/src/job/terms/agreed.js'
import { changeKey } from '#dist/src/store/unique.js'
import { parseUpdate } from '#dist/src/verbs/update.js'
import { agreed, course } from '../fixtures/record.mjs'
import { record } from './records.js'

const NOW = { steady: 50_000, wall: 40_000 }
const AT = { now: NOW, seq: 9 }
const lane = (timed: boolean, priority = 0) => laneFor({ timed, deferred: false, priority, key: '' })
const change = (job: JobRecord, update: Parameters<typeof parseUpdate>[0]) =>
  altered(job, parseUpdate(update), undefined, () => '', AT)

t.test('a job that is made due stands with those that are to run at once, wherever it waited', async (t) => {
  const job = record({ lane: lane(true, 5), due: 90_000, byWall: true, course: course({ attempt: 2 }) })
  t.match(dueNow(job, AT), {
    lane: lane(false, 5),
    due: 50_000,
    byWall: false,
    seq: 9,
    course: { attempt: 2 },
  })
  const second = behind({ ...job, agreed: agreed({ serial: 'a' }) }, 'a', 3)
  t.match(dueNow(second, AT), {
    lane: second.lane,
    due: 3,
    seq: 9,
    course: { behind: { lane: lane(false, 5), due: 50_000 } },
  })
  const periodic = record({ lane: lane(true), due: 90_000, byWall: true, agreed: agreed({ period: 60 }) })
  t.match(dueNow(periodic, AT).course, { firstDue: 100_000 }, 'its slots stay, on the steady clock')
})

t.test('a job that is changed stands where its terms and its time put it', async (t) => {
  const job = record({ lane: lane(true), due: 90_000, byWall: true, agreed: agreed({ tags: ['a'] }) })
  t.match(change(job, { opts: { priority: 5 } }), { lane: lane(true, 5), due: 90_000, byWall: true, seq: 9 })
  t.match(change(job, { opts: { after: '1s' } }), { lane: lane(true), due: 51_001, byWall: false })
  t.match(change(job, { opts: { after: 0 } }), { lane: lane(false), due: 50_000, byWall: false })
  t.match(change(job, { opts: { runAt: 70_000 } }), { lane: lane(true), due: 70_000, byWall: true })
  t.match(change(job, { opts: { runAt: 30_000 } }), { lane: lane(false), due: 50_000 }, 'it is over')
  t.match(change(job, { opts: { tags: null } }).agreed, { terms: {}, highest: 0 })
  t.match(change(job, { args: { a: 1 } }), { agreed: job.agreed, args: Buffer.from('81a16101', 'hex') })
  t.throws(() => change(job, { opts: { missed: 'all' } }), /opts\.missed: expected opts\.period/)
  t.throws(() => change(job, { opts: { nothing: null } as never }), /opts\.nothing: no such option/)
})

t.test('a schedule that is changed begins its slots anew with another period, or another time', async (t) => {
  const slots = { firstDue: 10_000, slot: 3 }
  const job = record({ lane: lane(true), due: 90_000, agreed: agreed({ period: 20 }), course: course(slots) })
  t.match(change(job, { opts: { priority: 1 } }).course, slots)
  for (const opts of [{ period: 30 }, { after: 5 }])
    t.match(change(job, { opts }).course, { firstDue: null, slot: 0 })
})

t.test('a job that waits for others goes on doing so; its series is that of before', async (t) => {
  const job = blockedBy('f1', record({ lane: lane(true), due: 90_000 }))
  const later = change(job, { opts: { after: '1s' } })
  t.match(later, { lane: job.lane, due: 0, seq: 9, course: { behind: { lane: lane(true), due: 51_001 } } })
  t.throws(() => change(job, { opts: { serial: 'a' } }), { code: 'JR_WRONG_STATE' })
  const second = behind(record({ agreed: agreed({ serial: 'a' }) }), 'a', 3)
  t.match(change(second, { opts: { serial: 'b' } }), {
    lane: lane(false),
    due: 1000,
    course: { behind: null },
  })
})

t.test('the key that a changed job was the only one by is free, and the other one is its own', async (t) => {
  const of = (unique: object | string | undefined, over: Partial<JobRecord> = {}) =>
    record({ agreed: agree(unique === undefined ? {} : { unique: unique as never }, []), ...over })
  const says = (from: JobRecord, to: JobRecord, now = 5000) =>
    changeKey(from, to, now).map(({ shelf, key, value, unless }) =>
      [shelf.name, key.replace('\0', ' '), value === null ? 'goes' : 'comes', unless ?? ''].join(' ').trim(),
    )
  t.same(says(of('a'), of('a')), [])
  t.same(says(of('a'), of({ key: 'a', onConflict: 'reject' })), [], 'what becomes of others is not its key')
  t.same(says(of('a'), of('b')), ['unique kwork a goes', 'unique kwork b comes taken'])
  t.same(says(of('a'), of(undefined)), ['unique kwork a goes'])
  t.same(says(of('a'), of({ key: 'a', until: 'started' })), ['unique kwork a goes', 'unique kwork a comes'])
  const begun = course({ attempt: 1 })
  const started = { key: 'b', until: 'started' }
  t.same(says(of(started, { course: begun }), of('a', { course: begun })), ['unique kwork a comes taken'])
  t.same(says(of('a', { course: begun }), of(started, { course: begun })), ['unique kwork a goes'])
  const timed = of({ key: 'a', until: '10s' })
  t.same(says(timed, of('b')), [
    'unique kwork a goes',
    'ending 0000000000011000kwork a goes',
    'unique kwork b comes taken',
  ])
  t.same(says(timed, of('b'), 11_000), ['unique kwork b comes taken'], 'it was over')
})
