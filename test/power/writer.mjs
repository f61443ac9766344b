// Commits changes to the store in a folder, as a node does, and says of each what it leads to and when it is committed,
// until it is killed: `writer.mjs <dir> <durability> <seed>`.
import { writeSync } from 'node:fs'
import { systemClock } from '#dist/src/clock.js'
import { IMMEDIATE, IMMEDIATE_DEFERRED, laneFor, TIMED, TIMED_DEFERRED } from '#dist/src/job/lane.js'
import { GroupCommit } from '#dist/src/store/group-commit.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { randomOf } from '../fixtures/random.mjs'
import { course, recordOf } from '../fixtures/record.mjs'
import { LIMITS, WIDE } from './limits.mjs'

/** Keyed ones too, one of which is the beginning of the other. */
const keyed = { timed: true, deferred: false, priority: -1 }
const TIMES = [TIMED, TIMED_DEFERRED, laneFor({ ...keyed, key: 'a' }), laneFor({ ...keyed, key: 'ab' })]
const [, , dir, durability, seed] = process.argv
const random = randomOf(Number(seed))
const pick = (list) => list[Math.floor(random() * list.length)]
const store = levelStoreWith({ dir, durability }, pick([LIMITS, WIDE]))
const { epoch, interrupted } = await store.open('n1')

/** By id: the record, and whether it runs. */
const jobs = new Map()
for (const { job } of interrupted)
  jobs.set(job.id, { job: { ...job, course: course({ attempt: job.course.attempt - 1 }) }, running: true })
for (const { lane } of await store.lanes(null, 1e6))
  for (const job of await store.waiting(lane, null, 1e6, 1e9)) jobs.set(job.id, { job, running: false })
let outcomes = (await store.outcomes('app', 0, 1e6, 1e9)).map(({ seq }) => seq)
const kept = []
for (let after; after !== null; ) {
  const page = await store.list({ state: ['failed'], limit: 1000, after })
  kept.push(...page.jobs.map(({ job }) => job.id))
  after = page.next
}

const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`)
say({ opened: true })

let waiting = 0
const commits = new GroupCommit(
  store,
  {
    onDone: (changes, answers) => {
      waiting -= changes.length
      const bad = answers.findIndex((answer) => answer !== 'ok')
      if (bad >= 0) say({ bad: answers[bad], of: changes[bad].n })
    },
    onStored: (changes) => {
      if (changes.some(({ kind }) => kind === 'insert')) say({ safe: changes.at(-1).n })
    },
    onFailure: (error) => {
      throw error
    },
  },
  systemClock,
)
let n = 0
let seq = Math.ceil(epoch * 2 ** 32)
// Some runs have jobs with large args, so that LevelDB fills one file after the other.
const heavy = pick([0, 0.05, 0.4])
const most = pick([20, 100, 300])
/** 0 for a while: jobs come to their end, and nothing has to be on the disk. */
let inserts = 0.3

function add(change, effect) {
  n++
  waiting++
  say({ n, ...effect })
  commits.add({ ...change, n }, change.kind === 'insert')
}

/** Of each job one note, under its id and what it is: it changes with the job, in the same change or in one beside it. */
const SHELF = { name: 'jobs', own: false }
const noted = (id, before, after) => [
  ...(before === null ? [] : [{ shelf: SHELF, key: `${id} ${before}`, value: null }]),
  ...(after === null ? [] : [{ shelf: SHELF, key: `${id} ${after}`, value: Buffer.from(after) }]),
]
const isOf = ({ job, running }) => `${running ? 'runs' : 'waits'} ${job.seq}`
const withNotes = (change, notes) =>
  random() < 0.2 ? { kind: 'together', changes: [change, { kind: 'note', notes }] } : { ...change, notes }

function record(id) {
  const large = random() < heavy
  const lane = large ? pick(TIMES) : pick([IMMEDIATE, IMMEDIATE, IMMEDIATE, IMMEDIATE_DEFERRED, ...TIMES])
  const args = Buffer.alloc(large ? 60_000 : Math.floor(random() * 400), id)
  return recordOf({ id, ...place(lane), args })
}

function place(lane) {
  return { lane, due: TIMES.includes(lane) ? 5000 + Math.floor(random() * 1000) : 1, seq: ++seq }
}

function outcome({ id }) {
  if (random() < 0.3) return null
  const one = { ...OUTCOME, seq: ++seq, id, args: Buffer.alloc(Math.floor(random() * 300), id) }
  outcomes.push(one.seq)
  return one
}

const moves = {
  insert() {
    const job = record(`j${seq + 1}`)
    jobs.set(job.id, { job, running: false })
    const change = { kind: 'insert', job, ownId: false, number: n + 1 }
    const is = `waits ${job.seq}`
    add({ ...change, notes: noted(job.id, null, is) }, { job: job.id, is })
  },
  begin(one) {
    if (one.running) return
    const before = isOf(one)
    one.running = true
    const is = isOf(one)
    const change = { kind: 'begin', job: one.job, startedAt: 7 }
    add(withNotes(change, noted(one.job.id, before, is)), { job: one.job.id, is })
  },
  move(one) {
    const { job, running } = one
    const to = {
      ...job,
      ...place(pick([IMMEDIATE, IMMEDIATE_DEFERRED, ...TIMES])),
      course: course({ attempt: job.course.attempt + 1 }),
    }
    const of = random() < 0.3 ? outcome(job) : null
    jobs.set(job.id, { job: to, running: false })
    const is = `waits ${to.seq}`
    const effect = { job: job.id, is, ...(of === null ? {} : { outcome: of.seq }) }
    const change = { kind: 'move', from: job, running, to, outcome: of }
    add(withNotes(change, noted(job.id, isOf(one), is)), effect)
  },
  end(one) {
    const { job, running } = one
    const of = outcome(job)
    const ended = { job, state: 'failed', startedAt: 7, finishedAt: 8 }
    const keep = random() < 0.1 ? ended : null
    if (keep !== null) kept.push(job.id)
    jobs.delete(job.id)
    const effect = {
      job: job.id,
      is: keep === null ? 'gone' : 'kept',
      ...(of === null ? {} : { outcome: of.seq }),
    }
    const notes = noted(job.id, isOf(one), keep === null ? null : 'kept')
    add({ kind: 'end', from: job, running, outcome: of, keep, notes }, effect)
  },
  acknowledge() {
    const seqs = outcomes.filter(() => random() < 0.5)
    outcomes = outcomes.filter((each) => !seqs.includes(each))
    if (seqs.length > 0) add({ kind: 'acknowledge', distributor: 'app', seqs }, { acknowledged: seqs })
  },
  remove() {
    const id = kept.shift()
    if (id !== undefined) add({ kind: 'remove', id }, { job: id, is: 'gone' })
  },
}

const OUTCOME = {
  distributor: 'app',
  instance: 'life-1',
  name: 'work',
  state: 'completed',
  slot: 0,
  more: false,
  node: 'n1',
  attempt: 1,
  enqueuedAt: 1,
  startedAt: 7,
  finishedAt: 8,
  child: 7,
  error: Buffer.alloc(0),
}

for (;;) {
  if (random() < 0.02) inserts = pick([0, 0.02, 0.3])
  for (let i = 0; i < 8 && waiting < 200; i++) {
    const which = random()
    const one = jobs.size > 0 ? pick([...jobs.values()]) : null
    if (which < inserts && jobs.size < most) moves.insert()
    else if (one === null) inserts = 0.3
    else if (which < 0.55) moves.begin(one)
    else if (which < 0.75) moves.move(one)
    else if (which < 0.9) moves.end(one)
    else if (which < 0.97) moves.acknowledge()
    else moves.remove()
  }
  await new Promise(setImmediate)
}
