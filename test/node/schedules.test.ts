import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { NodeChange } from '#dist/node/changes/journal.js'
import { Keeper, type KeeperDeps } from '#dist/node/schedules/keeper.js'
import { Schedules } from '#dist/node/schedules/schedules.js'
import { packArgs } from '#dist/src/bytes/values.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { NO_TERMS } from '#dist/src/job/terms/agreed.js'
import { type Definition, parseWhen, type When } from '#dist/src/schedules/definition.js'
import { RUN_EDITION } from '#dist/src/schedules/runs.js'
import { courseNote, definitionNote } from '#dist/src/schedules/shelves.js'
import { type Change, memoryStore, type Store } from '#dist/src/store/index.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

const APP = { name: 'app', instance: 'life-1' }

/** A clock of which the wall clock can be set. */
class SetClock extends StoppedClock {
  ahead = 0
  override now = () => this.time + this.ahead
}

function definition(when: When, name = 'report'): Definition {
  return { ...parseWhen(when), name, terms: NO_TERMS.bytes, args: packArgs({ a: 1 }) }
}

/** One life of a node, as far as its schedules go. */
class Life {
  readonly store: Store
  readonly clock: SetClock
  readonly keeper: Keeper
  readonly schedules: Schedules
  readonly begun: JobRecord[] = []
  reads = 0
  changes = 0
  #last: Promise<unknown> = Promise.resolve()
  #seq: number

  constructor(store: Store, clock: SetClock, seq = 1, name = 'n1', shared = false) {
    this.store = store
    this.clock = clock
    this.#seq = seq
    const read = <K extends 'load' | 'notes'>(verb: K) =>
      ((...args: never[]) => {
        this.reads++
        return (store[verb] as (...args: never[]) => unknown)(...args)
      }) as Store[K]
    const deps = {
      settings: {
        name,
        unknownJob: 'fail',
        jobs: './jobs',
        maxArgs: 9999,
        minPriority: -9,
        maxPriority: 9,
      },
      store: { load: read('load'), notes: read('notes'), ...(shared ? { neighbours: {} } : {}) },
      journal: {
        add: (change: NodeChange) => {
          this.changes++
          this.#last = this.#last.then(() => this.#commit(change))
        },
        flushed: () => this.#last,
      },
      scheduler: { keyFor: () => '' },
      executors: {
        known: (job: string) => (job === 'unknown' ? undefined : { name: job, defer: false }),
        slots: { evented: 1, deferred: 0 },
      },
      clock,
      seq: () => ++this.#seq,
      onError: (error: unknown) => t.fail(String(error)),
    }
    this.keeper = new Keeper(deps as never as KeeperDeps)
    this.schedules = new Schedules({ ...(deps as never as KeeperDeps), keeper: this.keeper } as never)
  }

  async #commit(change: NodeChange): Promise<void> {
    const [answer = 'stale'] = await this.store.commit([change as Change], true)
    if (change.kind === 'note') change.done?.(answer)
    if (change.kind !== 'insert') return
    if (answer === 'ok') this.begun.push(change.job)
    else change.origin?.joined(change, change.job.id)
    change.origin?.stored(change)
  }

  put(id: string, when: When, by = APP, name?: string) {
    return this.schedules.put(id, definition(when, name), true, by)
  }

  /** The time goes on, from timer to timer, and all that is begun is written. */
  async to(time: number): Promise<void> {
    for (let i = 0; i < 5; i++) await turn()
    while (this.clock.timers.some(({ at }) => at <= time)) {
      this.clock.fire()
      for (let i = 0; i < 5; i++) await turn()
    }
    this.clock.time = time
    await this.#last
  }

  async end(job: JobRecord | undefined): Promise<void> {
    if (job === undefined) throw new Error('there is no such run')
    const end = { kind: 'end', from: job, running: false, outcome: null, keep: null } as const
    t.same(await this.store.commit([end], true), ['ok'])
    this.keeper.ended(job.id)
    for (let i = 0; i < 5; i++) await turn()
    await this.#last
  }

  get slots(): number[] {
    return this.begun.map(({ id }) => Date.parse(id.split('@')[1] ?? ''))
  }
}

async function alive(clock = new SetClock()): Promise<Life> {
  const store = memoryStore()
  await store.open('n1')
  const life = new Life(store, clock)
  await life.schedules.start()
  return life
}

/** The same node after it was killed, `ms` later. */
async function again(life: Life, ms: number): Promise<Life> {
  life.keeper.stop()
  await life.to(life.clock.time)
  life.clock.timers = []
  life.clock.time += ms
  const next = new Life(life.store, life.clock, 1e6)
  await next.schedules.start()
  for (let i = 0; i < 5; i++) await turn()
  return next
}

t.test('a run is a job, with what the schedule says and a number', async (t) => {
  const life = await alive()
  t.equal(await life.put('s', { every: 1 }), 'created')
  await life.to(2000)
  t.match(life.begun, [
    {
      id: 's@1970-01-01T00:00:02.000Z',
      edition: RUN_EDITION,
      name: 'report',
      distributor: 'app',
      instance: 'life-1',
      wanted: true,
      course: { slot: 0 },
    },
  ])
  await life.to(3500)
  t.same(life.slots, [2000], 'the second was left out: the first has not ended')
  await life.end(life.begun[0])
  await life.to(4000)
  t.match(life.begun[1], { course: { slot: 1 } })
  const { schedules } = await life.schedules.list({ limit: 9 })
  t.match(schedules, [
    { id: 's', app: 'app', state: 'active', runs: 2, skipped: 1, every: 1000, last: life.begun[1]?.id },
  ])
  t.same(schedules[0]?.next, [5000, 6000, 7000, 8000, 9000])
})

t.test('the same again changes nothing, another one is in its place from now on', async (t) => {
  const life = await alive()
  await life.put('s', { every: 2 })
  await life.to(2500)
  t.equal(await life.put('s', { every: '2s' }), 'unchanged')
  await life.to(3000)
  t.same(life.slots, [3000])
  await life.end(life.begun[0])
  t.equal(await life.put('s', { every: 3 }), 'replaced')
  await life.to(6000)
  t.same(life.slots, [3000, 6000], 'no slot of the one before')
  await t.rejects(life.put('s', { every: 1 }, { name: 'other', instance: 'x' }), {
    code: 'JR_SCHEDULE_TAKEN',
  })
  await t.rejects(life.put('t', { every: 1 }, APP, 'unknown'), { code: 'JR_NO_SUCH_JOB' })
  t.match(await life.schedules.home('s'), { home: 'n1', made: 3000 })
  t.equal(await life.schedules.home('t'), null)
  t.equal(await life.schedules.remove('s'), true)
  t.equal(await life.schedules.remove('s'), false)
  await life.to(60_000)
  t.same(life.slots, [3000, 6000])
  t.same(life.clock.timers, [], 'no timer is left')
  const next = await again(life, 1)
  t.same((await next.schedules.list({ limit: 9 })).schedules, [], 'nor anything on the disk')
})

t.test('the life of the app that calls last gets what becomes of the runs', async (t) => {
  const life = await alive()
  await life.put('s', { every: 1 })
  t.equal(await life.put('s', { every: 1 }, { name: 'app', instance: 'life-2' }), 'unchanged')
  const next = await again(life, 100)
  await next.to(2000)
  t.match(next.begun, [{ instance: 'life-2' }])
})

t.test('a node that was killed: no slot twice, and what was missed as asked for', async (t) => {
  const expected = { skip: [6000], once: [5000, 6000], all: [3000, 4000, 5000, 6000] }
  for (const [missed, slots] of Object.entries(expected)) {
    const life = await alive()
    await life.put('s', { every: 1, missed: missed as 'all', overlap: 'queue' })
    await life.to(2000)
    t.same(life.slots, [2000])
    const next = await again(life, 3500)
    t.same(next.slots, [], 'the run of before has not ended')
    await next.to(6000)
    await next.end(life.begun[0])
    for (let i = 0; i < slots.length; i++) {
      t.same(next.slots, slots.slice(0, i + 1), `${missed}: one after the other`)
      if (i < slots.length - 1) await next.end(next.begun[i])
    }
  }
})

t.test('a slot whose run has ended is not run again by the next life of the node', async (t) => {
  const life = await alive()
  await life.put('s', { every: 1, missed: 'all' })
  await life.to(2000)
  await life.end(life.begun[0])
  const next = await again(life, 500)
  await next.to(3000)
  t.same([life.slots, next.slots], [[2000], [3000]])
})

t.test('slots that wait behind a run are on the disk', async (t) => {
  const life = await alive()
  await life.put('s', { every: 1, overlap: 'queue', missed: 'skip' })
  await life.to(4000)
  t.same(life.slots, [2000])
  const next = await again(life, 2000)
  await next.to(6000)
  t.same(next.slots, [], 'the run of before has not ended')
  await next.end(life.begun[0])
  t.same(next.slots, [3000])
  await next.end(next.begun[0])
  t.same(next.slots, [3000, 4000], 'and none of those that were missed')
})

t.test('a node that comes back while another takes its schedules over: each has one home', async (t) => {
  const store = memoryStore()
  await store.open('n1')
  const clock = new SetClock()
  const life = (name: string) => new Life(store, clock, 1, name, true)
  const [first, back, other] = [life('n1'), life('n1'), life('n2')]
  await first.schedules.start()
  for (let i = 0; i < 9; i++) await first.put(`s${i}`, { every: 1 })
  first.keeper.stop()
  await other.schedules.start()
  const left = await Promise.all([other.schedules.adopt('n1', (id) => id > 's4'), back.schedules.start()])
  t.equal(left[0], true, 'some are the part of others')
  const ids = [...back.keeper.ids, ...other.keeper.ids]
  t.same(
    ids.sort(),
    Array.from({ length: 9 }, (_, i) => `s${i}`),
  )
  t.match(await back.schedules.home('s0'), { home: 'n1' })
  t.match(await other.schedules.home('s0'), { home: 'n1' })
  await t.rejects(other.put('s0', { every: 2 }), { code: 'JR_CONNECTION' })
})

t.test('paused, resumed, run by hand, and over', async (t) => {
  const life = await alive()
  await life.put('s', { every: 1, times: 3 })
  t.equal(await life.schedules.pause('s'), true)
  t.equal(await life.schedules.pause('no'), false)
  t.same(life.clock.timers, [])
  await life.to(9500)
  t.same(life.slots, [])
  const next = await again(life, 0)
  t.match((await next.schedules.list({ limit: 9 })).schedules, [{ state: 'paused', pausedAt: 1000 }])
  t.equal(await next.schedules.runNow('s'), 's@1970-01-01T00:00:09.500Z')
  t.equal(await next.schedules.runNow('no'), null)
  await next.end(next.begun[0])
  t.equal(await next.schedules.resume('s'), true)
  for (let time = 10_000; time <= 15_000; time += 1000) {
    await next.to(time)
    if (next.begun.length > 1 && next.keeper.find('s')?.unended.size === 1) await next.end(next.begun.at(-1))
  }
  t.same(next.slots, [9500, 10_000, 11_000, 12_000])
  t.match((await next.schedules.list({ limit: 9 })).schedules, [{ state: 'ended', next: [] }])
  t.equal(await next.put('s', { every: 1, times: 3 }), 'unchanged', 'it does not begin anew')
  await next.to(20_000)
  t.equal(next.begun.length, 4)
})

t.test('cron follows the wall clock when that is set, and what it jumps over was missed', async (t) => {
  const life = await alive()
  await life.put('hourly', { cron: '0 * * * *' })
  await life.put('never late', { cron: '0 * * * *', missed: 'skip' })
  await life.put('grid', { every: '1h' })
  life.clock.ahead = 3 * 3_600_000
  await life.to(70_000)
  t.same(life.slots, [3 * 3_600_000], 'the last of them, within a minute')
  life.clock.ahead = 0
  await life.to(3_601_000)
  t.same(life.slots.slice(1), [3_601_000], 'what follows time does not mind')
})

t.test('one timer for 10,000 schedules, and nothing is read or written until one is due', async (t) => {
  const life = await alive()
  const course = { home: 'n1', moves: 0, app: 'app', instance: 'life-1', wanted: true, made: 1000 }
  for (let i = 0; i < 10_000; i++) {
    const when = i % 2 === 0 ? { cron: `${i % 60} ${i % 24} 1 6 *` } : { every: `${1 + (i % 9)}d` }
    const id = `s${i}`
    const begun = { ...course, next: 100 * 60_000, behind: [], runs: 0, skipped: 0 }
    const notes = [courseNote(id, begun), definitionNote(id, definition(when))]
    await life.store.commit([{ kind: 'note', notes }], true)
  }
  const before = process.hrtime.bigint()
  const next = await again(life, 5)
  t.comment(`a start with 10,000 schedules: ${(process.hrtime.bigint() - before) / 1_000_000n} ms`)
  t.equal(next.clock.timers.length, 1)
  next.reads = 0
  await next.to(50 * 60_000)
  t.same([next.reads, next.changes, next.begun.length], [0, 0, 0])
  t.equal(next.clock.timers.length, 1)
  const page = await next.schedules.list({ limit: 100 })
  t.equal(page.schedules.length, 100)
  const second = await next.schedules.list({ limit: 100, after: page.next ?? '' })
  t.ok((second.schedules[0]?.id ?? '') > (page.next ?? ''))
})
