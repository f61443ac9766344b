import fc from 'fast-check'
import t from 'tap'
import type { Rules } from '#dist/node/order/rules.js'
import type { Scheduler } from '#dist/node/order/scheduler.js'
import { keyOf, laneFor, laneOfName, lanePartsOf } from '#dist/src/job/lane.js'
import type { Limits } from '#dist/src/job/limits.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { agreed } from '../fixtures/record.mjs'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'
import { at, begun, Rows, scheduler } from './rows.js'

/** Limits and pauses that a test changes. */
class Changing implements Rules {
  readonly limits = new Map<string, Limits>()
  readonly paused = new Map<string, number>()
  names = () => [...this.limits.keys(), ...[...this.paused.keys()].map((key) => key.split('/')[0] ?? '')]
  limitsOf = (name: string) => this.limits.get(name)
  pausedSince = (name: string, group: string | null) => this.paused.get(keyOf({ name, group })) ?? null
}

let seq = 0
/** A job as it comes to a node that has this scheduler. */
function job(
  made: Scheduler,
  name: string,
  over: { due?: number; group?: string; priority?: number; timed?: boolean } = {},
) {
  const { due = 1000, group, priority = 0, timed = false } = over
  const terms = agreed(group === undefined ? {} : { group })
  const key = made.keyFor({ name, agreed: terms })
  const lane = laneFor({ timed, deferred: false, priority, key })
  return record({ id: `${name} ${group ?? '-'} ${++seq}`, name, lane, due, seq, agreed: terms })
}

/** A node with gates: what is taken runs until the test says that it is over, and what is set aside is written at once. */
async function reactor(rules = new Changing(), knows: (name: string) => boolean = () => true, jobs = 8) {
  const rows = new Rows()
  const clock = new StoppedClock()
  const running = new Set<JobRecord>()
  const aside: string[] = []
  let moving = 0
  const { made, gates } = scheduler(
    rows,
    clock,
    jobs,
    { rules, knows, running: () => running },
    (from, done) => {
      aside.push(from.id)
      moving++
      setImmediate(() => {
        const to = { ...from, lane: laneOfName(from.lane, from.name), seq: ++seq }
        if (rows.all.some(({ id }) => id === from.id)) {
          rows.remove(from.id)
          rows.put(to)
          made.add(to)
        }
        moving--
        done()
      })
    },
  )
  await made.start()
  const add = (one: JobRecord) => {
    rows.put(one)
    made.add(one)
    made.settle()
    return one
  }
  /** Begins what may begin, so many at most. */
  const take = async (most = 100) => {
    const ids: string[] = []
    for (let idle = 0; ids.length < most && idle < 5; ) {
      const one = made.take(false, at(clock.time))
      if (one === null) {
        idle++
        await new Promise(setImmediate)
        await new Promise(setImmediate)
      } else {
        idle = 0
        rows.remove(one.id)
        running.add(one)
        gates.begin(one)
        ids.push(one.id)
      }
      made.settle()
    }
    return ids
  }
  /** What was set aside waits again. */
  const settled = async () => {
    while (moving > 0) await new Promise(setImmediate)
  }
  const over = (one: JobRecord) => {
    running.delete(one)
    gates.end(one)
  }
  return { rows, clock, running, aside, made, gates, rules, add, take, settled, over }
}

t.test('names, limited or not, stand in one order; only the groups of a name take turns', async (t) => {
  const rules = new Changing()
  rules.limits.set('limited', { concurrency: 100 })
  const { made, add, take } = await reactor(rules)
  const expected = [
    add(job(made, 'plain', { due: 1 })),
    add(job(made, 'limited', { due: 2 })),
    add(job(made, 'plain', { due: 3 })),
    add(job(made, 'limited', { due: 3, timed: true })),
    add(job(made, 'plain', { due: 3 })),
    add(job(made, 'other', { due: 4, group: 'a' })),
    add(job(made, 'plain', { due: 4 })),
  ].map(({ id }) => id)
  t.same(await take(), expected)
  const turns = ['a', 'a', 'a', 'b', 'c', 'c'].map((group) => add(job(made, 'work', { group })).id)
  const [a1, a2, a3, b1, c1, c2] = turns
  t.same(await take(), [a1, b1, c1, a2, c2, a3])
})

t.test('a name that runs as many as it may waits, and others do not', async (t) => {
  const rules = new Changing()
  rules.limits.set('one', { concurrency: 1 })
  const { made, running, add, take, over, rows } = await reactor(rules)
  const [first, second] = [add(job(made, 'one')), add(job(made, 'one', { timed: true }))]
  for (let n = 0; n < 50; n++) add(job(made, 'one'))
  const free = [add(job(made, 'free')), add(job(made, 'free'))]
  t.same(
    await take(),
    [first, ...free].map(({ id }) => id),
  )
  const wait = { reason: 'concurrency', group: null, limit: 1, running: 1 }
  t.same(made.whyWaits(second), wait)
  t.equal(made.whyWaits(free[0] as JobRecord), null)
  const reads = rows.reads
  t.ok(made.passes(job(made, 'free'), false, at(1000)), 'nothing is in front of it')
  t.notOk(made.passes(job(made, 'one'), false, at(1000)))
  t.equal(rows.reads, reads, 'what waits at a gate is not read')
  over(first)
  t.same(await take(), [second.id])
  t.equal(running.size, 3)
})

t.test('the limit of a group holds back that group alone', async (t) => {
  const rules = new Changing()
  rules.limits.set('work', { groupConcurrency: 1, concurrency: 3 })
  const { made, add, take, over } = await reactor(rules)
  const all = ['a', 'a', 'b', 'b', 'c', 'd'].map((group) => add(job(made, 'work', { group })))
  const [a1, a2, b1, b2, c1, d1] = all as [JobRecord, JobRecord, JobRecord, JobRecord, JobRecord, JobRecord]
  t.same(await take(), [a1.id, b1.id, c1.id])
  t.same(made.whyWaits(a2), { reason: 'concurrency', group: null, limit: 3, running: 3 })
  over(c1)
  t.same(await take(), [d1.id])
  over(d1)
  t.same(made.whyWaits(a2), { reason: 'concurrency', group: 'a', limit: 1, running: 1 })
  t.same(await take(), [])
  over(a1)
  over(b1)
  t.same((await take()).sort(), [a2.id, b2.id].sort())
})

t.test(
  'a pause, or a limit, that is set while jobs wait sets those aside that stand in the way',
  async (t) => {
    const { made, rules, add, take, aside } = await reactor(new Changing(), () => true, 1024)
    const jobs = Array.from({ length: 1200 }, () => add(job(made, 'busy')))
    const other = add(job(made, 'other'))
    rules.paused.set('busy', 77)
    made.changed('busy')
    t.same(await take(), [other.id])
    t.equal(aside.length, 1200)
    t.ok(made.held <= 1024, `holds ${made.held}`)
    t.same(made.whyWaits(jobs[0] as JobRecord), { reason: 'paused', group: null, since: 77 })
    t.equal(lanePartsOf(job(made, 'busy').lane).key, 'busy', 'what comes now stands in a lane of its own')
    rules.paused.clear()
    made.changed('busy')
    t.same(
      await take(2000),
      jobs.map(({ id }) => id),
    )
    t.equal(job(made, 'busy').lane, '0n')
  },
)

t.test('a group that is paused waits, whatever holds for its name', async (t) => {
  const { made, rules, add, take } = await reactor()
  const [a, b] = [add(job(made, 'work', { group: 'a' })), add(job(made, 'work', { group: 'b' }))]
  rules.paused.set('work/a', 5)
  made.changed('work')
  t.same(await take(), [b.id])
  t.same(made.whyWaits(a), { reason: 'paused', group: 'a', since: 5 })
  rules.paused.clear()
  made.changed(null)
  t.same(await take(), [a.id])
})

t.test('jobs of a name that nobody knows wait beside the order until somebody does', async (t) => {
  const known = new Set(['work'])
  const { made, add, take, aside, rows } = await reactor(new Changing(), (name) => known.has(name))
  const strange = [add(job(made, 'new')), add(job(made, 'new')), add(job(made, 'new', { group: 'g' }))]
  const work = add(job(made, 'work'))
  const first = made.take(false, at(1000))
  t.equal(first?.id, strange[0]?.id, 'that nobody knows it is seen when it is to run')
  made.unknown(strange[0] as JobRecord)
  t.same(await take(), [work.id])
  t.equal(aside.length, 2)
  t.same(made.whyWaits(strange[2] as JobRecord), { reason: 'unknown' })
  made.changed(null)
  t.same(await take(), [])
  known.add('new')
  made.changed(null)
  t.same((await take()).sort(), strange.map(({ id }) => id).sort())
  t.equal(rows.all.length, 0)
})

t.test('many groups: each gives a job before any gives two, and no lane is read for each job', async (t) => {
  const rows = new Rows()
  const clock = new StoppedClock()
  const groups = 150
  for (let n = 0; n < 5; n++) {
    for (let i = 0; i < groups; i++) {
      const lane = laneFor({ timed: false, deferred: false, priority: 0, key: `work/g${i}` })
      const terms = agreed({ group: `g${i}` })
      rows.all.push(record({ id: `${n} ${i}`, name: 'work', lane, seq: ++seq, agreed: terms }))
    }
  }
  const { made } = scheduler(rows, clock, 256)
  await made.start()
  const order = await begun(made, rows, clock, groups * 5, 5000)
  t.same(
    order.map((id) => id.split(' ')[0]),
    Array.from({ length: groups * 5 }, (_, at) => `${Math.floor(at / groups)}`),
  )
  t.ok(rows.reads <= groups * 2, `${rows.reads} reads`)
})

/** Names of the model: of jobs with others, of one that may run two at once, and of one whose groups may. */
const NAMES = ['plain', 'limited', 'grouped'] as const
const GROUPS = ['a', 'b', 'c'] as const

interface Step {
  readonly what: 'add' | 'take' | 'over' | 'pause'
  readonly name: number
  readonly group: number
  readonly priority: number
  readonly timed: boolean
  readonly due: number
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'take', 'take', 'over', 'over', 'pause'),
    name: fc.nat(2),
    group: fc.nat(2),
    priority: fc.constantFrom(-1, 0),
    timed: fc.boolean(),
    due: fc.nat(900),
  }),
  { minLength: 40, maxLength: 90 },
) as fc.Arbitrary<Step[]>

t.test(
  'of all jobs that may begin the first begins, and of groups the one that has waited for its turn',
  async () => {
    const wrong = (text: string) => {
      throw new Error(text)
    }
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const rules = new Changing()
        rules.limits.set('limited', { concurrency: 2 })
        rules.limits.set('grouped', { groupConcurrency: 2 })
        const { made, rows, running, add, take, settled, over } = await reactor(rules)
        const groupOf = ({ agreed: { terms } }: JobRecord) => terms.group ?? null
        const runs = (name: string, group: string | null) =>
          [...running].filter((one) => one.name === name && groupOf(one) === group).length
        const mayBegin = (one: JobRecord) => {
          const group = groupOf(one)
          if (rules.paused.has(one.name) || rules.paused.has(keyOf({ name: one.name, group }))) return false
          return one.name === 'plain' || runs(one.name, group) < 2
        }
        const priorityOf = ({ lane }: JobRecord) => lanePartsOf(lane).priority
        /** Groups of a priority that might have begun, each time that another one did since its own last turn. */
        const passedOver = new Map<string, string[]>()
        for (const [at, { what, name, group, priority, timed, due }] of all.entries()) {
          await settled()
          const of = NAMES[name] as string
          if (what === 'add') {
            // No two are due at once: a job that is set aside has a number of its own then.
            add(
              job(made, of, {
                due: due + at / 1000,
                priority,
                timed,
                ...(of === 'grouped' ? { group: GROUPS[group] as string } : {}),
              }),
            )
          } else if (what === 'over') {
            const [one] = running
            if (one !== undefined) over(one)
          } else if (what === 'pause') {
            const key = keyOf({ name: of, group: of === 'grouped' ? (GROUPS[group] as string) : null })
            passedOver.clear()
            if (!rules.paused.delete(key)) rules.paused.set(key, 1)
            made.changed(of)
          } else {
            const may = rows.all.filter(mayBegin)
            const [id] = await take(1)
            const taken = may.find((one) => one.id === id)
            if (taken === undefined) {
              if (may.length > 0 || id !== undefined) wrong(`${id} of ${may.map((one) => one.id)}`)
              passedOver.clear()
              continue
            }
            const mine = groupOf(taken)
            const beside = may.filter((one) => priorityOf(one) === priorityOf(taken) && one !== taken)
            if (may.some((one) => priorityOf(one) < priorityOf(taken))) wrong(`${id}: priority`)
            const earlier = beside.filter((one) => one.due < taken.due)
            if (earlier.some((one) => groupOf(one) === null || groupOf(one) === mine))
              wrong(`${id} is not the first`)
            if (mine === null) {
              const heads = new Map<string, number>()
              for (const one of beside)
                heads.set(groupOf(one) ?? '', Math.min(one.due, heads.get(groupOf(one) ?? '') ?? Infinity))
              heads.delete('')
              if (heads.size > 0 && Math.max(...heads.values()) < taken.due) wrong(`${id}: groups were first`)
            } else {
              const others = new Set(beside.map(groupOf).filter((one) => one !== null && one !== mine))
              for (const other of others) {
                const key = `${priorityOf(taken)} ${other}`
                const before = passedOver.get(key) ?? []
                if (before.includes(mine)) wrong(`${id}: ${mine} had two turns before ${other} had one`)
                passedOver.set(key, [...before, mine])
              }
              for (const key of passedOver.keys()) {
                const [of, other] = key.split(' ')
                if (other === mine || (of === `${priorityOf(taken)}` && !others.has(other ?? '')))
                  passedOver.delete(key)
              }
            }
          }
        }
        rules.paused.clear()
        made.changed(null)
        for (let idle = 0; rows.all.length > 0 && idle < 100; idle++) {
          await take()
          for (const one of [...running]) over(one)
        }
        return rows.all.length === 0
      }),
      { numRuns: Number(process.env.JR_TEST_ORDERS ?? 40) },
    )
  },
)
