import t from 'tap'
import { systemClock } from '#dist/src/clock.js'
import { TIMED } from '#dist/src/job/lane.js'
import { type Change, memoryStore, type Store } from '#dist/src/store/index.js'
import { firstYoung } from '#dist/src/store/level/first-young.js'
import { placeKey } from '#dist/src/store/level/keys.js'
import { record } from '../../node/records.js'

const FAR = Date.UTC(2200, 0)
const NOW = { steady: systemClock.steady(), wall: systemClock.now() }

function insert(seq: number): Change {
  return { kind: 'insert', job: record({ id: `j${seq}`, seq }), ownId: false, number: null }
}

async function withJobs(count: number): Promise<Store> {
  const store = memoryStore()
  await store.open('n1')
  await store.commit(
    Array.from({ length: count }, (_, i) => insert(i + 1)),
    true,
  )
  return store
}

/** How often others have their turn while this goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0
  let over = false
  const next = () => {
    if (over) return
    turns++
    setImmediate(next)
  }
  setImmediate(next)
  await work
  over = true
  return turns
}

t.test('while a list looks at many jobs in memory, others have their turn', async (t) => {
  const store = await withJobs(20_000)
  const turns = await turnsDuring(store.list({ name: ['none'], limit: 10 }))
  t.ok(turns >= 10, `${turns} turns`)
  const young = Array.from({ length: 20_000 }, (_, i) => ({
    job: record({ seq: i + 1 }),
    group: 1,
    startedAt: 0,
    next: null,
    previous: null,
  }))
  const looked = await turnsDuring(firstYoung(young, 'j', () => true, 10, NOW))
  t.ok(looked >= 10, `${looked} turns`)
})

t.test('a list in memory meets each job once, also one that moves or ends meanwhile', async (t) => {
  const store = await withJobs(6)
  const job = (seq: number) => record({ id: `j${seq}`, seq })
  const met: string[] = []
  const read = async (after: string | null) => {
    const page = await store.list({ limit: 2, ...(after === null ? {} : { after }) })
    met.push(...page.jobs.map(({ job, state }) => `${job.id} ${state}`))
    return page.next
  }
  const keep = (seq: number) => ({ job: job(seq), state: 'failed', startedAt: 1, finishedAt: 2 }) as const
  let next = await read(null)
  await store.commit(
    [1, 3].flatMap((seq): Change[] => [
      { kind: 'begin', job: job(seq), startedAt: 1 },
      { kind: 'end', from: job(seq), running: true, outcome: null, keep: keep(seq) },
    ]),
    true,
  )
  const later = (seq: number) => record({ id: `j${seq}`, seq: seq + 100, lane: TIMED, due: FAR })
  await store.commit(
    [2, 4].map(
      (seq): Change => ({ kind: 'move', from: job(seq), running: false, to: later(seq), outcome: null }),
    ),
    true,
  )
  while (next !== null) next = await read(next)
  t.same(met, ['j1 available', 'j2 available', 'j3 failed', 'j4 scheduled', 'j5 available', 'j6 available'])
})

t.test('of young jobs in no order, those that come first are found', async (t) => {
  const count = 5000
  const jobs = Array.from({ length: count }, (_, i) => record({ seq: ((i * 7919) % count) + 1, id: `j${i}` }))
  const young = jobs.map((job, i) => ({
    job,
    group: 1,
    startedAt: i % 2,
    next: null,
    previous: null,
  }))
  const keys = jobs
    .filter((_, i) => i % 2 === 1)
    .map(placeKey)
    .sort()
  const from = keys[99] as string
  const found = await firstYoung(young, from, ({ state }) => state === 'running', 700, NOW)
  const first = found
    .map(({ key }) => key)
    .sort()
    .slice(0, 700)
  t.same(first, keys.slice(100, 800))
  t.ok(found.every(({ view }) => view.state === 'running' && view.job.course.attempt === 1))
})
