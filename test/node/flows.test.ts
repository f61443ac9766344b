import { deepStrictEqual, equal } from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { withNotes } from '#dist/node/changes/indexes.js'
import type { NodeChange, NodeEnd, NodeInsert, NodeMove, NodeTogether } from '#dist/node/changes/journal.js'
import { Flows } from '#dist/node/flows/flows.js'
import { Sending } from '#dist/node/flows/sending.js'
import { unfinished } from '#dist/node/flows/sweeping.js'
import { blockedBy, flowNamed } from '#dist/src/job/flow.js'
import { isBlocked } from '#dist/src/job/lane.js'
import { outcomeWithoutRun } from '#dist/src/job/outcome.js'
import type { JobRecord } from '#dist/src/job/record.js'
import type { TerminalState } from '#dist/src/job/states.js'
import { agree } from '#dist/src/job/terms/agreed.js'
import {
  FLOWS,
  flowBytes,
  HEADS,
  leftBytes,
  RESULTS,
  readFlowNote,
  readLeft,
} from '#dist/src/store/flow-notes.js'
import type { Change, Store } from '#dist/src/store/index.js'
import { memoryStore } from '#dist/src/store/index.js'
import { storesWith } from '../contract/stores.js'
import {
  afterEnd,
  atFirst,
  type FlowShape,
  flowShapes,
  type ModelState,
  type ModelStates,
} from '../fixtures/flow-model.js'
import { folder } from '../system/harness.js'
import { record } from './records.js'

const RUNS = Number(process.env.JR_TEST_RUNS ?? 24)
const settings = { name: 'n1', keeps: () => true }
const clock = { now: () => 5 }
const NOTHING = Buffer.alloc(0)

/** What a node does with flows, without what runs their jobs. */
class Node {
  readonly flows: Flows
  readonly #store: Store
  readonly #seq: () => number
  #queue: NodeChange[] = []
  #waiting: (() => void)[] = []
  #alive = true
  /** The ends that are written, and not what followed from them. */
  readonly ended: { id: string; state: ModelState }[] = []
  /** Changes that nobody's end was the reason of. */
  late = 0

  constructor(store: Store, seq: () => number) {
    this.#store = store
    this.#seq = seq
    const again = (change: NodeChange) => void (this.#alive && this.#queue.push(change))
    const write = (change: NodeChange) => again(withNotes(change, clock))
    const written = () => new Promise<void>((done) => this.#waiting.push(done))
    this.flows = new Flows({
      ...{ settings, store, clock, seq, write, again, written },
      cancel: (id) => this.end(id, 'cancelled'),
      oldest: () => 0,
      onError: (error) => {
        if (this.#alive) throw error
      },
    })
  }

  add(change: NodeChange): void {
    const placed = this.flows.place(change, false)
    if (placed !== null && this.#alive) this.#queue.push(withNotes(placed, clock))
  }

  /** A job ends, whether it waits to run or waits for others. */
  async end(id: string, state: TerminalState): Promise<void> {
    const stored = await this.#store.load(id)
    if (stored === null || stored.finishedAt > 0) return
    const error = NOTHING
    const report = outcomeWithoutRun(stored.job, state, error, { seq: this.#seq(), node: 'n1', now: 5 })
    const keep = { job: stored.job, state, startedAt: 0, finishedAt: 5 }
    const end: NodeEnd = {
      kind: 'end',
      from: stored.job,
      running: false,
      outcome: null,
      keep,
      report,
      done: null,
    }
    this.add(end)
  }

  async write(): Promise<void> {
    const [queue, waiting] = [this.#queue, this.#waiting]
    this.#queue = []
    this.#waiting = []
    const answers = await this.#store.commit(queue as Change[], false)
    for (const [i, change] of queue.entries()) {
      const answer = answers[i] ?? 'ok'
      const each = change.kind === 'together' ? change.changes : [change]
      const [head] = each
      if (answer === 'ok' && head?.kind === 'end' && head.report !== null && head.report.error.length === 0)
        this.ended.push({ id: head.from.id, state: head.report.state })
      else if (answer === 'ok' && (head?.kind === 'end' || (head?.kind === 'move' && isReleased(head))))
        this.late++
      if (change.kind === 'together' && this.flows.answered(change, answer)) continue
      for (const one of each) this.flows.follow(one, answer === 'ok')
    }
    for (const done of waiting) done()
  }

  kill(): void {
    this.#alive = false
    this.#queue = []
  }

  get isQuiet(): boolean {
    return this.#queue.length + this.#waiting.length === 0 && this.flows.isIdle
  }
}

function isReleased({ from, to }: NodeMove): boolean {
  return isBlocked(from.lane) && !isBlocked(to.lane)
}

function insertsOf({ failFast, jobs }: FlowShape, flow: string, seq: () => number): NodeInsert[] {
  return jobs.map(({ key, needs }) => {
    const inner = { flow: { id: flow, key, failFast }, ...(needs.length === 0 ? {} : { needs }) }
    const plain = record({ id: `${flow}.${key}`, seq: seq(), agreed: agree({}, [], inner) })
    const job = needs.length === 0 ? plain : blockedBy(flowNamed(flow), plain)
    return { kind: 'insert', job, ownId: false, number: null, origin: null, started: false }
  })
}

const op = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('end' as const), n: fc.nat(), as: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), n: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('twice' as const) }) },
)
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never
const HOW: readonly TerminalState[] = ['completed', 'completed', 'failed', 'cancelled']

async function play(
  shapes: readonly FlowShape[],
  ops: readonly Op[],
  store: Store,
  reopen: (() => Store) | null,
) {
  let at = store
  await at.open('n1')
  let [last, lives] = [0, 58_000]
  const seq = () => ++last + lives * 2 ** 32
  let node = new Node(at, seq)
  const model = shapes.map((shape, i) => ({ shape, name: `f${i}`, states: atFirst(shape) }))
  for (const { shape, name } of model) node.add({ kind: 'together', changes: insertsOf(shape, name, seq) })
  await node.write()
  const all = model.flatMap(({ name, shape }) => shape.jobs.map(({ key }) => `${name}.${key}`))
  const live = async () => {
    const jobs: JobRecord[] = []
    for (const id of all) {
      const stored = await at.load(id)
      if (stored !== null && stored.finishedAt === 0) jobs.push(stored.job)
    }
    return jobs
  }
  /** The store is as the reference says after the ends that have been written: there is no between. */
  const agrees = async () => {
    for (const { id, state } of node.ended.splice(0)) {
      const [name, key = ''] = id.split('.')
      const flow = model.find((one) => one.name === name)
      if (flow === undefined) throw new Error(`no flow ${name}`)
      flow.states = afterEnd(flow.shape, flow.states, key, state)
    }
    equal(node.late, 0, 'nothing follows later')
    for (const { name, states } of model) {
      const found: ModelStates = new Map()
      for (const key of states.keys()) {
        const state = (await at.load(`${name}.${key}`))?.state
        found.set(key, state === 'available' || state === 'scheduled' ? 'open' : (state as ModelState))
      }
      deepStrictEqual(found, states, name)
    }
  }
  const settle = async () => {
    for (let quiet = 0, most = 10_000; most > 0 && quiet < 3; most--) {
      await node.write()
      await turn()
      quiet = node.isQuiet ? quiet + 1 : 0
    }
    await agrees()
  }
  for (const one of ops) {
    const jobs = await live()
    if (one.do === 'end') {
      // Most that wait for others are left to do so.
      const some = jobs.filter(({ course }) => course.behind === null || one.as % 9 === 0)
      const job = some[one.n % Math.max(1, some.length)]
      const as = job === undefined || job.course.behind !== null ? 'cancelled' : HOW[one.as % 4]
      if (job !== undefined) await node.end(job.id, as ?? 'failed')
    } else if (one.do === 'watch') {
      const job = jobs[one.n % Math.max(1, jobs.length)]
      const move = { running: false, outcome: null, report: null, done: null } as const
      if (job !== undefined)
        node.add({ ...move, kind: 'move', from: job, to: { ...job, wanted: true, seq: seq() } })
    } else if (one.do === 'twice') {
      // Else it may be over by then.
      await settle()
      const shape = shapes[0] as FlowShape
      if ((await live()).some(({ id }) => id.startsWith('f0.')))
        node.add({ kind: 'together', changes: insertsOf(shape, 'f0', seq) })
    } else if (one.do === 'write') {
      await node.write()
      await turn()
      await agrees()
    } else {
      node.kill()
      lives++
      await turn()
      if (reopen !== null) {
        await at.close()
        at = reopen()
        await at.open('n1')
      }
      await agrees()
      node = new Node(at, seq)
      const looking = unfinished(at, node.flows)
      for (let done = false; !done; ) {
        looking.then(() => {
          done = true
        })
        await node.write()
        await turn()
      }
    }
  }
  await settle()
  for (let most = 1000; most > 0; most--) {
    const job = (await live()).find(({ course }) => course.behind === null)
    if (job === undefined) break
    await node.end(job.id, 'completed')
    await settle()
  }
  deepStrictEqual(await live(), [], 'none stays blocked')
  equal(
    (await Promise.all([HEADS, FLOWS, RESULTS].map((shelf) => at.countNotes(shelf, {})))).join(),
    '0,0,0',
    'nothing of a flow is left behind',
  )
  await at.close()
}

t.test('a flow is at any time as the reference says, whatever happens to its node', async (t) => {
  const root = folder(t)
  const shapes = fc.array(flowShapes(8), { minLength: 1, maxLength: 2 })
  const ops = fc.array(op, { maxLength: 40 })
  for (const name of ['memory', 'level'] as const) {
    const make = storesWith(null)[name]
    if (make === undefined) throw new Error(name)
    await fc.assert(
      fc.asyncProperty(shapes, ops, async (shapes, ops) => {
        const { store, reopen } = await make(mkdtempSync(join(root, 'jr-')))
        await play(shapes, ops, store, reopen ?? null)
      }),
      { numRuns: name === 'memory' ? RUNS : RUNS / 4 },
    )
  }
})

t.test('a flow that has gone to another node is forgotten, and nobody is told', async (t) => {
  const store = memoryStore()
  await store.open('n1')
  let last = 0
  const node = new Node(store, () => ++last)
  const needs = [{ key: 'a', onFail: 'fail' }] as const
  const jobs = [
    { key: 'a', needs: [] },
    { key: 'b', needs },
  ]
  node.add({ kind: 'together', changes: insertsOf({ failFast: true, jobs }, 'f', () => ++last) })
  await node.write()
  for (const [id, left] of [
    ['f.a', 1],
    ['f.b', 0],
  ] as const) {
    const stored = await store.load(id)
    if (stored === null) throw new Error(id)
    const nothing = { outcome: null, keep: null, report: null, done: null }
    node.add({ kind: 'end', from: stored.job, running: false, ...nothing })
    await node.write()
    t.equal(await store.load(id), null)
    t.equal((await store.load('f.b'))?.state, left === 1 ? 'blocked' : undefined, 'nothing follows')
    t.equal(await store.countNotes(FLOWS, {}), left)
    t.equal(await store.countNotes(HEADS, {}), left)
  }
  await store.close()
})

t.test('nothing of the children is left when their parent ends while they are being read', async (t) => {
  const store = memoryStore()
  await store.open('n1')
  let last = 0
  let release = () => {}
  let found = () => {}
  const isFound = new Promise<void>((done) => {
    found = done
  })
  const held = new Promise<void>((done) => {
    release = done
  })
  const slow: Store = Object.assign(Object.create(null), {
    commit: store.commit.bind(store),
    notes: store.notes.bind(store),
    waiting: store.waiting.bind(store),
    lanes: store.lanes.bind(store),
    // The one who reads the family looks for the parent first.
    load: async (id: string) => {
      const stored = await store.load(id)
      if (id !== 'p') return stored
      found()
      await held
      return stored
    },
  })
  const node = new Node(slow, () => ++last)
  const insert = (job: JobRecord): NodeInsert => ({
    ...{ kind: 'insert', job, ownId: false, number: null, origin: null, started: false },
  })
  const parent = record({ id: 'p', seq: ++last })
  const { id, edition } = parent
  const child = record({ id: 'c', seq: ++last, agreed: agree({}, [], { parent: { id, edition } }) })
  const ends = (from: JobRecord) => {
    const report = outcomeWithoutRun(from, 'completed', NOTHING, { seq: ++last, node: 'n1', now: 5 })
    node.add({ kind: 'end', from, running: false, outcome: null, keep: null, report, done: null })
  }
  node.add(insert(parent))
  node.add(insert(child))
  await node.write()
  ends(child)
  await node.write()
  await isFound
  ends(parent)
  await node.write()
  release()
  while (!node.isQuiet) {
    await node.write()
    await turn()
  }
  t.equal(await store.countNotes(FLOWS, {}), 0)
  await store.close()
})

t.test('what the note of a job says', (t) => {
  const note = { stands: 'open', id: 'job-1', name: 'work', failFast: false, result: null } as const
  const result = leftBytes({ args: Buffer.from('args'), error: NOTHING })
  for (const one of [
    note,
    { ...note, stands: 'completed', failFast: true },
    { ...note, stands: 'failed', result },
    { ...note, stands: 'cancelled', failFast: true, result: 'apart' },
  ] as const)
    t.same(readFlowNote(flowBytes(one)), one)
  t.same(readLeft(result), { args: Buffer.from('args'), error: NOTHING })
  t.same(readLeft(leftBytes({ args: null, error: NOTHING })).args, null)
  t.end()
})

t.test('an end that is written once more is told behind what was told meanwhile', async (t) => {
  let last = 10
  const written: NodeChange[] = []
  const sending = new Sending({
    composing: { settings, clock, seq: () => ++last, keepResult: () => {} },
    again: (change) => written.push(change),
    done: () => {},
    wrong: () => {},
  })
  const job = record({ id: 'a' })
  const report = outcomeWithoutRun(job, 'failed', NOTHING, { seq: 5, node: 'n1', now: 5 })
  const end: NodeEnd = {
    kind: 'end',
    from: job,
    running: false,
    outcome: report,
    keep: null,
    report,
    done: null,
  }
  const insert = { kind: 'insert', job: record({ id: 'b' }), ownId: true, number: null } as const
  const sent = { flow: null, head: null, durable: true }
  const change = sending.add(sent, [end, { ...insert, origin: null, started: false }])
  t.equal(sending.answered(change, { is: 'refused', at: 1, answer: 'duplicate' }), true)
  t.match(written, [
    { kind: 'together', changes: [{ kind: 'end', outcome: { seq: 11 }, report: { seq: 11 } }] },
  ])
  t.equal(sending.answered(written[0] as NodeTogether, 'ok'), false)
})
