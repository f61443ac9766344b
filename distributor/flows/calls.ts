import type { EnqueueOptions } from '../../src/job/enqueue-options.js'
import type { FlowTerm, Need } from '../../src/job/terms/flow.js'
import type { AllTerms } from '../../src/job/terms/table.js'
import type { ArgsOf, JobArgs, JobName } from '../../src/job/types.js'
import { shown } from '../../src/options/duration.js'
import { checked, FLAG, GROUP, NAME } from '../../src/rules.js'
import type { Enqueuing } from '../enqueuing.js'
import { checkTogether, type Given, type GivenJobs } from '../sending/given-jobs.js'
import type { HandleOwner, JobHandle } from '../told/handle.js'
import { JobHandles } from '../told/handles.js'
import type { ErrorFeedback, Feedback, SuccessFeedback } from '../told/ticket.js'
import { Batch, type BatchEnd } from './batch.js'
import { Flow, type FlowOwner } from './flow.js'
import type { FlowNames, GivenFlow } from './given.js'
import type { JobsTogether } from './jobs-together.js'
import { jobsTogether } from './jobs-together.js'
import { badFlow, type Needing, needsOf, pathOf } from './plan.js'

/** What is called with a distributor that runs. */
export interface FlowHost extends HandleOwner {
  readonly enqueuing: Enqueuing
  readonly flows: FlowOwner
  newId(): string
}

/** Jobs that belong together, as the app enqueues them. Each call throws JR_NOT_STARTED before the distributor is started. */
export class FlowCalls {
  readonly #host: () => FlowHost

  constructor(host: () => FlowHost) {
    this.#host = host
  }

  /**
   * Enqueues a job of this name for each of a list of args, for less than as many calls of `enqueue` cost, and answers
   * a handle for all of them. All or none: when one of them can't be sent, none is, and a TypeError names it
   * (`args[3].user.save is a function`). The feedbacks are called for each job. Options hold for each job, so that there
   * is no `id`. Throws JR_NOT_STARTED before `startDistributor`.
   */
  enqueueMany = <Name extends JobName>(
    name: Name,
    list: Iterable<ArgsOf<Name>>,
    options?: Omit<EnqueueOptions, 'id'>,
    onSuccess?: SuccessFeedback<Name>,
    onError?: ErrorFeedback<Name>,
  ): JobHandles<Name> => {
    const { enqueuing } = this.#host()
    const all = list as Iterable<JobArgs>
    const handles = enqueuing.enqueueMany(name, all, options, onSuccess as Feedback, onError as Feedback)
    return handles as JobHandles<Name>
  }

  /**
   * Enqueues several jobs, of one name or of many: one node takes all of them in one step, or none. Each has its own args, `opts`
   * and feedbacks. They are checked first: of a wrong one a TypeError says where (`jobs[3].args.file is a function`), and none is
   * enqueued. When one is refused later (its id waits or runs, its key is taken, no node knows its name) all are, with its code, and
   * the error says which one it was. A job of them is never joined to another one. At most 10,000 jobs, with 8 MiB of args.
   * They run in no order: see `flow` for that.
   */
  enqueueAll = <const Names extends readonly JobName[]>(
    jobs: readonly [...GivenJobs<Names>],
  ): JobsTogether<Names> => jobsTogether(this.#host().enqueuing.enqueueAll(jobs as readonly Given[]))

  /**
   * Enqueues jobs that wait for each other: one node takes all of them in one step, or none. A job begins when all that it `needs`
   * have ended. When one of these has not completed, the job fails with JR_DEPENDENCY_FAILED, or, where its `needs` say `'run'`, runs and
   * sees that (`ctx.needs`). With `failFast`, when one has not completed, those that have not begun are cancelled. Throws JR_BAD_FLOW for
   * needs that are not there or go in a circle and for more than 10,000 jobs, and a TypeError for other bad arguments: with the path
   * of what is wrong (`jobs.resize.needs: …`), and nothing is enqueued.
   */
  flow = <const Names extends FlowNames>(given: GivenFlow<Names>): Flow<Names> => {
    const host = this.#host()
    const { id, failFast, jobs } = parsedFlow(given, () => host.newId())
    const needs = needsOf(jobs)
    const all = Array.from(needs, ([key, some]) =>
      host.enqueuing.check(jobs[key] as Given, pathOf(key), termsOf({ id, key, failFast }, some), ['needs']),
    )
    checkTogether(all, badFlow)
    return new Flow<Names>(id, [...needs.keys()], host.enqueuing.together(all), {
      handles: host,
      flows: host.flows,
    })
  }

  /**
   * Enqueues a job of this name for each of a list of args, and one more, `end.onEnd`, that runs when all of them have ended, in whatever
   * way: its `ctx.others` says how many have completed, and why the others have not. One node takes all of them in one step, or none.
   * `opts` hold for each job of the list, so that there is no `id`. Throws JR_BAD_FLOW for more than 9,999, and a TypeError for other
   * bad arguments, with the path of what is wrong (`list[3].args.to is a function`); nothing is enqueued then.
   */
  batch = <Name extends JobName, End extends JobName>(
    name: Name,
    list: Iterable<ArgsOf<Name>>,
    opts: Omit<EnqueueOptions, 'id'> | undefined,
    end: BatchEnd<End>,
  ): Batch<Name, End> => {
    const host = this.#host()
    const { id, last, all } = parsedBatch(name, list, opts, end, () => host.newId())
    const flow = { id, failFast: false }
    const jobs = all.map((given, i) =>
      host.enqueuing.check(given, `list[${i}]`, { flow: { ...flow, key: String(i) } }),
    )
    jobs.push(host.enqueuing.check(last, 'end', termsOf({ ...flow, key: END }, ALL_OTHERS)))
    checkTogether(jobs, badFlow)
    const tickets = host.enqueuing.together(jobs)
    const keys = jobs.map((_, i) => (i < all.length ? String(i) : END))
    const whole = new Flow(id, keys, tickets, { handles: host, flows: host.flows })
    const ended = whole.jobs[END] as JobHandle<End>
    return new Batch<Name, End>(whole, new JobHandles<Name>(tickets.slice(0, -1), host), ended)
  }
}

const ALL_OTHERS: readonly Need[] = [{ key: null, onFail: 'run' }]
/** The key of the last job of a batch. */
const END = 'end'
const END_FIELDS = ['onEnd', 'id', 'args', 'opts', 'onSuccess', 'onError']

function parsedBatch(
  name: string,
  list: Iterable<unknown>,
  opts: EnqueueOptions | undefined,
  end: unknown,
  newId: () => string,
): { readonly id: string; readonly all: readonly Given[]; readonly last: Given } {
  if (typeof list?.[Symbol.iterator] !== 'function' || typeof list === 'string')
    throw new TypeError(`batch: expected a list of args, got ${shown(list)}`)
  if (opts?.id !== undefined) throw new TypeError('opts.id: many jobs cannot have one id; give end.id')
  if (!isObject(end)) throw new TypeError(`end: expected { onEnd: 'name of a job' }, got ${shown(end)}`)
  for (const key of Object.keys(end))
    if (!END_FIELDS.includes(key))
      throw new TypeError(`end.${key}: no such field; known: ${END_FIELDS.join(', ')}`)
  const { onEnd, id = newId(), ...given } = end as { onEnd: string; id?: string }
  checked(NAME, onEnd, 'end.onEnd')
  const all = Array.from(list, (args): Given => ({ name, args: args as JobArgs, opts }))
  return { id: checked(GROUP, id, 'end.id'), all, last: { ...given, name: onEnd } }
}

const FIELDS = ['id', 'failFast', 'jobs']

function parsedFlow(
  given: GivenFlow,
  newId: () => string,
): { readonly id: string; readonly failFast: boolean; readonly jobs: Needing } {
  if (!isObject(given)) throw new TypeError(`flow: expected { jobs: { … } }, got ${shown(given)}`)
  for (const key of Object.keys(given))
    if (!FIELDS.includes(key)) throw new TypeError(`${key}: no such field; known: ${FIELDS.join(', ')}`)
  const { id = newId(), failFast = false, jobs } = given
  if (!isObject(jobs)) throw new TypeError(`jobs: expected an object of jobs by keys, got ${shown(jobs)}`)
  return { id: checked(GROUP, id, 'id'), failFast: checked(FLAG, failFast, 'failFast'), jobs }
}

function termsOf(flow: FlowTerm, needs: readonly Need[]): AllTerms {
  return needs.length === 0 ? { flow } : { flow, needs }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
