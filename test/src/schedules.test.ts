import { Cron } from 'croner'
import fc from 'fast-check'
import t from 'tap'
import { packArgs } from '#dist/src/bytes/values.js'
import { NO_TERMS } from '#dist/src/job/terms/agreed.js'
import { cronTimes } from '#dist/src/schedules/cron.js'
import { type Decision, decide, dueOf, MOST_BEHIND, type Progress } from '#dist/src/schedules/decision.js'
import {
  checkDefinition,
  DEFINITION,
  parseScheduleOptions,
  parseWhen,
  timetableOf,
  type When,
} from '#dist/src/schedules/definition.js'
import { RUN_EDITION, runId, runOf } from '#dist/src/schedules/runs.js'
import { gridTimes, latest, nextTimes, type Timetable } from '#dist/src/schedules/timetable.js'
import { Zone } from '#dist/src/schedules/zone.js'
import { understood } from '#dist/src/verbs/form.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const TODAY = Date.parse('2026-12-01')

/** When the clocks of a zone were last set, the latest first. */
function changesOf(zone: Zone, most: number): number[] {
  const found: number[] = []
  const step = 30 * DAY
  for (let end = TODAY; end > 0 && found.length < most; end -= step) {
    let [before, after] = [end - step, end]
    const offset = zone.offset(before)
    if (offset === zone.offset(after)) continue
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000
      if (zone.offset(middle) === offset) before = middle
      else after = middle
    }
    found.push(after)
  }
  return found
}

function listed(times: Timetable, from: number, until: number): string[] {
  const found: string[] = []
  for (let at = times.after(from); at !== null && at < until; at = times.after(at))
    found.push(new Date(at).toISOString())
  return found
}

function byCroner(pattern: string, timezone: string, from: number, until: number): string[] {
  const cron = new Cron(pattern, { timezone, paused: true, fixedTimeRule: 'no-wildcard' })
  const found: string[] = []
  for (let at = cron.nextRun(new Date(from)); at !== null && at.getTime() < until; at = cron.nextRun(at))
    found.push(at.toISOString())
  return found
}

t.test('in every zone, when its clocks were last set, as croner has it', async (t) => {
  let changes = 0
  const others: string[] = []
  for (const timezone of Intl.supportedValuesOf('timeZone')) {
    const zone = new Zone(timezone)
    for (const change of changesOf(zone, 2)) {
      changes++
      const [before, after] = [zone.offset(change - 1), zone.offset(change)]
      const [from, until] = [change - 2 * HOUR, change + 2 * HOUR]
      // In the middle of what is skipped or shown twice, and at its beginning or end.
      const middle = change + (before + after) / 2
      const walls = [middle, change + before].map((wall) => new Date(wall))
      const fixed = walls.map((wall) => `${wall.getUTCMinutes()} ${wall.getUTCHours()} * * *`)
      for (const pattern of [...new Set(fixed), '*/20 * * * *']) {
        const ours = listed(cronTimes(pattern, timezone), from, until)
        const theirs = byCroner(pattern, timezone, from, until)
        if (ours.join() === theirs.join()) continue
        // It leaves out what is skipped up to midnight, or beyond.
        const [last, next] = [change - 1 + before, change + after].map((wall) => Math.floor(wall / DAY))
        if (
          after > before &&
          last !== next &&
          theirs.length === 0 &&
          ours[0] === new Date(change).toISOString()
        )
          others.push(timezone)
        else t.same(ours, theirs, `${timezone} ${new Date(change).toISOString()} ${pattern}`)
      }
    }
  }
  t.ok(changes > 400, `${changes} changes of clocks were looked at`)
  t.ok(others.includes('Asia/Dhaka') && others.length < 30, others.join(', '))
})

/** By hand, from the tables of when clocks are set. */
const EXPECTED: readonly [timezone: string, pattern: string, from: string, slots: readonly string[]][] = [
  // Forward from 2:00 to 3:00 on 29 March, back from 3:00 to 2:00 on 25 October.
  ['Europe/Vienna', '30 2 * * *', '2026-03-27T12:00Z', ['03-28T01:30', '03-29T01:00', '03-30T00:30']],
  ['Europe/Vienna', '30 2 * * *', '2026-10-23T12:00Z', ['10-24T00:30', '10-25T00:30', '10-26T01:30']],
  ['Europe/Vienna', '*/30 2 * * *', '2026-03-28T12:00Z', ['03-29T01:00', '03-30T00:00', '03-30T00:30']],
  [
    'Europe/Vienna',
    '*/30 2 * * *',
    '2026-10-24T12:00Z',
    ['10-25T00:00', '10-25T00:30', '10-26T01:00', '10-26T01:30'],
  ],
  ['Europe/Vienna', '0 */2 * * *', '2026-10-24T21:59Z', ['10-24T22:00', '10-25T00:00', '10-25T03:00']],
  ['Europe/Vienna', '0 * * * *', '2026-10-24T23:30Z', ['10-25T00:00', '10-25T01:00', '10-25T02:00']],
  ['Europe/Vienna', '0 * * * *', '2026-03-28T23:30Z', ['03-29T00:00', '03-29T01:00', '03-29T02:00']],
  ['Europe/Vienna', '0 3 * * *', '2026-03-28T12:00Z', ['03-29T01:00', '03-30T01:00']],
  // Forward on 8 March, back on 1 November, both at 2:00.
  ['America/New_York', '15 2 * * *', '2026-03-07T12:00Z', ['03-08T07:00', '03-09T06:15']],
  ['America/New_York', '15 1 * * *', '2026-10-31T12:00Z', ['11-01T05:15', '11-02T06:15']],
  // By half an hour: forward at 2:00 on 4 October, back at 2:00 on 5 April.
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-02T18:00Z', ['10-03T15:30', '10-04T15:15']],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T18:00Z', ['04-04T14:45', '04-05T15:15']],
  // Never set.
  ['Asia/Kolkata', '30 2 * * *', '2026-03-28T00:00Z', ['03-28T21:00', '03-29T21:00']],
  // Forward from midnight, so that the day begins at 1:00, on 6 September; back to 23:00 on 4 April.
  ['America/Santiago', '0 0 * * *', '2026-09-04T12:00Z', ['09-05T04:00', '09-06T04:00', '09-07T03:00']],
  ['America/Santiago', '30 23 * * *', '2026-04-03T12:00Z', ['04-04T02:30', '04-05T02:30', '04-06T03:30']],
]

t.test('what clocks skip comes once behind it, and what they show twice comes once', async (t) => {
  for (const [timezone, pattern, from, slots] of EXPECTED) {
    const found = nextTimes(cronTimes(pattern, timezone), Date.parse(from), slots.length)
    const short = found.map((slot) => new Date(slot).toISOString().slice(5, 16))
    t.same(short, slots, `${pattern} ${timezone}`)
  }
  t.same(
    nextTimes(cronTimes('0 0 29 2 *', 'UTC'), TODAY, 2).map((slot) => new Date(slot).toISOString()),
    ['2028-02-29T00:00:00.000Z', '2032-02-29T00:00:00.000Z'],
  )
  const second = nextTimes(cronTimes('* * 2 * * *', 'Europe/Vienna'), Date.parse('2026-10-25T00:59:58Z'), 2)
  t.same(second, [Date.parse('2026-10-25T00:59:59Z'), Date.parse('2026-10-26T01:00:00Z')])
})

t.test('the latest slot is found among many', async (t) => {
  const zones = ['UTC', 'Europe/Vienna']
  const patterns = ['* * * * *', '*/7 3 * * *', '0 0 1 * *', '5 4 * * 0']
  const any = fc.tuple(fc.constantFrom(...patterns), fc.constantFrom(...zones), fc.nat(9000), fc.nat(600))
  const same = fc.property(any, ([pattern, timezone, start, minutes]) => {
    const times = cronTimes(pattern, timezone)
    const since = TODAY + start * 60_000
    const time = since + minutes * 60_000 + 1
    const last = listed(times, since, time + 1).at(-1)
    t.equal(latest(times, since, time), last === undefined ? null : Date.parse(last), `${pattern} ${since}`)
  })
  fc.assert(same, { numRuns: 30 })
  t.equal(latest(gridTimes(5, 10), 0, 1e12), 1e12 - 5, 'of 100,000 million, at once')
})

t.test('what is wrong with a schedule is said with its path', async (t) => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /^when: expected an object/],
    [{}, /^when: expected either cron or every, got neither/],
    [{ cron: '0 3 * * *', every: 1 }, /got both/],
    [{ cron: '0 3 * *' }, /^when\.cron: expected 5 fields .*, got '0 3 \* \*'/],
    [{ cron: '@daily' }, /^when\.cron: expected 5 fields/],
    [{ cron: '0 25 * * *' }, /^when\.cron: field 2 of '0 25 \* \* \*', the hour: Invalid value for hour: 25/],
    [{ cron: '61 0 3 * * *' }, /^when\.cron: field 1 of .*, the second: /],
    [{ cron: '0 3 * * x' }, /field 5 of .*, the day of the week: /],
    [{ cron: '0 0 30 2 *' }, /never does/],
    [{ cron: 7 }, /^when\.cron: expected text/],
    [{ cron: '0 3 * * *', timezone: 'Vienna' }, /^when\.timezone: .* 'Europe\/Vienna', got 'Vienna'/],
    [{ every: '10m', timezone: 'UTC' }, /^when\.timezone: expected cron beside it/],
    [{ every: 0 }, /^when\.every: expected a whole number from 1 /],
    [{ every: 'soon' }, /^when\.every: expected seconds or a duration/],
    [{ every: 1, missed: 'never' }, /^when\.missed: expected once or skip or all, got 'never'/],
    [{ every: 1, overlap: true }, /^when\.overlap: expected skip or queue or allow/],
    [{ every: 1, from: 'tomorrow' }, /^when\.from: expected a Date/],
    [{ every: 1, from: 10, until: 9 }, /^when\.until: expected a time that is not before when\.from/],
    [{ every: 1, times: 0 }, /^when\.times: expected a whole number from 1/],
    [{ every: 1, jitter: '0s' }, /^when\.jitter: expected a whole number from 1/],
    [{ evry: 1 }, /^when\.evry: no such option; known: cron, timezone, every/],
  ]
  for (const [when, message] of wrong)
    t.throws(() => parseWhen(when as When), { name: 'TypeError', message }, JSON.stringify(when))
  for (const option of ['after', 'runAt', 'id', 'period', 'missed'])
    t.throws(() => parseScheduleOptions({ [option]: 1 }, false), {
      message: new RegExp(`^opts\\.${option}: no option of a schedule`),
    })
  t.throws(() => parseScheduleOptions({ priority: 0.5 }, false), { message: /^opts\.priority: / })
})

t.test('a definition is read as it was written, and what is none is refused', async (t) => {
  const when = { cron: ' 0  3 * * * ', from: new Date(7), times: 2, jitter: '1s' }
  const rest = { name: 'report', terms: NO_TERMS.bytes, args: packArgs({ a: 1 }) }
  const definition = { ...parseWhen(when), ...rest }
  t.match(definition, { cron: '0 3 * * *', timezone: 'UTC', missed: 'once', overlap: 'skip', from: 7 })
  const read = understood(DEFINITION, definition, 'it')
  checkDefinition(read)
  t.same(read, definition)
  const broken = [
    { ...read, every: 1 },
    { ...read, cron: undefined },
    { ...read, timezone: undefined },
    { ...read, timezone: 'Nowhere/At_all' },
    { ...read, cron: '0 99 * * *' },
    { ...read, args: Buffer.from([0x92]) },
  ]
  for (const one of broken) t.throws(() => checkDefinition(one), { code: 'JR_PROTOCOL' })
})

t.test('which job is the run of which slot', async (t) => {
  const slot = Date.parse('2026-10-25T00:30:00Z')
  const id = runId('every @ night', slot)
  t.equal(id, 'every @ night@2026-10-25T00:30:00.000Z')
  t.same(runOf({ id, edition: RUN_EDITION }), { schedule: 'every @ night', slot })
  t.equal(runOf({ id, edition: 7 }), null, 'a job of that name is no run')
})

const NEW: Progress = { next: 10, behind: [], runs: 0, skipped: 0 }
const GRID = gridTimes(10, 10)

/** All that is decided at one look; a run that begins is busy from then on. */
function look(
  progress: Progress,
  when: Partial<When> & { readonly jitter?: number },
  { now, since = 0, busy = false }: { now: number; since?: number; busy?: boolean },
  times: Timetable = GRID,
) {
  const { missed = 'once', overlap = 'skip', jitter = 0 } = when
  const definition = { missed, overlap, jitter, ...(when.times === undefined ? {} : { times: when.times }) }
  const begun: number[] = []
  let decided: Decision
  for (let [at, doing] = [progress, busy]; ; ) {
    decided = decide(at, { id: 's', definition, times, now, since, busy: doing })
    if (decided.run === null) break
    begun.push(decided.run)
    at = decided.progress
    doing = true
  }
  return { begun, ...decided.progress, wake: decided.wake }
}

t.test('what begins, what waits, and what is left out', async (t) => {
  t.match(look(NEW, {}, { now: 9 }), { begun: [], next: 10, wake: 10 })
  t.match(look(NEW, {}, { now: 10 }), { begun: [10], next: 20, wake: 20 })
  t.match(look(NEW, {}, { now: 10, busy: true }), { begun: [], next: 20, skipped: 1 })
  t.match(look(NEW, { overlap: 'allow' }, { now: 25, busy: true }), { begun: [10, 20], next: 30 })
  t.match(look(NEW, { overlap: 'queue' }, { now: 25, busy: true }), { begun: [], behind: [10, 20], next: 30 })
  const waiting = { ...NEW, next: 30, behind: [10, 20] }
  t.match(look(waiting, { overlap: 'queue' }, { now: 25 }), { begun: [10], behind: [20], next: 30 })
  t.match(look(waiting, { overlap: 'queue' }, { now: 30 }), { begun: [10], behind: [20, 30] }, 'in order')
})

t.test('what becomes of slots that were missed', async (t) => {
  const down = { now: 57, since: 55 }
  t.match(look(NEW, { missed: 'skip' }, down), { begun: [], next: 60, skipped: 0 })
  t.match(look(NEW, { missed: 'once' }, down), { begun: [50], next: 60 })
  t.match(look(NEW, { missed: 'all' }, down), { begun: [10], behind: [20, 30, 40, 50], next: 60 })
  t.match(look(NEW, { missed: 'all', overlap: 'allow' }, down), { begun: [10, 20, 30, 40, 50], next: 60 })
  t.match(look(NEW, { missed: 'once' }, { ...down, busy: true }), { begun: [], next: 60, skipped: 1 })
  t.match(look(NEW, { missed: 'all' }, { ...down, busy: true }), { begun: [], behind: [10, 20, 30, 40, 50] })
  t.match(look(NEW, { missed: 'skip' }, { now: 60, since: 60 }), { begun: [60], next: 70 }, 'just in time')
  const many = look(NEW, { missed: 'all' }, { now: 1e9, since: 1e9 })
  t.equal(many.behind.length, MOST_BEHIND)
  t.equal(many.next, 10 * (MOST_BEHIND + 2), 'the others are looked at later')
  const later = look({ ...many }, { missed: 'all' }, { now: 1e9, since: 1e9 })
  t.same([later.begun, later.behind.at(-1)], [[20], 10 * (MOST_BEHIND + 2)])
})

t.test('so many runs, and no more', async (t) => {
  t.match(look(NEW, { times: 2, overlap: 'allow' }, { now: 99 }), { begun: [10, 20], next: undefined })
  t.match(look(NEW, { times: 2, overlap: 'queue' }, { now: 99, busy: true }), { behind: [10, 20] })
  t.match(look(NEW, { times: 1 }, { now: 99, busy: true }), { begun: [], next: 100, skipped: 9 })
  const until = timetableOf({ ...parseWhen({ every: 1, from: 5000, until: 7000 }), name: 'a' } as never, 0)
  t.same(nextTimes(until, 0, 9), [5000, 6000, 7000])
  t.same(nextTimes(timetableOf({ ...parseWhen({ every: 1 }) } as never, 500), 500, 2), [1500, 2500])
})

t.test('jitter puts each slot off by its own part, the same each time', async (t) => {
  const parts = Array.from({ length: 200 }, (_, slot) => dueOf('s', slot, 99) - slot)
  t.ok(parts.every((part) => part >= 0 && part <= 99))
  t.ok(new Set(parts).size > 50)
  t.same(
    parts,
    Array.from({ length: 200 }, (_, slot) => dueOf('s', slot, 99) - slot),
  )
  const due = dueOf('s', 10, 8)
  t.match(look(NEW, { jitter: 8 }, { now: due - 1 }), { begun: [], wake: due })
  t.match(look(NEW, { jitter: 8 }, { now: due }), { begun: [10] })
})

t.test('no slot is run twice, and with `all` none is lost, whenever it is looked', async (t) => {
  const steps = fc.array(fc.record({ by: fc.integer({ min: 1, max: 60 }), down: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  })
  const holds = fc.property(steps, fc.constantFrom('skip', 'queue', 'allow'), (path, overlap) => {
    let [now, since, progress, busy] = [0, 0, NEW as Progress, false]
    const runs: number[] = []
    for (const { by, down } of path) {
      now += by
      if (down) since = now
      const done = look(progress, { missed: 'all', overlap }, { now, since, busy })
      runs.push(...done.begun)
      progress = done
      busy = !busy && done.begun.length > 0
    }
    t.same(
      runs,
      [...new Set(runs)].sort((a, b) => a - b),
    )
    const expected = Math.max(0, Math.floor(now / 10))
    t.equal(runs.length + progress.behind.length + progress.skipped, expected, 'each is somewhere')
    if (overlap !== 'skip') t.equal(progress.skipped, 0)
  })
  fc.assert(holds, { numRuns: 300 })
})
