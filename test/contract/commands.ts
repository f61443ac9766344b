import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesOfOutcome } from '#dist/src/job/outcome.js'
import { firstOf } from '#dist/src/store/first-of.js'
import type {
  Answer,
  Change,
  JobRecord,
  JobState,
  KeptAs,
  Lane,
  NoteRange,
  ParsedFilter,
  Place,
  Shelf,
  Store,
  StoredJob,
  StoreUnderTest,
} from '#dist/src/store/index.js'
import type { Model } from './model.js'
import { shown } from './shown.js'
import {
  changeOf,
  IDS,
  KEYS,
  LANES,
  LIVES,
  LOTS,
  NAMES,
  nat,
  SHELVES,
  STATES,
  type Step,
  step,
  type World,
} from './steps.js'

/** A store, opened, and how to open it again. */
export interface Tested extends StoreUnderTest {
  readonly kind: string
  store: Store
  id: string
  epoch: number
}

export type Command = fc.AsyncCommand<World, readonly Tested[]>

export const NODE = 'model_node'
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
    const answers: Answer[] = []
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
class Ask<Told> implements Command {
  readonly #text: string
  readonly #real: (store: Store, world: World) => Promise<Told>
  readonly #model: (model: Model, world: World) => Told
  constructor(
    text: string,
    real: (store: Store, world: World) => Promise<Told>,
    model: (model: Model, world: World) => Told,
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
export async function listed(store: Store, query: ParsedFilter, limit: number): Promise<StoredJob[]> {
  const jobs: StoredJob[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.list({ ...query, after, limit })
    assert.ok(page.jobs.length <= limit)
    jobs.push(...page.jobs)
    if (page.next === null) return jobs.sort(bySeq)
    after = page.next
  }
}

const list = (query: ParsedFilter, limit: number) =>
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

const notes = (shelf: Shelf, range: NoteRange, limit: number) =>
  new Ask(
    `notes(${shelf.name}, ${JSON.stringify(range)}, ${limit})`,
    async (store) => [await store.notes(shelf, range, limit), await store.countNotes(shelf, range)],
    (model) => [model.notes(shelf, range).slice(0, limit), model.notes(shelf, range).length],
  )

const counts = new Ask(
  'counts()',
  (store) => store.counts(),
  (model) => model.counts(),
)

const prune = (as: KeptAs, olderThan: number, keep: number) =>
  new Ask(
    `prune(${as}, ${olderThan}, ${keep})`,
    (store) => store.prune(as, olderThan, keep),
    (model) => model.prune(as, olderThan, keep),
  )

const key = fc.constantFrom(...KEYS)
const range = fc.record({ prefix: key, after: key, before: key }, { requiredKeys: [] })

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
      fc.option(
        fc.subarray<JobState>(['available', 'scheduled', 'retryable', 'running', ...STATES], {
          minLength: 1,
        }),
      ),
      fc.option(fc.subarray([...NAMES], { minLength: 1 })),
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
    .tuple(fc.constantFrom(...STATES, 'result' as const), nat(5), nat(3))
    .map(([as, age, keep]) => prune(as, age === 0 ? 0 : 2000 + age, keep)),
  fc
    .tuple(fc.constantFrom(...SHELVES), range, nat(3))
    .map(([shelf, range, limit]) => notes(shelf, range, limit + 1)),
  fc.constant(null).map(() => new Reopen()),
]

/** What must agree at the end of each run, whatever was asked before. */
export const EVERYTHING: readonly Command[] = [
  counts,
  list({}, 7),
  lanes(null, LOTS),
  ...LANES.map((lane) => waiting(lane, null, LOTS, LOTS)),
  ...LIVES.flatMap((_, life) => [outcomes(life, 0, LOTS), taken(life)]),
  ...SHELVES.map((shelf) => notes(shelf, {}, LOTS)),
  new Reopen(),
  counts,
  ...SHELVES.map((shelf) => notes(shelf, {}, LOTS)),
  list({}, 7),
]
