import { packArgs } from '../src/bytes/values.js'
import type { Chance } from '../src/chance.js'
import { idTaken, type JrError } from '../src/errors.js'
import { whenOf } from '../src/job/due.js'
import { newEdition } from '../src/job/edition.js'
import { type EnqueueOptions, type ParsedOptions, parseEnqueueOptions } from '../src/job/enqueue-options.js'
import type { AllTerms } from '../src/job/terms/table.js'
import type { JobArgs } from '../src/job/types.js'
import type { SentJob } from '../src/wire/job-fields.js'
import type { DistributorConfig } from './config.js'
import { refusedWith, together } from './sending/bundle.js'
import { type CheckedJob, checkedJob, checkTogether, type Given } from './sending/given-jobs.js'
import { newJob, type OutJob, outJob } from './sending/out-job.js'
import { checkCall } from './told/check-call.js'
import type { Feedbacks } from './told/feedbacks.js'
import { type HandleOwner, JobHandle } from './told/handle.js'
import { JobHandles } from './told/handles.js'
import { type Feedback, Ticket } from './told/ticket.js'

export interface EnqueuingDeps {
  readonly owner: HandleOwner
  readonly chance: Chance
  readonly feedbacks: Pick<Feedbacks, 'find' | 'isNamed'>
  readonly config: Pick<DistributorConfig, 'alwaysUseSpecifiedNode' | 'middleware'>
  /** From now on it is on its way to a node. */
  readonly take: (job: OutJob) => void
  /** No node will have it. */
  readonly refuse: (job: OutJob, error: JrError) => void
}

/** Jobs as the app enqueues them: checked, each with a ticket, and on their way. */
export class Enqueuing {
  readonly #deps: EnqueuingDeps

  constructor(deps: EnqueuingDeps) {
    this.#deps = deps
  }

  enqueue(
    name: string,
    args: JobArgs | undefined,
    options: EnqueueOptions | undefined,
    onSuccess: Feedback | undefined,
    onError: Feedback | undefined,
  ): JobHandle {
    checkCall(name, onSuccess, onError)
    const { middleware } = this.#deps.config
    const { args: met, opts } = middleware.meetsJobs
      ? middleware.enqueued(name, args, options)
      : { args, opts: options }
    const packed = packArgs(met ?? {})
    const o = this.#parse(opts)
    const twin = o.id === null ? undefined : this.#deps.feedbacks.find(o.id)
    if (twin?.isAwaited === true) return this.#join(twin, onSuccess ?? null, onError ?? null)
    return new JobHandle(this.#file(name, packed, o, onSuccess ?? null, onError ?? null), this.#deps.owner)
  }

  /** A job that was taken and checked elsewhere, under the id that it has there. */
  forward({ job, heldMs, ...wait }: SentJob, onSuccess: Feedback, onError: Feedback): JobHandle {
    const { owner, feedbacks, take } = this.#deps
    const { id, edition, name } = job
    const twin = edition > 0 ? feedbacks.find(id) : undefined
    if (twin?.isAwaited === true) return this.#join(twin, onSuccess, onError)
    const ticket = this.#ticket(id, name, edition, onSuccess, onError)
    take(outJob(job, whenOf(wait, owner.clock.now()), ticket, owner.clock.mono() - heldMs))
    return new JobHandle(ticket, owner)
  }

  /** Nothing is enqueued when one of them can't be: throws a TypeError. */
  enqueueMany(
    name: string,
    list: Iterable<JobArgs>,
    options: Omit<EnqueueOptions, 'id'> | undefined,
    onSuccess: Feedback | undefined,
    onError: Feedback | undefined,
  ): JobHandles {
    checkCall(name, onSuccess, onError)
    if (typeof list?.[Symbol.iterator] !== 'function' || typeof list === 'string')
      throw new TypeError(`enqueueMany: expected a list of args, got ${typeof list}`)
    const parsed = this.#parse(options)
    if (parsed.id !== null) throw new TypeError('opts.id: many jobs cannot have one id; use enqueue')
    const { middleware } = this.#deps.config
    const packed = Array.from(list, (args, i) => {
      if (!middleware.meetsJobs) return [packArgs(args ?? {}, `args[${i}]`), parsed] as const
      const job = middleware.enqueued(name, args, options)
      return [packArgs(job.args, `args[${i}]`), this.#parse(job.opts)] as const
    })
    const tickets = packed.map(([args, o]) => this.#file(name, args, o, onSuccess ?? null, onError ?? null))
    return new JobHandles(tickets, this.#deps.owner)
  }

  /** The same, of different jobs; and one node takes all of them, or none. */
  enqueueAll(list: Iterable<Given>): JobHandles {
    if (typeof list?.[Symbol.iterator] !== 'function' || typeof list === 'string')
      throw new TypeError(`enqueueAll: expected a list of jobs, got ${typeof list}`)
    const checked = Array.from(list, (given, i) => this.check(given, `jobs[${i}]`))
    checkTogether(checked)
    return new JobHandles(this.together(checked), this.#deps.owner)
  }

  /** Throws a TypeError that begins with `path`. `inner`: terms that follow from what it is part of; `more`: fields that it may have beside. */
  check(given: Given, path: string, inner?: AllTerms, more: readonly string[] = []): CheckedJob {
    return checkedJob(this.#met(given), path, (options) => this.#parse(options, inner), more)
  }

  /** On their way to one node, which takes all of them or none. Answers their tickets, in order. */
  together(checked: readonly CheckedJob[]): readonly Ticket[] {
    const { owner, chance, feedbacks, take, refuse } = this.#deps
    if (checked.length === 0) return []
    const since = owner.clock.mono()
    let twin: OutJob | null = null
    const jobs = checked.map(({ name, args, options, onSuccess, onError }) => {
      const { id } = options
      const edition = id === null ? 0 : newEdition(chance.random)
      const wanted = this.#isWanted(name, onSuccess, onError)
      const ticket = new Ticket(id ?? chance.id(), name, onSuccess, onError, wanted, edition)
      const job = newJob(ticket, args, options, since)
      if (id !== null && feedbacks.find(id)?.isAwaited === true) twin ??= job
      return job
    })
    const all = together(jobs)
    if (twin === null) take(all)
    else this.#refuseLater(all, twin, refuse)
    return jobs.map(({ ticket }) => ticket)
  }

  /** The caller has no handle yet. */
  #refuseLater(all: OutJob, twin: OutJob, refuse: EnqueuingDeps['refuse']): void {
    const error = refusedWith(all, all.id === twin.id ? all : twin, idTaken(twin))
    queueMicrotask(() => refuse(all, error))
  }

  /** What is no job is refused as it is. */
  #met(given: Given): Given {
    const { middleware } = this.#deps.config
    if (!middleware.meetsJobs || typeof given !== 'object' || given === null) return given
    const { name, args, opts } = given
    return { ...given, ...middleware.enqueued(name, args, opts) }
  }

  #parse(options: EnqueueOptions | undefined, inner?: AllTerms): ParsedOptions {
    const { owner, config } = this.#deps
    return parseEnqueueOptions(options, owner.clock.now(), config.alwaysUseSpecifiedNode(), inner)
  }

  /** A new job: with a ticket here, and on its way to a node. */
  #file(
    name: string,
    args: Buffer,
    o: ParsedOptions,
    onSuccess: Feedback | null,
    onError: Feedback | null,
  ): Ticket {
    const { owner, chance, take } = this.#deps
    const edition = o.id === null ? 0 : newEdition(chance.random)
    const ticket = this.#ticket(o.id ?? chance.id(), name, edition, onSuccess, onError)
    take(newJob(ticket, args, o, owner.clock.mono()))
    return ticket
  }

  /** What is known here under an id of the user's own goes on as the job that is enqueued now. */
  #ticket(
    id: string,
    name: string,
    edition: number,
    onSuccess: Feedback | null,
    onError: Feedback | null,
  ): Ticket {
    const wanted = this.#isWanted(name, onSuccess, onError)
    const twin = edition > 0 ? this.#deps.feedbacks.find(id) : undefined
    if (twin !== undefined && twin.status !== 'over')
      return twin.anew(name, edition, onSuccess, onError, wanted)
    return new Ticket(id, name, onSuccess, onError, wanted, edition)
  }

  #isWanted(name: string, onSuccess: Feedback | null, onError: Feedback | null): boolean {
    return onSuccess !== null || onError !== null || this.#deps.feedbacks.isNamed(name)
  }

  #join(ticket: Ticket, onSuccess: Feedback | null, onError: Feedback | null): JobHandle {
    const { owner } = this.#deps
    ticket.join(onSuccess, onError)
    if (onSuccess !== null || onError !== null) owner.watch(ticket)
    return new JobHandle(ticket, owner)
  }
}
