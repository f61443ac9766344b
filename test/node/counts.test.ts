import fc from 'fast-check'
import t from 'tap'
import { seriesOf, sumOfSeries } from '#dist/distributor/monitor/series.js'
import type { NodeSingle } from '#dist/node/changes/journal.js'
import { Buckets } from '#dist/node/counts/buckets.js'
import { JobCounts, oldestDue } from '#dist/node/counts/counts.js'
import { Rate } from '#dist/node/counts/rate.js'
import { Times, timesOf } from '#dist/node/counts/times.js'
import { IMMEDIATE, laneBehind, TIMED } from '#dist/src/job/lane.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { outcome, record } from './records.js'

const START = Date.UTC(2026, 11, 1)
const FIRST = 100
const NOTHING = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0, outcomes: 0 }

t.test('how often something was in the last minute, hour and day', async (t) => {
  const span = fc.oneof(fc.nat(3000), fc.nat(200_000), fc.nat(40 * 3_600_000))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 60 }), (spans) => {
      const rate = new Rate()
      const times: number[] = []
      let now = START
      for (const ms of spans) {
        now += ms
        times.push(now)
        rate.add(now)
      }
      const since = (parts: number, ms: number) =>
        times.filter((time) => Math.floor(time / ms) > Math.floor(now / ms) - parts).length
      const expected = { minute: since(60, 1000), hour: since(60, 60_000), day: since(24, 3_600_000) }
      const read = rate.read(now)
      return Object.entries(expected).every(([key, count]) => read[key as keyof typeof read] === count)
    }),
    { numRuns: 200 },
  )
  const rate = new Rate()
  rate.add(START)
  rate.add(START - 5000)
  t.same(rate.read(START), { minute: 2, hour: 2, day: 2 }, 'a clock that was set back')
  t.same(rate.read(START + 61_000), { minute: 0, hour: 2, day: 2 })
  t.same(rate.read(START + 90_000_000), { minute: 0, hour: 0, day: 0 })
})

t.test('in which part of the last minute, hour and day it was, the oldest first', async (t) => {
  const rate = new Rate()
  const now = START + 3_600_000 * 5 + 90_500
  for (const ago of [0, 400, 59_000, 61_000, 3_600_000, 5 * 3_600_000]) rate.add(now - 5 * 3_600_000 + ago)
  const where = (which: 0 | 1 | 2) =>
    rate.parts(which, now).flatMap((count, i, { length }) => (count > 0 ? [[length - 1 - i, count]] : []))
  t.same(where(0), [[0, 1]])
  t.same(where(1), [[0, 1]])
  t.same(where(2), [
    [5, 4],
    [4, 1],
    [0, 1],
  ])
  const { minute, hour, day } = rate.read(now)
  const sums = ([0, 1, 2] as const).map((which) => rate.parts(which, now).reduce((a, b) => a + b))
  t.same(sums, [minute, hour, day])
  t.equal(rate.parts(0, now + 3000).at(-4), 1, 'it moves with time')
})

t.test('series of nodes are added up part by part, also when they answer at other moments', async (t) => {
  const parts = (stepMs: number, completed: number[]) => ({ stepMs, completed, failed: completed })
  const series = (at: number, counts: number[]) =>
    seriesOf({
      at,
      minute: parts(1000, counts),
      hour: parts(60_000, counts),
      day: parts(3_600_000, counts),
    })
  const sum = sumOfSeries([series(START + 59_999, [1, 2, 3]), series(START + 61_000, [10, 20, 30])])
  t.equal(sum.at.getTime(), START + 61_000)
  t.same(sum.minute, parts(1000, [13, 20, 30]))
  t.same(sum.hour, parts(60_000, [12, 23, 30]))
  t.same(sum.day, parts(3_600_000, [11, 22, 33]))
})

t.test('how often something took up to each bound', async (t) => {
  const [some, others] = [new Buckets(), new Buckets()]
  for (const ms of [0, 5, 5.5, 3_600_000]) some.add(ms)
  others.add(3_600_001)
  const { bounds, counts, sum, count } = Buckets.read([some, others])
  t.equal(counts.length, bounds.length + 1)
  t.same([counts[0], counts[1], counts.at(-2), counts.at(-1)], [2, 1, 1, 1])
  t.same([sum, count], [7_200_011.5, 5])
})

t.test('in how long something was done, to a fifth, of late', async (t) => {
  const times = new Times()
  t.equal(timesOf([times], START), null)
  for (let ms = 1; ms <= 1000; ms++) times.add(ms, START)
  const { p50 = 0, p95 = 0, p99 = 0 } = timesOf([times], START) ?? {}
  for (const [is, exact] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
  ] as const)
    t.ok(is >= exact && is <= exact * 1.19, `${is} for ${exact}`)
  const other = new Times()
  other.add(60_000, START)
  t.equal(timesOf([times, other], START)?.p50, p50)
  times.add(10 ** 12, START + 1_800_000)
  t.equal(timesOf([times], START + 1_800_000)?.p50, p50, 'those of the span before are known')
  t.equal(timesOf([times], START + 3_600_000)?.p50, 2 ** 30, 'they are not any more, and there is a longest')
  t.equal(timesOf([times], START + 9_000_000), null)
})

const job = (id: string, seq: number, name = 'work'): JobRecord => record({ id, seq, name, due: START })
const insert = (one: JobRecord): NodeSingle => {
  return { kind: 'insert', job: one, ownId: false, number: null, origin: null, started: false }
}
const begin = (one: JobRecord): NodeSingle => ({ kind: 'begin', job: one, startedAt: START })
const end = (from: JobRecord, running: boolean, over: object | null = {}): NodeSingle => {
  const times = { startedAt: START + 40, finishedAt: START + 140 }
  const report = over === null ? null : outcome({ ...times, ...over })
  return { kind: 'end', from, running, outcome: null, keep: null, report, done: null }
}
const move = (from: JobRecord, running: boolean, to: JobRecord): NodeSingle => {
  return { kind: 'move', from, running, to, outcome: null, report: null, done: null }
}

t.test('jobs are counted by name, where they are and as what they have ended', async (t) => {
  const counts = new JobCounts(START, FIRST)
  const read = (total = {}, running: { name: string }[] = []) =>
    counts.read(START + 200, { ...NOTHING, ...total }, running, null)
  const [a, b, c] = [job('a', 101), job('b', 102), job('c', 103, 'other')] as const
  for (const one of [a, b, c]) counts.follow(insert(one))
  counts.follow(begin(a))
  t.match(read({ waiting: 2, running: 1 }, [a]), {
    waitingBefore: 0,
    names: [
      { name: 'other', waiting: 1, running: 0 },
      { name: 'work', waiting: 1, running: 1 },
    ],
    all: { waiting: 2, running: 1 },
    others: null,
  })
  counts.follow(end(a, true))
  counts.follow(end(b, false, { state: 'cancelled', startedAt: 0 }))
  counts.follow(begin(c))
  const again = job('c', 104, 'other')
  counts.follow(move(c, true, again))
  t.match(read({ waiting: 1 }).names, [
    { name: 'other', waiting: 1, completed: 0, run: null },
    { name: 'work', waiting: 0, completed: 1, cancelled: 1, completedIn: { minute: 1 }, run: { p50: 108 } },
  ])
  t.match(read().all, { wait: { p50: 45 }, run: { p99: 108 } })
  // What was there before is counted by name from when it moves.
  const [old, older] = [job('old', 7), job('older', 8)]
  t.equal(read({ waiting: 3 }).waitingBefore, 2)
  counts.follow(begin(old))
  t.equal(read({ waiting: 2 }).waitingBefore, 1)
  counts.follow(move(older, false, job('older', 105)))
  t.match(read({ waiting: 2 }), { waitingBefore: 0, all: { waiting: 2 } })
  counts.follow(end(again, true, { state: 'failed' }))
  t.match(read().all, { failed: 1, failedIn: { minute: 1, hour: 1, day: 1 } })
})

t.test('of very many names the first are counted by themselves, and all others together', async (t) => {
  const counts = new JobCounts(START, FIRST)
  for (let i = 0; i < 300; i++) counts.follow(insert(job(`j${i}`, FIRST + i, `name ${i}`)))
  const { names, others, all } = counts.read(START, NOTHING, [{ name: 'name 299' }], null)
  t.equal(names.length, 256)
  t.match([others, all.waiting], [{ waiting: 44, running: 1 }, 300])
})

t.test('the job that has been due the longest is found by its lane', async (t) => {
  const lanes = [
    { lane: IMMEDIATE, due: 50 },
    { lane: TIMED, due: 30 },
    { lane: laneBehind('a'), due: 1 },
  ]
  const store = { lanes: async (after: string | null) => (after === null ? lanes : []) }
  t.equal(await oldestDue(store, 60), 30)
  t.equal(await oldestDue(store, 20), null)
})
