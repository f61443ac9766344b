import fc from 'fast-check'
import { IMMEDIATE, laneFor, TIMED } from '#dist/src/job/lane.js'
import type {
  Change,
  JobRecord,
  Lane,
  Note,
  Outcome,
  Place,
  Single,
  TerminalState,
} from '#dist/src/store/index.js'
import { timeBytes } from '#dist/src/store/notes.js'
import { failedAttempt } from '../fixtures/record.mjs'
import { outcome, record } from '../node/records.js'
import type { Model } from './model.js'

/** The model, and all that was ever there: what a wrong change may point at. */
export interface World {
  readonly model: Model
  readonly places: JobRecord[]
  readonly told: Outcome[]
  seq: number
}

const keyed = { timed: true, deferred: false, priority: -5 }
export const LANES: readonly Lane[] = [
  IMMEDIATE,
  TIMED,
  laneFor({ ...keyed, key: 'a' }),
  laneFor({ ...keyed, key: 'ab' }),
]
export const IDS = ['a', 'a\0', 'ab', 'ž🐎', '__proto__', '%00']
export const KEYS = ['k', 'k\0', 'kk', 'ž', '\ufffd', '🐎']
export const SHELVES = [
  { name: 'shared', own: false },
  { name: 'own', own: true },
] as const
export const NAMES = ['work', 'rest']
export const LIVES = [
  ['app', '1'],
  ['app', '2'],
  ['app\0', '1'],
] as const
export const STATES = ['completed', 'failed', 'cancelled'] as const
export const FAR = Date.UTC(2200, 0)
/** Of a job that never was. */
const PHANTOM = record({ id: 'never', seq: 4_000_000_000 })
export const LOTS = 1_000_000_000

/** Which job a change is about: mostly one of which it is true, and now and then any that ever was. */
interface Pick {
  readonly wild: boolean
  readonly n: number
}

type SingleStep = (
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
      /** Of one that has completed. */
      readonly keptUntil: number | null
      readonly finishedAt: number
    }
  | { readonly kind: 'remove'; readonly id: number }
  | { readonly kind: 'acknowledge'; readonly life: number; readonly picks: readonly number[] }
  | { readonly kind: 'note' }
) & { readonly notes?: readonly NoteStep[] | null }

export type Step = SingleStep | { readonly kind: 'together'; readonly steps: readonly SingleStep[] }

interface NoteStep {
  readonly key: number
  readonly own: boolean
  readonly value: number | null
  readonly unless: boolean
  readonly at: number | null
}

export const nat = (max: number) => fc.nat({ max })
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
const bare = fc.oneof(
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
      keptUntil: fc.option(nat(5).map((n) => 2000 + n)),
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
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('note' as const) }) },
)

const notes = fc.array(
  fc.record({
    key: nat(KEYS.length - 1),
    own: fc.boolean(),
    value: fc.option(nat(3)),
    unless: fc.boolean(),
    at: fc.option(nat(3)),
  }),
  { maxLength: 3 },
)
const single: fc.Arbitrary<SingleStep> = fc
  .tuple(bare, fc.option(notes))
  .map(([step, notes]): SingleStep => ({ ...step, notes }))

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: single },
  {
    weight: 1,
    arbitrary: fc.array(single, { maxLength: 4 }).map((steps): Step => ({ kind: 'together', steps })),
  },
)

/** What a step is, in the world as it is now. */
export function changeOf(step: Step, world: World): Change {
  if (step.kind !== 'together') return singleOf(step, world)
  // Each is drawn as if those before it were done.
  const undo = world.model.savepoint()
  const changes = step.steps.map((each) => {
    const change = singleOf(each, world)
    world.model.apply(change)
    return change
  })
  undo()
  return { kind: 'together', changes }
}

function singleOf(step: SingleStep, world: World): Single {
  const { notes } = step
  const change = withoutNotes(step, world)
  return notes == null ? change : { ...change, notes: asNew(notes.map(noteOf), world.model) }
}

/** Where none of its name is there, a note that comes is said to be new. */
function asNew(notes: readonly Note[], model: Model): Note[] {
  return notes.map((note, i) => {
    const { shelf, key, value } = note
    const before = notes.slice(0, i).some((one) => one.shelf === shelf && one.key === key)
    const isThere = model.notes(shelf, { prefix: key }).some((one) => one.key === key)
    return value === null || before || isThere ? note : { ...note, isNew: true }
  })
}

function noteOf({ key, own, value, unless, at }: NoteStep): Note {
  const note = { shelf: own ? SHELVES[1] : SHELVES[0], key: KEYS[key] ?? 'k' }
  const held = value === null ? null : Buffer.concat([timeBytes(value), Buffer.alloc(value * 20, value)])
  if (!unless) return { ...note, value: held }
  return { ...note, value: held, unless: 'taken', ...(at === null ? {} : { at }) }
}

function withoutNotes(step: SingleStep, world: World): Single {
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
      const course = { ...from.course, attempt: from.course.attempt + 1, attempts: [failedAttempt()] }
      const to = { ...from, ...step.place, seq: ++world.seq, course }
      places.push(to)
      return { kind: 'move', from, running, to, outcome: report(from, step.told, true) }
    }
    case 'end': {
      const { from, running } = found(step.pick)
      const { keep: state, finishedAt, keptUntil } = step
      const result =
        state === 'completed' && keptUntil !== null
          ? { result: { until: keptUntil, args: Buffer.from(`of ${from.id}`) } }
          : {}
      const keep = state === null ? null : { job: from, state, startedAt: 1500, finishedAt, ...result }
      return { kind: 'end', from, running, outcome: report(from, step.told, false), keep }
    }
    case 'remove':
      return { kind: 'remove', id: IDS[step.id] ?? 'a' }
    case 'acknowledge': {
      const seqs = step.picks.map((n) => at(told, n)?.seq ?? 3_999_999_999)
      return { kind: 'acknowledge', distributor: LIVES[step.life]?.[0] ?? 'app', seqs }
    }
    case 'note':
      return { kind: 'note' }
  }
}
