import fc from 'fast-check'
import t from 'tap'
import { systemChance } from '#dist/src/chance.js'
import { Heap } from '#dist/src/heap.js'
import { again } from '#dist/src/job/again.js'
import {
  bytesOfAttempts,
  lastError,
  NO_ATTEMPTS,
  type PastAttempt,
  withAttempt,
} from '#dist/src/job/attempts.js'
import { type EnqueueOptions, parseEnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { homeOf } from '#dist/src/job/home.js'
import { IMMEDIATE, IMMEDIATE_DEFERRED, laneBlocked, laneFor, TIMED } from '#dist/src/job/lane.js'
import { type Backoff, delayAfter, judge } from '#dist/src/job/retry-policy.js'
import { nextSlot } from '#dist/src/job/slots.js'
import { isTerminal, JOB_STATES, mayBecome, transition, waitingState } from '#dist/src/job/states.js'
import { createLogger } from '#dist/src/logger.js'
import { formatDuration, parseDurationMs } from '#dist/src/options/duration.js'
import { course, failedAttempt, recordOf } from '../fixtures/record.mjs'

t.test(
  'states: terminal ones stay, running comes from available alone, all can be cancelled before',
  async (t) => {
    for (const from of JOB_STATES) {
      if (isTerminal(from)) for (const to of JOB_STATES) t.notOk(mayBecome(from, to), `${from} to ${to}`)
      else t.ok(mayBecome(from, 'cancelled'))
      t.equal(mayBecome(from, 'running'), from === 'available')
    }
    t.throws(() => transition('completed', 'running'), /a job that is completed cannot become running/)
    const lane = TIMED
    t.equal(waitingState({ lane, due: 5, course: { attempt: 0, behind: null } }, 4), 'scheduled')
    t.equal(waitingState({ lane, due: 5, course: { attempt: 1, behind: null } }, 4), 'retryable')
    t.equal(waitingState({ lane, due: 5, course: { attempt: 1, behind: null } }, 5), 'available')
    const behind = { lane, due: 0 }
    t.equal(waitingState({ lane: laneBlocked('f1'), due: 0, course: { attempt: 0, behind } }, 5), 'blocked')
  },
)

t.test(
  'the home of a key is one of the nodes that are there, and moves only when that one goes',
  async (t) => {
    t.equal(homeOf('key', []), null)
    const [keys, nodes] = [Array.from({ length: 300 }, (_, i) => `key-${i}`), ['a', 'b', 'c']]
    const homes = new Map(keys.map((key) => [key, homeOf(key, nodes)]))
    for (const node of nodes) {
      const theirs = keys.filter((key) => homes.get(key) === node)
      t.ok(theirs.length > 50, `${node} has ${theirs.length}`)
      const others = nodes.filter((name) => name !== node).reverse()
      for (const key of keys) {
        if (homes.get(key) === node) t.ok(others.includes(homeOf(key, others) ?? ''))
        else t.equal(homeOf(key, others), homes.get(key))
      }
    }
  },
)

t.test('a job that runs again is as it was enqueued, and due at once', async (t) => {
  const args = Buffer.from('args')
  const before = recordOf({ lane: TIMED, due: 5, seq: 1, id: 'a', args, edition: 7, name: 'resize' })
  const now = { steady: 1000, wall: 2000 }
  const had = course({ attempt: 3, losses: 1, slot: 4, firstDue: 5, attempts: [failedAttempt()] })
  t.same(again({ ...before, course: had, byWall: true }, now, 9), {
    ...before,
    lane: IMMEDIATE,
    due: 1000,
    seq: 9,
  })
  t.equal(again({ ...before, lane: IMMEDIATE_DEFERRED }, now, 9).lane, IMMEDIATE_DEFERRED)
  const lane = { timed: true, deferred: true, priority: -5, key: 'k' }
  t.equal(again({ ...before, lane: laneFor(lane) }, now, 9).lane, laneFor({ ...lane, timed: false }))
})

t.test('an id can be given to a command', async (t) => {
  const ids = Array.from({ length: 1000 }, systemChance.id)
  t.notOk(ids.some((id) => id.startsWith('-')))
  t.equal(new Set(ids).size, 1000)
})

t.test('waits between attempts', async (t) => {
  const cases: [Backoff, number[]][] = [
    [5, [5000, 5000, 5000]],
    [0, [0, 0, 0]],
    [{ type: 'fixed', delay: 0.25 }, [250, 250, 250]],
    [{ type: 'linear', delay: 5 }, [5000, 10_000, 15_000]],
    [{ type: 'linear', delay: 5, max: 8 }, [5000, 8000, 8000]],
    [{ type: 'exponential', delay: 1, jitter: false }, [1000, 2000, 4000]],
    [{ type: 'exponential', delay: 1, max: 3, jitter: false }, [1000, 2000, 3000]],
    [{ type: 'exponential', delay: 1 }, [500, 1000, 2000]],
  ]
  for (const [backoff, waits] of cases) {
    t.same(
      waits.map((_, i) => delayAfter(i + 1, backoff, () => 0.5)),
      waits,
      JSON.stringify(backoff),
    )
  }
  t.ok(delayAfter(10_000, { type: 'exponential', delay: 1 }, () => 0.99) < 2 ** 36, 'never beyond a year')
  t.same(
    judge(3, 3, 5, null, () => 0),
    { retry: false, delayMs: 0 },
  )
  t.same(
    judge(2, 3, 5, 70, () => 0),
    { retry: true, delayMs: 70 },
  )
})

t.test('slots of a schedule', async (t) => {
  const at = (missed: 'once' | 'skip' | 'all', slot: number, now: number) =>
    nextSlot({ firstDue: 1000, periodMs: 100, slot, missed, now })
  for (const missed of ['once', 'skip', 'all'] as const)
    t.same(at(missed, 0, 1050), { slot: 1, due: 1100 }, 'in time')
  t.same(at('once', 0, 1570), { slot: 5, due: 1500 }, 'the latest that was missed, late')
  t.same(at('skip', 0, 1570), { slot: 6, due: 1600 })
  t.same(at('all', 0, 1570), { slot: 1, due: 1100 })
  t.same(at('once', 5, 1570), { slot: 6, due: 1600 }, 'and then the grid again')
  fc.assert(
    fc.property(
      fc.constantFrom('once' as const, 'skip' as const, 'all' as const),
      fc.nat(50),
      fc.nat(20_000),
      (missed, slot, now) => {
        const next = at(missed, slot, now)
        return (
          next.slot > slot &&
          next.due === 1000 + next.slot * 100 &&
          (missed !== 'skip' || next.due > now || next.slot === slot + 1)
        )
      },
    ),
  )
})

t.test('durations', async (t) => {
  const good: [unknown, number][] = [
    [0, 0],
    [1.5, 1500],
    [0.0001, 1],
    ['250ms', 250],
    ['20s', 20_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['7', 7000],
  ]
  for (const [value, ms] of good) t.equal(parseDurationMs(value, 'x'), ms, String(value))
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '', 'soon', '5 y', '-1s', null, {}]) {
    t.throws(() => parseDurationMs(value, 'opts.after'), { message: /^opts\.after: expected seconds/ })
  }
  t.same([5000, 90_000, 250, 0].map(formatDuration), ['5s', '90s', '250ms', '0ms'])
})

t.test('options of enqueue', async (t) => {
  const now = 1_000_000
  t.match(parseEnqueueOptions({ runAt: new Date(now + 500) }, now), { delayMs: null, runAt: now + 500 })
  t.match(parseEnqueueOptions({ runAt: now - 5 }, now), { delayMs: 0, runAt: null })
  t.match(parseEnqueueOptions({ notNode: 'a' }, now), {
    agreed: { terms: { notNode: ['a'] } },
    delayMs: null,
  })
  const bad: [object, RegExp][] = [
    [{ period: 0 }, /opts\.period: expected a whole number from 1 to 31536000000000 ms, got 0/],
    [{ runAt: 'tomorrow' }, /opts\.runAt: expected a Date/],
    [{ missed: 'never', period: 1 }, /opts\.missed: expected once or skip or all/],
    [{ node: 'a', notNode: ['a'] }, /no node is left/],
    [{ maxAttempts: 0 }, /opts\.maxAttempts/],
    [{ backoff: { type: 'cubic', delay: 1 } }, /opts\.backoff: expected/],
    [{ backoff: { type: 'fixed', delay: -1 } }, /opts\.backoff\.delay/],
    [{ id: '' }, /opts\.id/],
    [{ defer: 'yes' }, /opts\.defer: expected true or false, got 'yes'/],
  ]
  for (const [options, message] of bad)
    t.throws(() => parseEnqueueOptions(options, now), { name: 'TypeError', message })
  for (const inner of [
    { needs: [] },
    { flow: { id: 'f', key: 'a', failFast: false } },
    { parent: { id: 'a', edition: 0 } },
  ]) {
    const none = /^opts\.\w+: no such option; known: (?!.*needs)/
    t.throws(() => parseEnqueueOptions(inner as EnqueueOptions, 0), none)
  }
  const flow = { id: 'f', key: 'a', failFast: false }
  t.same(parseEnqueueOptions(null, 0, false, { flow }).agreed.terms, { flow })
  t.throws(() => parseEnqueueOptions({ period: 1 }, 0, false, { flow }), /^opts\.period: /)
})

t.test(
  'a heap gives out what is smallest, whatever order it came in, and of what is equal in a run the first',
  async (t) => {
    const step = fc.oneof(
      fc.constant('pop' as const),
      fc.integer({ min: 0, max: 50 }),
      fc.constant('next' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const heap = new Heap<number>((a, b) => a - b)
        const there: number[] = []
        let next = 0
        for (const what of steps) {
          if (what !== 'pop') {
            const number = what === 'next' ? next++ : what
            heap.push(number)
            there.push(number)
            there.sort((a, b) => a - b)
          } else if (heap.peek() !== there[0] || heap.pop() !== there.shift()) return false
          if (heap.size !== there.length) return false
        }
        return there.every((number) => heap.pop() === number) && heap.pop() === undefined
      }),
    )
    const long = new Heap<{ at: number; seq: number }>((a, b) => a.at - b.at)
    for (let seq = 0; seq < 3000; seq++) long.push({ at: seq >> 3, seq })
    for (let seq = 0; seq < 3000; seq++) {
      const { seq: got } = long.pop() ?? { seq: -1 }
      if (got !== seq) t.fail(`${got} came in the place of ${seq}`)
    }
    t.equal(long.size, 0)
  },
)

t.test('the log: JSON or text, secrets left out', async (t) => {
  const lines: string[] = []
  const options = {
    stream: { write: (line: string) => lines.push(line) },
    clock: { now: () => 0 },
    facts: { node: 'n' },
  }
  createLogger({ ...options, json: true }).info('a:b', { n: 1, secret: 'x', apiToken: 'y' })
  createLogger({ ...options, json: false }).warn('a:b', { text: 'two words' })
  createLogger({ ...options, level: 'error' }).warn('a:b')
  createLogger({ ...options, level: 'silent' }).output('a:b')
  t.same(JSON.parse(lines[0] ?? ''), {
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    event: 'a:b',
    node: 'n',
    n: 1,
    secret: '[redacted]',
    apiToken: '[redacted]',
  })
  t.equal(lines[1], '00:00:00.000 warn  a:b node=n text="two words"\n')
  t.equal(lines.length, 2)
})

t.test('of the attempts of a job the last ten are kept, and of each so much', async (t) => {
  let attempts: readonly PastAttempt[] = NO_ATTEMPTS
  t.equal(lastError(attempts), null)
  for (let number = 1; number <= 12; number++) {
    const error = { message: 'm'.repeat(5000), stack: 's'.repeat(9000), name: 'n'.repeat(999) }
    attempts = withAttempt(attempts, failedAttempt({ number, error }))
  }
  t.same(
    attempts.map(({ number }) => number),
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  )
  const lengths = attempts.map(({ error }) => [
    error?.message.length,
    error?.stack.length,
    error?.name.length,
  ])
  t.same(lengths, [...Array(9).fill([512, 512, 128]), [1024, 2048, 128]])
  t.equal(bytesOfAttempts(attempts), 9 * 1024 + 3072)
  t.match(lastError(attempts), { code: 'E_NO' })
  const ended = withAttempt(attempts, { ...failedAttempt({ number: 13 }), error: null })
  t.equal(lastError(ended), null, 'it has completed')
  t.equal(ended.length, 10)
})
