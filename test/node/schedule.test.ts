import fc from 'fast-check'
import t from 'tap'
import { Held } from '#dist/node/order/held.js'
import { LaneWindow } from '#dist/node/order/lane-window.js'
import { IMMEDIATE, laneFor, TIMED, TIMED_DEFERRED } from '#dist/src/job/lane.js'
import { comparePlaces, type JobRecord } from '#dist/src/job/record.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'
import { at, begun, Rows, scheduler } from './rows.js'

t.test('a window gives out every job of its lane once and in order, however they arrive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(50), fc.nat(3)), { maxLength: 120 }), async (steps) => {
      const rows = new Rows()
      const window = new LaneWindow(TIMED, new Held(rows.read, { jobs: 4, read: 4, bytes: 1 << 20 }), 0)
      let seq = 0
      let reading: Promise<void> | null = null
      const given: JobRecord[] = []
      const take = () => {
        const job = window.take()
        if (job === null) return
        if (rows.all[0]?.id !== job.id) throw new Error(`${job.id} came before ${rows.all[0]?.id}`)
        rows.remove(job.id)
        given.push(job)
      }
      for (const [due, what] of steps) {
        if (what === 0) take()
        else if (what === 1 && window.needsRefill(at(1000), 1)) reading = window.refill(4)
        else if (what === 2 && reading !== null) await reading
        else {
          seq++
          const job = record({ id: `j${seq}`, lane: TIMED, due, seq })
          rows.put(job)
          window.add(job)
        }
        if (reading !== null && what === 0) {
          await reading
          reading = null
        }
      }
      await reading
      while (rows.all.length > 0) {
        if (window.needsRefill(at(1000), 1)) await window.refill(4)
        take()
      }
      return given.length === seq
    }),
    { numRuns: 300 },
  )
})

t.test('a window that lets go of all it holds reads nothing again that it gave out', async () => {
  const step = fc.constantFrom('add', 'add', 'take', 'take', 'refill', 'shed', 'written')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const rows = new Rows()
      const held = new Held(rows.read, { jobs: 8, read: 4, bytes: 1 << 20 })
      const window = new LaneWindow(TIMED, held, null)
      let seq = 0
      const given = new Set<string>()
      /** Given out, and not yet written as begun: the store has them among those that wait. */
      let begun: string[] = []
      const take = () => {
        const job = window.take()
        if (job === null) return
        if (given.has(job.id)) throw new Error(`${job.id} was given out twice`)
        given.add(job.id)
        begun.push(job.id)
      }
      const refill = async () => {
        if (window.needsRefill(at(1000), 1)) await window.refill(4)
      }
      for (const what of steps) {
        if (what === 'take') take()
        else if (what === 'refill') await refill()
        else if (what === 'shed') {
          window.shed()
          if (held.jobs.size > 0) return false
        } else if (what === 'written') {
          for (const id of begun) rows.remove(id)
          begun = []
        } else {
          seq++
          const job = record({ id: `j${seq}`, lane: TIMED, due: seq, seq })
          rows.put(job)
          window.add(job)
        }
      }
      for (let i = 0; given.size < seq && i < 1000; i++) {
        await refill()
        take()
      }
      return given.size === seq
    }),
    { numRuns: 300 },
  )
})

t.test('memory holds a bounded part of a long lane', async (t) => {
  const rows = new Rows()
  for (let seq = 1; seq <= 1000; seq++) rows.put(record({ id: `j${seq}`, lane: TIMED, due: 9000 + seq, seq }))
  const { made } = scheduler(rows, new StoppedClock())
  await made.start()
  t.equal(made.held, 8)
  for (let seq = 1001; seq <= 2000; seq++) {
    const job = record({ id: `j${seq}`, lane: TIMED, due: 3000 - seq, seq })
    rows.put(job)
    made.add(job)
  }
  t.ok(made.held <= 16, `holds ${made.held}`)
  made.stop()
})

t.test('one timer, for the earliest job; no reads while nothing is due', async (t) => {
  const rows = new Rows()
  const clock = new StoppedClock()
  const { made, seen } = scheduler(rows, clock)
  await made.start()
  t.equal(clock.timers.length, 0, 'nothing waits: no timer at all')
  for (const [id, due, seq, lane] of [
    ['late', 9000, 1, TIMED],
    ['early', 3000, 2, TIMED_DEFERRED],
    ['middle', 5000, 3, TIMED],
  ] as const) {
    const job = record({ id, due, seq, lane })
    rows.put(job)
    made.add(job)
    made.settle()
  }
  const reads = rows.reads
  t.same(
    clock.timers.map((timer) => timer.at),
    [3000],
  )
  clock.fire()
  t.equal(seen.due, 1)
  t.equal(made.take(false, at(clock.time)), null)
  t.equal(made.take(true, at(clock.time))?.id, 'early')
  made.settle()
  t.same(
    clock.timers.map((timer) => timer.at),
    [5000],
  )
  t.equal(rows.reads, reads)
  made.stop()
  t.equal(clock.timers.length, 0)
})

t.test('a job far away: the timer comes back to look at the clock, never early', async (t) => {
  const rows = new Rows()
  const clock = new StoppedClock()
  const { made } = scheduler(rows, clock)
  await made.start()
  const job = record({ id: 'far', lane: TIMED, due: 1000 + 40 * 24 * 3600_000, seq: 1 })
  rows.put(job)
  made.add(job)
  made.settle()
  clock.fire()
  t.equal(clock.time, 61_000)
  t.equal(made.take(false, at(clock.time)), null)
  t.equal(clock.timers.length, 1)
  clock.time = job.due
  t.equal(made.take(false, at(clock.time))?.id, 'far')
  made.stop()
})

t.test('a job that comes due between the look and the arming of the timer is not forgotten', async (t) => {
  const rows = new Rows()
  const clock = new StoppedClock()
  const { made, seen } = scheduler(rows, clock)
  await made.start()
  made.add(record({ lane: TIMED, due: 2000 }))
  t.equal(made.take(false, at(1999)), null)
  clock.time = 2000
  made.settle()
  t.equal(clock.timers.length, 1)
  clock.fire()
  t.equal(seen.due, 1)
  made.settle()
  t.equal(clock.timers.length, 0, 'offered: now it waits for a child')
  made.stop()
})

t.test('of the jobs that are due: priority, then due time, then order of arrival', async (t) => {
  const jobs: [priority: number, timed: boolean, due: number][] = [
    [0, false, 900],
    [0, true, 400],
    [0, true, 900],
    [0, false, 500],
    [0, true, 5000],
    [7, true, 1],
    [7, false, 2],
    [-3, true, 950],
    [-3, false, 960],
    [-3, true, 961],
    [-3, true, 5000],
    [0, false, 500],
    [-(2 ** 31), true, 999],
    [2 ** 31 - 1, false, 1],
  ]
  const all = jobs.map(([priority, timed, due], i) => {
    const lane = laneFor({ timed, deferred: false, priority, key: '' })
    return { priority, job: record({ id: `${priority}, ${due}, ${i}`, lane, due, seq: i + 1 }) }
  })
  const clock = new StoppedClock()
  const expected = all
    .filter(({ job }) => job.due <= clock.time)
    .sort((a, b) => a.priority - b.priority || a.job.due - b.job.due || a.job.seq - b.job.seq)
    .map(({ job }) => job.id)
  for (const stored of [0, all.length / 2, all.length]) {
    const rows = new Rows()
    for (const { job } of all.slice(0, stored)) rows.put(job)
    const { made } = scheduler(rows, clock)
    await made.start()
    for (const { job } of all.slice(stored)) {
      rows.put(job)
      made.add(job)
    }
    const order = await begun(made, rows, clock, expected.length, 100)
    t.same(order, expected, `${stored} were stored before`)
    t.equal(made.take(false, at(clock.time)), null)
    made.stop()
  }
})

t.test('no job that comes begins in front of one that waits', async (t) => {
  const clock = new StoppedClock()
  const { made } = scheduler(new Rows(), clock)
  await made.start()
  const first = record({ id: 'first', lane: keyed(-5), seq: 2 })
  t.ok(made.passes(first, false, at(clock.time)))
  made.add(record({ id: 'waits', lane: keyed(5), seq: 1 }))
  t.notOk(
    made.passes(first, false, at(clock.time)),
    'whatever its number: there is a child for the one that waits',
  )
  made.stop()
})

t.test('a job sent to run at once does not wait when the wall clock is set back', async (t) => {
  const { made } = scheduler(new Rows(), new StoppedClock())
  await made.start()
  made.add(record({ lane: IMMEDIATE, due: 5_000_000 }))
  t.equal(made.take(false, at(1000))?.id, 'job-1')
  made.stop()
})

t.test('a job taken out is not given out', async (t) => {
  const { made } = scheduler(new Rows(), new StoppedClock())
  await made.start()
  made.add(record({ id: 'a', seq: 1 }))
  made.add(record({ id: 'b', seq: 2 }))
  t.equal(made.remove('a')?.id, 'a')
  t.equal(made.remove('a'), undefined)
  t.equal(made.take(false, at(2000))?.id, 'b')
  t.equal(made.take(false, at(2000)), null)
  made.stop()
})

t.test('a wall clock that is set moves the jobs of the wall clock, and no others', async (t) => {
  for (const moved of [-3_600_000, 3_600_000]) {
    const rows = new Rows()
    const clock = new StoppedClock()
    clock.time = 10_000_000
    let offset = 0
    clock.now = () => clock.time + offset
    const now = () => ({ steady: clock.time, wall: clock.now() })
    const { made, seen } = scheduler(rows, clock, 64)
    await made.start()
    made.add(record({ id: 'at', lane: TIMED, due: 10_004_000, seq: 1, byWall: true }))
    made.add(record({ id: 'after', lane: TIMED, due: 10_008_000, seq: 2 }))
    made.settle()
    offset = moved
    // The timer fires for the first, as it was set; from then on both are looked at by their own clocks.
    clock.fire()
    made.settle()
    t.equal(clock.time, 10_004_000)
    t.equal(made.take(false, now())?.id, moved > 0 ? 'at' : undefined)
    if (moved > 0) t.equal(made.take(false, now()), null)
    made.settle()
    clock.fire()
    t.equal(clock.time, 10_008_000, 'a delay keeps its length')
    t.equal(made.take(false, now())?.id, 'after')
    t.equal(made.take(false, now()), null)
    if (moved < 0) {
      for (let hops = 0; clock.time < 10_004_000 - moved; hops++) {
        if (hops > 61) throw new Error('the timer does not get there')
        made.settle()
        clock.fire()
      }
      t.equal(made.take(false, now())?.id, 'at')
    }
    t.ok(seen.due > 0)
  }
})

/** A reactor's lanes of different priorities and keys. */
const keyed = (priority: number, key = '') => laneFor({ timed: false, deferred: false, priority, key })

t.test(
  'the lowest priority comes first, also when it has to be read, and lanes of one take turns',
  async (t) => {
    const rows = new Rows()
    const expected: string[] = []
    let seq = 0
    for (const priority of [3, -2, 0]) {
      for (const key of ['work/a', 'work/b', 'work/c']) {
        for (let n = 1; n <= 20; n++) {
          rows.put(record({ id: `${priority}${key}${n}`, lane: keyed(priority, key), seq: ++seq }))
        }
      }
    }
    for (const priority of [-2, 0, 3]) {
      for (let n = 1; n <= 20; n++)
        for (const key of ['work/a', 'work/b', 'work/c']) expected.push(`${priority}${key}${n}`)
    }
    const clock = new StoppedClock()
    const { made } = scheduler(rows, clock)
    await made.start()
    const order = await begun(made, rows, clock, expected.length, 1000)
    t.same(order, expected)
    t.ok(made.held <= 8 * 8)
    made.stop()
  },
)

t.test('many lanes: all jobs come once, memory is bounded, and no lane is read for each job', async (t) => {
  const rows = new Rows()
  // More than are looked for at a time.
  const lanes = 1200
  let seq = 0
  for (let n = 0; n < 4; n++) {
    for (let i = 0; i < lanes; i++) {
      seq++
      const timed = i % 2 === 0
      const lane = laneFor({ timed, deferred: false, priority: i % 7, key: `work/k${i}` })
      rows.all.push(record({ id: `j${seq}`, lane, due: timed ? 2000 + i + n : 1, seq }))
    }
  }
  rows.all.sort(comparePlaces)
  const clock = new StoppedClock()
  const { made } = scheduler(rows, clock, 16)
  await made.start()
  const given = new Set<string>()
  let most = 0
  for (let turns = 0; given.size < seq && turns < 50_000; turns++) {
    const job = made.take(false, at(clock.time))
    if (job !== null) {
      if (given.has(job.id) || job.due > clock.time) t.fail(`${job.id} came twice, or early`)
      given.add(job.id)
    } else {
      await new Promise(setImmediate)
      if (clock.timers.length > 0 && turns % 5 === 0) clock.fire()
    }
    made.settle()
    most = Math.max(most, made.held)
  }
  t.equal(given.size, seq)
  t.ok(most <= 2 * 64 * 16, `held ${most}`)
  t.ok(rows.reads < 2 * lanes, `${rows.reads} reads`)
  made.stop()
})

t.test('jobs of a wall clock that was set back do not keep those behind them in the store', async (t) => {
  const rows = new Rows()
  for (let seq = 1; seq <= 12; seq++)
    rows.put(record({ id: `at-${seq}`, lane: TIMED, due: 5000, seq, byWall: true }))
  rows.put(record({ id: 'after', lane: TIMED, due: 6000, seq: 13 }))
  const window = new LaneWindow(TIMED, new Held(rows.read, { jobs: 16, read: 4, bytes: 1 << 20 }), 0)
  const now = { steady: 7000, wall: 0 }
  while (window.needsRefill(now, 1)) await window.refill(4)
  t.equal(window.take(now)?.id, 'after')
})
