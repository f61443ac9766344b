import assert from 'node:assert/strict'
import fc from 'fast-check'
import { IMMEDIATE, laneFor, TIMED } from '#dist/src/job/lane.js'
import { bytesOfOutcome } from '#dist/src/job/outcome.js'
import { firstOf } from '#dist/src/store/first-of.js'
import type {
  Change,
  JobRecord,
  JobState,
  Lane,
  Outcome,
  Place,
  Store,
  StoredJob,
  StoreUnderTest,
  TerminalState,
} from '#dist/src/store/index.js'
import { outcome, record } from '../node/records.js'
import type { Model } from './model.js'

/** A store, opened, and how to open it again. */
export interface Tested extends StoreUnderTest {
  readonly kind: string
  store: Store
  id: string
  epoch: number
}

/** The model, and all that was ever there: what a wrong change may point at. */
export interface World {
  readonly model: Model
  readonly places: JobRecord[]
  readonly told: Outcome[]
  seq: number
}

export type Command = fc.AsyncCommand<World, readonly Tested[]>

export const NODE = 'model_node'
const keyed = { timed: true, deferred: false, priority: -5 }
const LANES: readonly Lane[] = [
  IMMEDIATE,
  TIMED,
  laneFor({ ...keyed, key: 'a' }),
  laneFor({ ...keyed, key: 'ab' }),
]
const IDS = ['a', 'a\0', 'ab', 'ž🐎', '__proto__', '%00']
const NAMES = ['work', 'rest']
const LIVES = [
  ['app', '1'],
  ['app', '2'],
  ['app\0', '1'],
] as const
const STATES = ['completed', 'failed', 'cancelled'] as const
const FAR = Date.UTC(2200, 0)
/** Of a job that never was. */
const PHANTOM = record({ id: 'never', seq: 4_000_000_000 })
const LOTS = 1_000_000_000

/** Which job a change is about: mostly one of which it is true, and now and then any that ever was. */
interface Pick {
  readonly wild: boolean
  readonly n: number
}

type Step =
  | {
      readonly kind: 'insert'
      readonly id: number
      readonly ownId: boolean
      readonly place: Omit<Place, 'seq'>
      readonly number: number | null
      readonly life: number
      readonly bytes: number
    }
  | { readonly kind: 'begin'; readonly pick: Pick }
  | { readonly kind: 'move'; readonly pick: Pick; readonly place: Omit<Place, 'seq'>; readonly told: boolean }
  | {
      readonly kind: 'end'
      readonly pick: Pick
      readonly told: boolean
      readonly keep: TerminalState | null
      readonly finishedAt: number
    }
  | { readonly kind: 'remove'; readonly id: number }
  | { readonly kind: 'acknowledge'; readonly life: number; readonly picks: readonly number[] }

const nat = (max: number) => fc.nat({ max })
const pick = fc.record({
  wild: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  n: nat(20),
})
const place = fc.record({
  lane: fc.constantFrom(...LANES),
  due: fc.oneof(
    nat(3).map((n) => 1000 + n),
    nat(3).map((n) => FAR + n),
  ),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      id: nat(IDS.length - 1),
      ownId: fc.boolean(),
      place,
      number: fc.option(nat(30)),
      life: nat(LIVES.length - 1),
      bytes: nat(40),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('move' as const), pick, place, told: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      pick,
      told: fc.boolean(),
      keep: fc.option(fc.constantFrom(...STATES)),
      finishedAt: nat(4).map((n) => 2000 + n),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: nat(IDS.length - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('acknowledge' as const),
      life: nat(LIVES.length - 1),
      picks: fc.array(nat(20), { maxLength: 3 }),
    }),
  },
)

/** What a step is, in the world as it is now: a change that the model has taken as well. */
function changeOf(step: Step, world: World): Change {
  const { model, places, told } = world
  const at = <T>(all: readonly T[], n: number): T | undefined => all[n % all.length]
  const live = (running: boolean) => places.filter((job) => model.isAt(job, running))
  const report = (job: JobRecord, wanted: boolean, more: boolean) => {
    const { id, edition, distributor, instance } = job
    const made = wanted ? outcome({ seq: ++world.seq, id, edition, distributor, instance, more }) : null
    if (made !== null) told.push(made)
    return made
  }
  /** The record, and whether the change says that it runs. */
  const found = ({ wild, n }: Pick): { from: JobRecord; running: boolean } => {
    const right = [...live(false), ...live(true)]
    const from = wild ? undefined : at(right, n)
    if (from !== undefined) return { from, running: model.isAt(from, true) }
    return { from: at([...places, PHANTOM], n) ?? PHANTOM, running: n % 3 === 0 }
  }
  switch (step.kind) {
    case 'insert': {
      const [distributor, instance] = LIVES[step.life] ?? LIVES[0]
      const wanted = IDS[step.id] ?? 'a'
      const seq = ++world.seq
      const id = step.ownId || model.load(wanted) === null ? wanted : `made-${seq}`
      const name = NAMES[seq % 2] ?? 'work'
      const args = Buffer.alloc(step.bytes, seq)
      const edition = step.ownId ? seq : 0
      const job = record({ ...step.place, seq, id, edition, name, distributor, instance, args })
      places.push(job)
      return { kind: 'insert', job, ownId: step.ownId, number: step.number }
    }
    case 'begin': {
      const job = (step.pick.wild ? undefined : at(live(false), step.pick.n)) ?? found(step.pick).from
      return { kind: 'begin', job, startedAt: 1500 + step.pick.n }
    }
    case 'move': {
      const { from, running } = found(step.pick)
      const to = {
        ...from,
        ...step.place,
        seq: ++world.seq,
        course: { ...from.course, attempt: from.course.attempt + 1, lastError: 'no' },
      }
      places.push(to)
      return { kind: 'move', from, running, to, outcome: report(from, step.told, true) }
    }
    case 'end': {
      const { from, running } = found(step.pick)
      const { keep: state, finishedAt } = step
      const keep = state === null ? null : { job: from, state, startedAt: 1500, finishedAt }
      return { kind: 'end', from, running, outcome: report(from, step.told, false), keep }
    }
    case 'remove':
      return { kind: 'remove', id: IDS[step.id] ?? 'a' }
    case 'acknowledge': {
      const seqs = step.picks.map((n) => at(told, n)?.seq ?? 3_999_999_999)
      return { kind: 'acknowledge', distributor: LIVES[step.life]?.[0] ?? 'app', seqs }
    }
  }
}

class Commit implements Command {
  readonly #steps: readonly Step[]
  readonly #durable: boolean
  #changes: readonly Change[] = []
  constructor(steps: readonly Step[], durable: boolean) {
    this.#steps = steps
    this.#durable = durable
  }
  check = () => true
  async run(world: World, stores: readonly Tested[]) {
    const answers: string[] = []
    this.#changes = this.#steps.map((step) => {
      const change = changeOf(step, world)
      answers.push(world.model.apply(change))
      return change
    })
    for (const { store, kind } of stores)
      assert.deepEqual(await store.commit(this.#changes, this.#durable), answers, `${kind}: ${this}`)
  }
  toString = () => `commit(${this.#changes.map(shown).join(', ')})`
}

/** A question that has one answer. */
class Ask<Answer> implements Command {
  readonly #text: string
  readonly #real: (store: Store, world: World) => Promise<Answer>
  readonly #model: (model: Model, world: World) => Answer
  constructor(
    text: string,
    real: (store: Store, world: World) => Promise<Answer>,
    model: (model: Model, world: World) => Answer,
  ) {
    this.#text = text
    this.#real = real
    this.#model = model
  }
  check = () => true
  async run(world: World, stores: readonly Tested[]) {
    const expected = this.#model(world.model, world)
    for (const { store, kind } of stores)
      assert.deepEqual(await this.#real(store, world), expected, `${kind}: ${this}`)
  }
  toString = () => this.#text
}

class Reopen implements Command {
  check = () => true
  async run({ model }: World, stores: readonly Tested[]) {
    const expected = model.interrupted().sort(bySeq)
    for (const tested of stores) {
      if (tested.reopen === null)
        throw new Error(`${tested.kind} keeps nothing, so it has no place in this test`)
      await tested.store.close()
      tested.store = tested.reopen()
      const { id, epoch, interrupted } = await tested.store.open(NODE)
      assert.equal(id, tested.id, tested.kind)
      assert.ok(epoch > tested.epoch, `${tested.kind}: epoch ${epoch} after ${tested.epoch}`)
      tested.epoch = epoch
      assert.deepEqual(interrupted.toSorted(bySeq), expected, `${tested.kind}: ${this}`)
    }
  }
  toString = () => 'reopen()'
}

const bySeq = (a: { readonly job: Place }, b: { readonly job: Place }) => a.job.seq - b.job.seq

/** All pages of a list, in one order. */
export async function listed(
  store: Store,
  query: { readonly state?: JobState; readonly name?: string },
  limit: number,
): Promise<StoredJob[]> {
  const jobs: StoredJob[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.list({ ...query, after, limit })
    assert.ok(page.jobs.length <= limit)
    jobs.push(...page.jobs)
    if (page.next === null) return jobs.sort(bySeq)
    after = page.next
  }
}

const list = (query: { readonly state?: JobState; readonly name?: string }, limit: number) =>
  new Ask(
    `list(${JSON.stringify(query)}, ${limit})`,
    (store) => listed(store, query, limit),
    (model) => model.list(query).sort(bySeq),
  )

const lanes = (after: Lane | null, limit: number) =>
  new Ask(
    `lanes(${after}, ${limit})`,
    (store) => store.lanes(after, limit),
    (model) => model.lanes(after).slice(0, limit),
  )

const waiting = (lane: Lane, after: number | null, limit: number, maxBytes: number) => {
  const from = ({ places }: World) => (after === null ? null : (places[after % places.length] ?? null))
  return new Ask(
    `waiting(${lane}, ${after}, ${limit}, ${maxBytes})`,
    (store, world) => store.waiting(lane, from(world), limit, maxBytes),
    (model, world) => {
      const all = model.waiting(lane, from(world)).slice(0, limit)
      const page: JobRecord[] = []
      for (let bytes = 0; page.length < all.length && bytes < maxBytes; ) {
        const job = all[page.length] as JobRecord
        page.push(job)
        bytes += job.args.length
      }
      return page
    },
  )
}

const outcomes = (life: number, after: number, limit: number, maxBytes = 1e9) => {
  const [distributor] = LIVES[life] ?? LIVES[0]
  return new Ask(
    `outcomes(${distributor}, ${after}, ${limit}, ${maxBytes})`,
    (store) => store.outcomes(distributor, after, limit, maxBytes),
    (model) => firstOf(model.outcomes(distributor, after), limit, maxBytes, bytesOfOutcome),
  )
}

const taken = (life: number) => {
  const [distributor, instance] = LIVES[life] ?? LIVES[0]
  return new Ask(
    `taken(${distributor}, ${instance})`,
    (store) => store.taken(distributor, instance),
    (model) => model.taken(distributor, instance),
  )
}

const counts = new Ask(
  'counts()',
  (store) => store.counts(),
  (model) => model.counts(),
)

const prune = (state: TerminalState, olderThan: number, keep: number) =>
  new Ask(
    `prune(${state}, ${olderThan}, ${keep})`,
    (store) => store.prune(state, olderThan, keep),
    (model) => model.prune(state, olderThan, keep),
  )

export const COMMANDS: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 6 }, () =>
    fc
      .tuple(fc.array(step, { minLength: 1, maxLength: 6 }), fc.boolean())
      .map(([steps, durable]) => new Commit(steps, durable)),
  ),
  nat(IDS.length - 1).map((n) => {
    const id = IDS[n] ?? 'a'
    return new Ask(
      `load(${JSON.stringify(id)})`,
      (store) => store.load(id),
      (model) => model.load(id),
    )
  }),
  fc
    .tuple(fc.constantFrom(...LANES), fc.option(nat(10)), nat(4), fc.constantFrom(1, 50, LOTS))
    .map(([lane, after, limit, bytes]) => waiting(lane, after, limit + 1, bytes)),
  fc
    .tuple(
      fc.option(fc.constantFrom<JobState>('available', 'scheduled', 'retryable', 'running', ...STATES)),
      fc.option(fc.constantFrom(...NAMES)),
      nat(3),
    )
    .map(([state, name, limit]) =>
      list({ ...(state === null ? {} : { state }), ...(name === null ? {} : { name }) }, limit + 1),
    ),
  fc.tuple(nat(LIVES.length - 1), nat(30), nat(3)).map(([life, after, n]) => outcomes(life, after, n + 1)),
  nat(LIVES.length - 1).map(taken),
  fc.constant(counts),
  fc.tuple(fc.option(fc.constantFrom(...LANES)), nat(2)).map(([after, n]) => lanes(after, n + 1)),
  fc
    .tuple(fc.constantFrom(...STATES), nat(5), nat(3))
    .map(([state, age, keep]) => prune(state, age === 0 ? 0 : 2000 + age, keep)),
  fc.constant(null).map(() => new Reopen()),
]

/** What must agree at the end of each run, whatever was asked before. */
export const EVERYTHING: readonly Command[] = [
  counts,
  list({}, 7),
  lanes(null, LOTS),
  ...LANES.map((lane) => waiting(lane, null, LOTS, LOTS)),
  ...LIVES.flatMap((_, life) => [outcomes(life, 0, LOTS), taken(life)]),
  new Reopen(),
  counts,
  list({}, 7),
]

function shown(change: Change): string {
  const job = ({ id, lane, due, seq, course }: JobRecord) =>
    `${JSON.stringify(id)} at ${lane}/${due > FAR - 1 ? `far+${due - FAR}` : due}/${seq}, attempt ${course.attempt}`
  switch (change.kind) {
    case 'insert':
      return `insert(${job(change.job)}${change.ownId ? ', ownId' : ''}, number ${change.number})`
    case 'begin':
      return `begin(${job(change.job)})`
    case 'move':
      return `move(${job(change.from)}${change.running ? ', running' : ''} to ${job(change.to)})`
    case 'end':
      return `end(${job(change.from)}${change.running ? ', running' : ''}, keep ${change.keep?.state ?? 'nothing'}, outcome ${change.outcome?.seq ?? 'none'})`
    case 'remove':
      return `remove(${JSON.stringify(change.id)})`
    case 'acknowledge':
      return `acknowledge(${change.distributor}, ${change.seqs})`
  }
}
