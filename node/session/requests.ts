import { unpackChecked } from '../../src/bytes/codec.js'
import { type Clock, nowOf } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import type { LogLine } from '../../src/job/log-lines.js'
import type { JobRecord, StoredJob } from '../../src/job/record.js'
import type { Store } from '../../src/store/contract.js'
import { ACTS, type Act, type ActAnswer, pagesFor } from '../../src/verbs/acts.js'
import { factsOf, loadedFactsOf } from '../../src/verbs/facts.js'
import { FLOWS_PAGE } from '../../src/verbs/flows.js'
import { understood } from '../../src/verbs/form.js'
import { PAGE, type ParsedActQuery } from '../../src/verbs/query.js'
import { SCHEDULES_PAGE } from '../../src/verbs/schedules.js'
import { type AnswerOf, type AskedOf, isVerb, VERBS, type VerbName } from '../../src/verbs/table.js'
import type { ParsedUpdate } from '../../src/verbs/update.js'
import type { WaitFacts } from '../../src/verbs/waits.js'
import type { Reach } from '../changes/reach.js'
import type { Controls } from '../controls/controls.js'
import { namesOf } from '../controls/names.js'
import { type JobCounts, oldestDue } from '../counts/counts.js'
import type { Executors } from '../executors/executors.js'
import type { FlowView } from '../flows/view.js'
import type { Runner } from '../run/runner.js'
import type { Schedules } from '../schedules/schedules.js'
import type { StatusView } from '../status/view.js'
import { AT_ONCE } from './errands.js'

/** What goes through many jobs, or answers much, takes all of what is done at once for one connection. */
const HEAVY: ReadonlySet<VerbName> = new Set([
  'jobs',
  'tagged',
  ...Object.keys(ACTS).map((act) => `${act as Act}-all` as const),
  'names',
  'counts',
  'series',
  'failures',
  'flows',
  'status',
  'schedules',
  'flow',
  'cancel-flow',
])
const LIGHT = 4
/** Jobs of a query to which something is done at once. */
const TOGETHER = 100
/** The node itself unpacks what is asked: it is a few facts. */
const SMALL = { maxDepth: 4, maxNodes: 256 }

/** What verbs are about. */
export interface Subjects {
  readonly reach: Reach
  /** What keeps a job from beginning, if it is due. */
  readonly why: (stored: StoredJob) => WaitFacts | null
  readonly controls: Controls
  readonly executors: Pick<Executors, 'known' | 'definitions' | 'slots'>
  readonly runner: Pick<Runner, 'jobs'>
  readonly schedules: Schedules
  readonly flowView: FlowView
  /** What a running job has told last; null: nothing, or it does not run. */
  readonly progress: (id: string) => Buffer | null
  /** What a job has logged last. */
  readonly lines: (job: JobRecord) => readonly LogLine[]
  readonly counts: Pick<JobCounts, 'read' | 'series'>
  readonly view: StatusView
  readonly store: Pick<Store, 'counts' | 'lanes'>
  readonly clock: Clock
}

/** A life of an app. */
interface Asker {
  readonly name: string
  readonly instance: string
}

/** What is asked for: nothing of its body is kept but what was understood. */
export interface Ask {
  /** Of what is done at once for one connection: to read and pack a page keeps others long enough by itself. */
  readonly weight: number
  /** `by`: who asks. */
  readonly run: (of: Subjects, by: Asker) => Promise<unknown>
}

type Acts = { readonly [A in Act]: (id: string, reach: Reach, update: ParsedUpdate) => Promise<ActAnswer> }
type Verbs = {
  readonly [V in VerbName]: (asked: AskedOf<V>, of: Subjects, by: Asker) => Promise<AnswerOf<V>>
}

const DOING: Acts = {
  destroy: (id, reach) => reach.destroy(id),
  retry: (id, reach) => reach.retry(id),
  run: (id, reach) => reach.run(id),
  update: (id, reach, update) => reach.update(id, update),
  cancel: (id, reach) => reach.end(id),
}

const ANSWERS: Verbs = {
  jobs: async ({ limit = PAGE.usual, ...query }, { reach, why }) => {
    const { jobs, next } = await reach.list({ ...query, limit })
    return { jobs: jobs.map((stored) => factsOf(stored, why(stored))), next }
  },
  tagged: ({ tag }, { reach }) => reach.countTagged(tag),
  load: async ({ id }, { reach, why, progress, lines }) => {
    const stored = await reach.load(id)
    if (stored === null) return null
    return loadedFactsOf(stored, lines(stored.job), why(stored), progress(id))
  },
  destroy: ({ id }, { reach }) => reach.destroy(id),
  'destroy-all': (query, { reach }) => actOnAll('destroy', query, reach),
  retry: ({ id }, { reach }) => reach.retry(id),
  'retry-all': (query, { reach }) => actOnAll('retry', query, reach),
  run: ({ id }, { reach }) => reach.run(id),
  'run-all': (query, { reach }) => actOnAll('run', query, reach),
  update: ({ id, update }, { reach }) => reach.update(id, update),
  'update-all': ({ update, ...query }, { reach }) => actOnAll('update', query, reach, update),
  cancel: ({ id }, { reach }) => reach.end(id),
  'cancel-all': (query, { reach }) => actOnAll('cancel', query, reach),
  status: (_, { view }) => view.read(),
  resize: async (wanted, { view }) => view.resize(wanted),
  recycle: async ({ pid }, { view }) => view.recycle(pid),
  drain: async ({ on }, { controls }, by) => controls.drain(on, by.name),
  failures: ({ name }, { view }) => view.failures.of(name),
  series: async ({ name }, { counts, clock }) => counts.series(clock.now(), name),
  counts: async (_, { store, counts, runner, clock }) => {
    const now = nowOf(clock)
    const [total, oldest] = await Promise.all([store.counts(), oldestDue(store, now.steady)])
    return counts.read(now.wall, total, runner.jobs(), oldest)
  },
  names: async ({ name }, { controls, executors, runner }) =>
    namesOf(controls, executors, runner.jobs(), name),
  'set-limits': ({ name, limits }, { controls }, by) => controls.setLimits(name, limits, by.name),
  pause: (what, { controls }, by) => controls.pause(what, by.name),
  resume: (what, { controls }, by) => controls.resume(what, by.name),
  schedule: ({ id, definition, wanted }, { schedules }, by) => schedules.put(id, definition, wanted, by),
  'schedule-home': async ({ id }, { schedules }) => {
    const found = await schedules.home(id)
    return found === null ? null : { home: found.home, made: found.made }
  },
  schedules: ({ limit = SCHEDULES_PAGE, ...query }, { schedules }) => schedules.list({ ...query, limit }),
  unschedule: ({ id }, { schedules }) => schedules.remove(id),
  'pause-schedule': ({ id }, { schedules }) => schedules.pause(id),
  'resume-schedule': ({ id }, { schedules }) => schedules.resume(id),
  'run-schedule': ({ id }, { schedules }) => schedules.runNow(id),
  flows: ({ limit = FLOWS_PAGE.usual, after }, { flowView }) => flowView.page(limit, after),
  flow: ({ id }, { flowView }) => flowView.of(id),
  'cancel-flow': ({ id }, { flowView }) => flowView.cancel(id),
}

/** Throws JR_PROTOCOL for a verb that is not there, or a body that is not of its form. */
export function askOf(verb: string, body: Buffer): Ask {
  if (isVerb(verb)) return asked(verb, body)
  throw new JrError('JR_PROTOCOL', `unknown request '${verb}'; known: ${Object.keys(VERBS).join(', ')}`)
}

/** What others ask of this node over its store. */
export function actOnEach(
  act: Act,
  ids: readonly string[],
  reach: Reach,
  update: ParsedUpdate = {},
): Promise<ActAnswer[]> {
  return Promise.all(ids.map((id) => DOING[act](id, reach, update)))
}

function asked<V extends VerbName>(verb: V, body: Buffer): Ask {
  const what = understood(VERBS[verb].asks, unpackChecked(body, SMALL), `request '${verb}'`)
  const weight = HEAVY.has(verb) ? AT_ONCE : LIGHT
  return { weight, run: (of, by) => ANSWERS[verb](what, of, by) }
}

async function actOnAll(
  act: Act,
  { dryRun, ...filter }: ParsedActQuery,
  reach: Reach,
  update?: ParsedUpdate,
): Promise<number> {
  const isMeant = ACTS[act].onceOnly ? reach.before() : () => true
  let done = 0
  for await (const jobs of pagesFor(act, filter, (query) => reach.list({ ...query, limit: PAGE.most }))) {
    const ids = jobs.filter(isMeant).map(({ job }) => job.id)
    done += dryRun === true ? ids.length : await actOnMany(act, ids, reach, update)
  }
  return done
}

async function actOnMany(
  act: Act,
  ids: readonly string[],
  reach: Reach,
  update?: ParsedUpdate,
): Promise<number> {
  let done = 0
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const answers = await actOnEach(act, ids.slice(at, at + TOGETHER), reach, update)
    done += answers.filter((answer) => answer === 'done').length
  }
  return done
}
