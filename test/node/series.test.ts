import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { altered } from '#dist/node/changes/altered.js'
import { withNotes } from '#dist/node/changes/indexes.js'
import { type Journal, moveOf, type NodeChange, type NodeInsert } from '#dist/node/changes/journal.js'
import { Orders } from '#dist/node/order/orders.js'
import { Series } from '#dist/node/order/series.js'
import { mayBeTaken, TIMED } from '#dist/src/job/lane.js'
import type { JobRecord, StoredJob } from '#dist/src/job/record.js'
import { changesSeries } from '#dist/src/job/series.js'
import { agree, NO_TERMS } from '#dist/src/job/terms/agreed.js'
import type { Change, Store } from '#dist/src/store/index.js'
import { memoryStore } from '#dist/src/store/index.js'
import { SERIAL } from '#dist/src/store/serial.js'
import { parseUpdate } from '#dist/src/verbs/update.js'
import { listed } from '../contract/commands.js'
import { storesWith } from '../contract/stores.js'
import { folder } from '../system/harness.js'
import { record } from './records.js'

const RUNS = Number(process.env.JR_TEST_RUNS ?? 40)
const FAR = Date.UTC(2200, 0, 1)
const TERMS = [NO_TERMS, ...['a', 'b/ž'].map((serial) => agree({ serial }, []))]

const nat = (max: number) => fc.nat({ max })
const op = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('insert' as const), of: nat(2), far: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run' as const), n: nat(9), again: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), n: nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), n: nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('twice' as const), n: nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('together' as const), of: fc.array(nat(2)), n: nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), n: nat(9), of: nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
)
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never

/** What a node does with the jobs of series, without what runs them. */
class Node {
  series: Series
  readonly #store: Store
  readonly #journal: Journal
  /** What is not written yet. */
  #queue: NodeChange[] = []
  #written: (() => void)[] = []
  #alive = true
  readonly #joined: Joined
  #came: number
  readonly #places = new Map<NodeChange, number>()

  constructor(store: Store, seq: () => number, joined: Joined) {
    this.#store = store
    this.#joined = joined
    this.#came = 1 + Math.max(0, ...joined.values())
    this.#journal = {
      add: (change) => this.add(change),
      flushed: () => new Promise((done) => this.#written.push(done)),
    }
    const onError = (error: unknown) => {
      throw error
    }
    this.series = new Series({
      store,
      journal: this.#journal,
      seq,
      orders: new Orders(),
      oldest: () => 0,
      onError,
    })
  }

  add(change: NodeChange): void {
    if (!this.#alive) return
    this.#places.set(change, this.#came)
    this.#came += change.kind === 'together' ? change.changes.length + 1 : 1
    this.#queue.push(withNotes(this.series.place(change), { now: () => 1 }))
  }

  async write(): Promise<void> {
    const [queue, written] = [this.#queue, this.#written]
    this.#queue = []
    this.#written = []
    const answers = await this.#store.commit(queue as Change[], false)
    for (const [i, change] of queue.entries()) {
      for (const [at, each] of (change.kind === 'together' ? change.changes : [change]).entries()) {
        this.series.follow(each, answers[i] === 'ok')
        const place = (this.#places.get(change) ?? 0) + at
        if (answers[i] !== 'ok') continue
        if (each.kind === 'insert') this.#joined.set(each.job.id, place)
        else if (each.kind === 'move' && changesSeries(each.from, each.to))
          this.#joined.set(each.to.id, place)
      }
      if (change.kind === 'move' || change.kind === 'end')
        change.done?.(answers[i] === 'ok', answers[i] ?? 'stale')
    }
    for (const done of written) done()
  }

  kill(): void {
    this.#alive = false
    this.#queue = []
  }

  get isQuiet(): boolean {
    return this.#queue.length + this.#written.length === 0
  }
}

const serialOf = ({ agreed }: JobRecord) => agreed.terms.serial
const isLive = ({ finishedAt }: StoredJob) => finishedAt === 0
/** In which order jobs have come to their series, by id. */
type Joined = Map<string, number>

/** `settled`: nothing is under way. */
async function agrees(store: Store, joined: Joined, settled: boolean): Promise<void> {
  const order = ({ job }: StoredJob) => joined.get(job.id) ?? 0
  const live = (await listed(store, {}, 1000)).filter(isLive)
  const firsts: string[] = []
  for (const serial of new Set(live.flatMap(({ job }) => serialOf(job) ?? []))) {
    const its = live.filter(({ job }) => serialOf(job) === serial).sort((a, b) => order(a) - order(b))
    const inFront = its.filter(({ job }) => mayBeTaken(job.lane))
    assert.ok(inFront.length <= 1, `one of ${serial} at a time`)
    if (settled) assert.equal(inFront.length, 1, `${serial} goes on`)
    if (inFront.length === 1) {
      assert.equal(inFront[0], its[0], 'in the order in which they came')
      firsts.push(`${serial} ${its[0]?.job.id}`)
    }
    for (const { job } of its) if (!mayBeTaken(job.lane)) assert.ok(job.course.behind !== null)
  }
  const notes = await store.notes(SERIAL, {}, 1000)
  assert.deepEqual(notes.map(({ key, value }) => `${key} ${value}`).sort(), firsts.sort())
}

async function play(ops: readonly Op[], make: () => Promise<{ store: Store; reopen: (() => Store) | null }>) {
  let { store, reopen } = await make()
  await store.open('n1')
  let [last, lives] = [0, 58_000]
  const seq = () => ++last + lives * 2 ** 32
  const joined: Joined = new Map()
  let node = new Node(store, seq, joined)
  await node.series.start()
  let ids = 0
  const live = async () => (await listed(store, {}, 1000)).filter(isLive)
  const pick = async (n: number, test: (stored: StoredJob) => boolean) => {
    const some = (await live()).filter(test)
    return some.length === 0 ? null : (some[n % some.length] as StoredJob)
  }
  const settle = async () => {
    // The disk takes its time.
    for (let quiet = 0, most = 10_000; most > 0 && quiet < 3; most--) {
      await node.write()
      await turn()
      const jobs = await live()
      const inFront = new Set(jobs.flatMap(({ job }) => (mayBeTaken(job.lane) ? (serialOf(job) ?? []) : [])))
      const goesOn = jobs.every(({ job }) => inFront.has(serialOf(job) ?? '') || serialOf(job) === undefined)
      quiet = node.isQuiet && goesOn ? quiet + 1 : 0
    }
  }
  const end = (from: JobRecord, running: boolean): NodeChange => ({
    ...{ kind: 'end', from, running, outcome: null, keep: null, report: null, done: null },
  })
  const insert = (job: JobRecord): NodeInsert => ({
    ...{ kind: 'insert', job, ownId: true, number: null, origin: null, started: false },
  })
  const next = (of: number) => record({ id: String(++ids), seq: seq(), agreed: TERMS[of] ?? NO_TERMS })
  for (const one of ops) {
    if (one.do === 'insert') {
      const job = next(one.of)
      node.add(insert(one.far ? { ...job, due: FAR, lane: TIMED } : job))
    } else if (one.do === 'together') {
      const changes = one.of.map((of) => insert(next(of)))
      // With one whose id is there none of them is taken.
      const there = await pick(one.n, () => true)
      if (one.n < 4 && there !== null)
        changes.push(insert(record({ id: there.job.id, seq: seq(), agreed: there.job.agreed })))
      node.add({ kind: 'together', changes })
    } else if (one.do === 'run') {
      const found = await pick(one.n, ({ job, state }) => mayBeTaken(job.lane) && state !== 'running')
      if (found === null) continue
      const { job } = found
      node.add({ kind: 'begin', job, startedAt: 1 })
      const retried = { ...job, seq: seq(), course: { ...job.course, attempt: job.course.attempt + 1 } }
      node.add(one.again ? moveOf(job, true, retried) : end(job, true))
    } else if (one.do === 'cancel') {
      const found = await pick(one.n, ({ state }) => state !== 'running')
      if (found !== null) node.add(end(found.job, false))
    } else if (one.do === 'watch') {
      const found = await pick(one.n, ({ state }) => state !== 'running')
      if (found !== null) node.add(moveOf(found.job, false, { ...found.job, wanted: true, seq: seq() }))
    } else if (one.do === 'change') {
      const found = await pick(one.n, ({ state }) => state !== 'running')
      const serial = TERMS[one.of]?.terms.serial ?? null
      if (found === null || (serialOf(found.job) ?? null) === serial) continue
      const { job } = found
      const at = { now: { steady: 1, wall: 1 }, seq: seq() }
      const to = altered(job, parseUpdate({ opts: { serial } }), undefined, () => '', at)
      node.add(moveOf(job, false, to))
    } else if (one.do === 'twice') {
      const found = await pick(one.n, () => true)
      if (found === null) continue
      node.add(insert(record({ id: found.job.id, seq: seq(), agreed: found.job.agreed })))
    } else if (one.do === 'write') {
      await node.write()
    } else {
      node.kill()
      lives++
      await turn()
      if (reopen !== null) {
        await store.close()
        store = reopen()
        await store.open('n1')
      }
      node = new Node(store, seq, joined)
      await node.series.start()
    }
    await agrees(store, joined, false)
  }
  await settle()
  await agrees(store, joined, true)
  // To the end: each runs once it is in front.
  for (let most = 1000; most > 0; most--) {
    const found = await pick(0, ({ job }) => mayBeTaken(job.lane))
    if (found === null) break
    node.add(end(found.job, found.state === 'running'))
    await settle()
    await agrees(store, joined, true)
  }
  assert.deepEqual(await live(), [])
  assert.equal(await store.countNotes(SERIAL, {}), 0, 'no series is left behind')
  await store.close()
}

t.test('jobs of a series are in front one at a time, in order, whatever happens to the node', async (t) => {
  const root = folder(t)
  const ops = fc.array(op, { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(ops, (made) => play(made, async () => ({ store: memoryStore(), reopen: null }))),
    { numRuns: RUNS },
  )
  const level = storesWith(null)['level, not young for long']
  if (level === undefined) return t.fail('no level store')
  await fc.assert(
    fc.asyncProperty(ops, (made) => play(made, async () => level(mkdtempSync(join(root, 'store-'))))),
    { numRuns: Math.ceil(RUNS / 10) },
  )
})
