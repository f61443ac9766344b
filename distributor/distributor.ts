import { unpack } from '../src/bytes/codec.js'
import { packArgs } from '../src/bytes/values.js'
import type { Chance } from '../src/chance.js'
import type { Clock } from '../src/clock.js'
import { CountedLines } from '../src/counted-lines.js'
import { Emitter } from '../src/emitter.js'
import { ERROR_CODES, type ErrorCode, JrError } from '../src/errors.js'
import { whenOf } from '../src/job/due.js'
import { newEdition } from '../src/job/edition.js'
import { type EnqueueOptions, type ParsedOptions, parseEnqueueOptions } from '../src/job/enqueue-options.js'
import type { JobArgs } from '../src/job/types.js'
import type { Logger } from '../src/logger.js'
import { checked, NAME } from '../src/rules.js'
import type { Surroundings } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import type { Address } from '../src/wire/address.js'
import type { SentJob } from '../src/wire/job-fields.js'
import type { DistributorEvents, NodeFacts } from './events.js'
import { Nodes, type NodesConfig } from './nodes/nodes.js'
import { HeldWatch } from './sending/held-watch.js'
import { newJob, type OutJob, outJob } from './sending/out-job.js'
import { Placement } from './sending/placement.js'
import type { Spool } from './sending/spool.js'
import type { Spooled } from './sending/spool-records.js'
import { whyHeld } from './sending/why-waits.js'
import { Feedbacks, type NamedFeedback } from './told/feedbacks.js'
import { type CancelAnswer, type HandleOwner, JobHandle } from './told/handle.js'
import { JobHandles } from './told/handles.js'
import { type Feedback, type OutcomeInfo, Ticket } from './told/ticket.js'

export interface DistributorConfig extends NodesConfig {
  readonly maxHeld: number
  readonly maxHeldBytes: number
  readonly alwaysUseSpecifiedNode: () => boolean
}

/** The in-app side: takes jobs, gives them to nodes, hears what became of them. */
export class DistributorCore implements HandleOwner {
  readonly config: DistributorConfig
  readonly events: Emitter<DistributorEvents>
  readonly clock: Clock
  readonly #chance: Chance
  readonly #log: Logger
  readonly #nodes: Nodes
  readonly #placement: Placement
  readonly #feedbacks: Feedbacks
  readonly #spool: Spool | null
  #status: 'running' | 'stopping' | 'stopped' = 'running'
  readonly #refusals: CountedLines
  readonly #heldWatch: HeldWatch
  #onSettled: () => void = () => {}
  #holding = true
  /** Somebody may wait for so many answers: of the monitor, of cancelling, or that a node comes. */
  #requests = 0

  constructor(config: DistributorConfig, deps: { log: Logger; spool: Spool | null } & Surroundings) {
    const { clock, log, chance, spool } = deps
    this.config = config
    this.clock = clock
    this.#chance = chance
    this.#log = log
    this.#spool = spool
    // Nodes decide how many of these there are.
    const complaints = new CountedLines(log, clock)
    this.#refusals = new CountedLines(log, clock)
    this.events = new Emitter((event, error) =>
      log.error('listener:threw', { event, error: messageOf(error) }),
    )
    this.#feedbacks = new Feedbacks({
      clock,
      instance: config.instance,
      onThrow: (error, info) => this.#feedbackThrew(error, info),
      onUnclaimed: (args, info) => {
        complaints.warn('outcome:unclaimed', { job: info.id, name: info.name, state: info.state })
        this.events.emit('outcome:unclaimed', { args, info })
      },
      onOutcome: (args, info) => {
        const event = `job:${info.state}` as const
        if (this.events.has(event)) this.events.emit(event, { args, info })
      },
    })
    this.#heldWatch = new HeldWatch(
      clock,
      () => this.#placement.held,
      (held) => this.#tellHeld(held),
    )
    this.#placement = new Placement({
      clock,
      spool,
      maxHeld: config.maxHeld,
      maxHeldBytes: config.maxHeldBytes,
      nodes: () => this.#nodes.all,
      refuse: (job, error) => this.#refuse(job, error),
      onHeld: () => this.#heldWatch.begin(),
      onFull: ({ id, name }) => {
        const { held, heldBytes } = this.#placement
        this.events.emit('backlog:full', { id, name, held, heldBytes })
      },
    })
    this.#nodes = new Nodes(config, {
      clock,
      log,
      chance,
      events: this.events,
      handlers: {
        onRoom: () => this.#release(),
        onSend: (line, job) => spool?.sent(job, line.name),
        onAccepted: (line, job) => this.#accepted(line.name, job),
        onRefused: (_line, job, code, message) => this.#refusedBy(job, code, message),
        onOutcomes: (line, messages) => {
          const instance = line.link?.peer.instance ?? ''
          const told = messages.map((message) => this.#feedbacks.take(message, instance))
          this.#mind()
          return told
        },
        onUnreadable: (line, id, error) => {
          complaints.error('outcome:unreadable', { node: line.name, job: id, error: error.message })
          const ticket = this.#feedbacks.find(id)
          if (ticket !== undefined) this.#feedbacks.refuse(ticket, error, {}, line.name)
          this.#mind()
        },
        onBroken: (line, code, error) =>
          complaints.error('connection:broken', { node: line.name, code, error }),
        onSetAside: (line, job) => this.#setAside(line.name, job),
        onDoubt: (line, jobs) => {
          log.warn('jobs:in-doubt', { node: line.name, jobs: jobs.length, note: 'they go to other nodes' })
          for (const job of jobs) this.#placement.again(job)
        },
        onReturn: (_line, isIt) => this.#placement.takeBack(isIt),
        onLost: (line, above) => this.#lost(line.name, above),
        onWelcome: (line) => this.#followAgain(line.name),
        onJoined: (_line, { ticket }) => this.#joined(ticket),
      },
    })
    this.#mind()
  }

  listen(address: Address): Promise<Address> {
    return this.#nodes.listen(address)
  }

  dial(address: Address): void {
    this.#nodes.dial(address)
    this.#mind()
  }

  feedback(name: string, feedback: NamedFeedback): void {
    this.#feedbacks.name(name, feedback)
  }

  get nodes(): NodeFacts[] {
    return this.#nodes.facts
  }

  get connected(): boolean {
    return this.#nodes.connected
  }

  /** Jobs that no node has accepted yet. */
  get unaccepted(): number {
    return this.#nodes.unaccepted + this.#placement.held
  }

  /** A request of the monitor. Rejects with JR_CONNECTION when the node is not connected, or is lost meanwhile. */
  async request(node: string, verb: string, body: Buffer): Promise<unknown> {
    return this.keep(
      this.#nodes.named(node).ask((request) => ({ type: 'request', request, verb, body }), false),
    )
  }

  /** The process stays as long as somebody may wait for this. */
  async keep<T>(answer: Promise<T>): Promise<T> {
    this.#requests++
    this.#mind()
    try {
      return await answer
    } finally {
      this.#requests--
      this.#mind()
    }
  }

  enqueue(
    name: string,
    args: JobArgs | undefined,
    options: EnqueueOptions | undefined,
    onSuccess: Feedback | undefined,
    onError: Feedback | undefined,
  ): JobHandle {
    checkCall(name, onSuccess, onError)
    const packed = packArgs(args ?? {})
    return this.enqueuePacked(name, packed, options, onSuccess ?? null, onError ?? null)
  }

  enqueuePacked(
    name: string,
    args: Buffer,
    options: EnqueueOptions | undefined,
    onSuccess: Feedback | null,
    onError: Feedback | null,
  ): JobHandle {
    const o = this.#parse(options)
    const twin = o.id === null ? undefined : this.#feedbacks.find(o.id)
    if (twin?.isAwaited === true) return this.#join(twin, onSuccess, onError)
    return new JobHandle(this.#file(name, args, o, onSuccess, onError), this)
  }

  /** A job that was taken and checked elsewhere, under the id that it has there. */
  forward({ job, heldMs, ...wait }: SentJob, onSuccess: Feedback, onError: Feedback): JobHandle {
    const { id, edition, name } = job
    const twin = edition > 0 ? this.#feedbacks.find(id) : undefined
    if (twin?.isAwaited === true) return this.#join(twin, onSuccess, onError)
    const ticket = this.#ticket(id, name, edition, onSuccess, onError)
    return new JobHandle(
      this.#take(outJob(job, whenOf(wait, this.clock.now()), ticket, this.clock.mono() - heldMs)),
      this,
    )
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
    const packed = Array.from(list, (args, i) => packArgs(args ?? {}, `args[${i}]`))
    const tickets = packed.map((args) => this.#file(name, args, parsed, onSuccess ?? null, onError ?? null))
    return new JobHandles(tickets, this)
  }

  #parse(options: EnqueueOptions | undefined): ParsedOptions {
    return parseEnqueueOptions(options, this.clock.now(), this.config.alwaysUseSpecifiedNode())
  }

  /** A new job: with a ticket here, and on its way to a node. */
  #file(
    name: string,
    args: Buffer,
    o: ParsedOptions,
    onSuccess: Feedback | null,
    onError: Feedback | null,
  ): Ticket {
    const edition = o.id === null ? 0 : newEdition(this.#chance.random)
    const ticket = this.#ticket(o.id ?? this.#chance.id(), name, edition, onSuccess, onError)
    return this.#take(newJob(ticket, args, o, this.clock.mono()))
  }

  /** What is known here under an id of the user's own goes on as the job that is enqueued now. */
  #ticket(
    id: string,
    name: string,
    edition: number,
    onSuccess: Feedback | null,
    onError: Feedback | null,
  ): Ticket {
    const wanted = onSuccess !== null || onError !== null || this.#feedbacks.isNamed(name)
    const twin = edition > 0 ? this.#feedbacks.find(id) : undefined
    if (twin !== undefined && twin.status !== 'over')
      return twin.anew(name, edition, onSuccess, onError, wanted)
    return new Ticket(id, name, onSuccess, onError, wanted, edition)
  }

  #take(job: OutJob): Ticket {
    const { ticket, name } = job
    this.#feedbacks.add(ticket)
    if (this.#status !== 'running') {
      const text = `job '${name}' was enqueued after the distributor was stopped`
      queueMicrotask(() => this.#refuse(job, new JrError('JR_STOPPED', text)))
    } else this.#placement.place(job)
    if (!this.#holding) this.#mind()
    return ticket
  }

  cancel(ticket: Ticket): Promise<CancelAnswer> {
    return this.keep(this.#cancel(ticket))
  }

  async #cancel(ticket: Ticket): Promise<CancelAnswer> {
    if (ticket.status === 'over') return 'not-found'
    const held = this.#placement.take(ticket)
    if (held !== undefined) {
      this.#refuse(
        held,
        new JrError('JR_CANCELLED', `job ${ticket.id} ('${ticket.name}') was cancelled before it was sent`),
      )
      return 'cancelled'
    }
    const nodes = this.#nodes
    const line = ticket.node === null ? undefined : nodes.find(ticket.node)
    if (line === undefined) return 'not-found'
    const answer = line.connected ? await nodes.cancelAt(line, ticket.id) : 'not-found'
    if (answer !== 'not-found') return answer
    // Where nodes share a store another one may have taken the job over.
    const elsewhere = await nodes.cancelAtAny(ticket.id, line)
    return elsewhere !== 'not-found' || line.connected ? elsewhere : nodes.cancelAt(line, ticket.id)
  }

  /** By its id alone: at the node that is named, or at every one that is connected. */
  async cancelById(id: string, node: string | undefined): Promise<CancelAnswer> {
    checked(NAME, id, 'cancel: id')
    if (node !== undefined) checked(NAME, node, 'cancel: options.node')
    const ticket = this.#feedbacks.find(id)
    if (ticket !== undefined && ticket.status !== 'over') return this.cancel(ticket)
    const nodes = this.#nodes
    return this.keep(node === undefined ? nodes.cancelAtAny(id) : nodes.cancelAt(nodes.named(node), id))
  }

  /** Somebody asks for the result of a job that nobody had asked for so far. */
  watch(ticket: Ticket): void {
    if (ticket.wanted) return
    this.#feedbacks.want(ticket)
    this.#mind()
    // What is not sent yet will say so itself.
    if (ticket.status !== 'held') this.#follow(ticket, false)
  }

  /** Asks the node that has the job to tell of its end. `sent`: as a job whose outcome is wanted. */
  #follow(ticket: Ticket, sent: boolean): void {
    const line = ticket.node === null ? undefined : this.#nodes.find(ticket.node)
    if (line === undefined) return
    this.#nodes
      .watch(line, ticket.id)
      .then(
        (edition) => {
          if (edition !== null) ticket.edition = edition
          // Where nodes share a store a lost one may have it, until another takes it over.
          else if (!sent || line.alone) this.#feedbacks.lose(ticket, unknownOutcome(ticket))
        },
        (error) => this.#feedbacks.lose(ticket, error),
      )
      .finally(() => this.#mind())
  }

  /** Which job has the id of this one's is the node's to say: until then the next outcome of the id is its own. */
  #joined(ticket: Ticket): void {
    if (ticket.status === 'over') return
    ticket.edition = null
    ticket.joined = true
    if (ticket.wanted) this.#follow(ticket, true)
  }

  /** A node tells of the ends of other senders' jobs as long as it is connected. */
  #followAgain(node: string): void {
    for (const ticket of this.#feedbacks.joined(node)) this.#follow(ticket, true)
  }

  /**
   * Takes no more jobs; waits for what is held to be accepted, `timeoutMs` at most; closes after `beforeClose`. Answers
   * how many were not accepted.
   */
  async stop(
    timeoutMs: number,
    beforeClose: () => Promise<unknown> = async () => {},
  ): Promise<{ notAccepted: number }> {
    if (this.#status === 'stopped') return { notAccepted: 0 }
    this.#status = 'stopping'
    if (this.unaccepted > 0 && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.setTimer(timeoutMs, resolve)
        this.#onSettled = () => {
          if (this.unaccepted > 0) return
          timer.cancel()
          resolve()
        }
      })
    }
    this.#status = 'stopped'
    this.#heldWatch.stop()
    const left = [...this.#placement.abandon(), ...this.#nodes.all.flatMap((line) => line.abandon())]
    await beforeClose()
    // One of them may be what waits for this stop.
    for (const line of this.#nodes.all) line.settle()
    // Who waits for the end must still be there then.
    this.#nodes.hold(true)
    await this.#nodes.stop()
    await this.#spool?.close()
    for (const job of left) {
      if (this.#spool?.has(job.id)) continue
      this.#refuse(
        job,
        new JrError('JR_STOPPED', `job ${job.id} ('${job.name}') was not accepted before the stop`),
      )
    }
    return { notAccepted: left.length }
  }

  /** Jobs that an earlier life of the app has left in the spool. */
  takeOver(jobs: readonly Spooled[]): void {
    const inOrder = jobs.toSorted((a, b) => a.job.ticket.number - b.job.ticket.number)
    for (const { job, node } of inOrder) {
      this.#feedbacks.add(job.ticket)
      if (node !== null) this.#nodes.expected(node).adopt(job)
      else this.#placement.again(job)
    }
    this.#mind()
  }

  #refuse(job: OutJob, error: JrError): void {
    if (error.code !== 'JR_CANCELLED' && error.code !== 'JR_STOPPED') this.#tellRefused(job, error)
    this.#feedbacks.refuse(job.ticket, error, unpack(job.args) as JobArgs, job.ticket.node ?? '')
    this.#mind()
  }

  #tellHeld(held: number): void {
    const job = this.#placement.find()
    const why = job === undefined ? '' : whyHeld(job, this.#nodes.all, this.#nodes.where)
    const one = job === undefined ? {} : { job: job.id, name: job.name }
    this.#log.warn('jobs:held', { held, ...one, why })
    this.events.emit('jobs:held', { held, why })
  }

  /** Why nothing has been heard of the end of a job so far, for people. */
  explain(ticket: Ticket): string {
    const { status, node } = ticket
    if (status === 'over') return 'it is over'
    const away =
      node !== null && this.#nodes.find(node)?.connected !== true ? `, and is not connected now` : ''
    if (status === 'sent')
      return `it was never accepted: it was sent to node '${node}', which has not said so${away}`
    if (status === 'accepted') return `node '${node}' has accepted it, and has not told of its end${away}`
    const job = this.#placement.find(ticket)
    if (job === undefined) return `it was never accepted: ${this.#placement.held} jobs wait for a node`
    return `it was never accepted: ${whyHeld(job, this.#nodes.all, this.#nodes.where)}`
  }

  /** Also of a job that nobody waits for. */
  #tellRefused({ id, name }: OutJob, error: JrError): void {
    const { code, message } = error
    this.#refusals.warn('job:refused', { job: id, name, code, error: message })
    this.events.emit('job:refused', { id, name, error })
  }

  #join(ticket: Ticket, onSuccess: Feedback | null, onError: Feedback | null): JobHandle {
    ticket.onSuccess = both(ticket.onSuccess, onSuccess)
    ticket.onError = both(ticket.onError, onError)
    if (onSuccess !== null || onError !== null) this.watch(ticket)
    return new JobHandle(ticket, this)
  }

  #accepted(node: string, job: OutJob): void {
    job.ticket.accepted()
    this.#spool?.remove(job.id)
    if (this.events.has('job:accepted')) {
      this.events.emit('job:accepted', { id: job.id, name: job.name, node })
    }
  }

  #refusedBy(job: OutJob, code: string, message: string): void {
    // The node stops, or has lost its children of the job's kind: the job is as good as never sent.
    if (code === 'JR_STOPPED' || code === 'JR_NO_NODE') return this.#placement.again(job)
    this.#spool?.remove(job.id)
    this.#refuse(job, new JrError(code in ERROR_CODES ? (code as ErrorCode) : 'JR_PROTOCOL', message))
  }

  /** Whatever it is about this job: the others are not to wait for it any longer. */
  #setAside(node: string, job: OutJob): void {
    const { id, name } = job
    const note =
      'the connection was lost each time that it was on its way, the last time alone: it is not sent again'
    this.#log.error('job:set-aside', { job: id, name, node, note })
    this.events.emit('job:set-aside', { id, name, node })
    this.#spool?.remove(id)
    const text = `the connection to node '${node}' was lost each time that job ${id} ('${name}') was on its way, the last time alone`
    this.#refuse(job, new JrError('JR_PROTOCOL', `${text}. The node may have it: it is told to forget it`))
  }

  #lost(node: string, above: number): void {
    const jobs = this.#feedbacks.loseAbove(node, above)
    this.#log.warn('jobs:lost', { node, jobs, note: 'its store does not have them any more' })
    this.events.emit('jobs:lost', { node, jobs })
    this.#mind()
  }

  #release(): void {
    this.#placement.release()
    this.#mind()
  }

  /** With work on its way the process stays; with none, connections that we made do not keep it, and a stop goes on. */
  #mind(): void {
    this.#onSettled()
    const busy = this.#feedbacks.waiting > 0 || this.unaccepted > 0 || this.#requests > 0
    if (busy === this.#holding) return
    this.#holding = busy
    this.#nodes.hold(busy)
  }

  #feedbackThrew(error: unknown, info: OutcomeInfo): void {
    this.#log.error('feedback:error', { job: info.id, name: info.name, error: messageOf(error) })
    this.events.emit('feedback:error', { error, info })
  }
}

function both(first: Feedback | null, second: Feedback | null): Feedback | null {
  if (first === null || second === null) return first ?? second
  return (args, info) => {
    const returned = [first(args, info), second(args, info)]
    return returned.some((one) => one instanceof Promise) ? Promise.all(returned) : undefined
  }
}

function checkCall(name: unknown, onSuccess: unknown, onError: unknown): void {
  checked(NAME, name, "enqueue: the job's name")
  for (const [what, given] of [
    ['onSuccess', onSuccess],
    ['onError', onError],
  ] as const) {
    if (given !== undefined && given !== null && typeof given !== 'function') {
      throw new TypeError(`enqueue: ${what} must be a function, got ${typeof given}`)
    }
  }
}

function unknownOutcome(ticket: Ticket): JrError {
  const text = `job ${ticket.id} ('${ticket.name}') has ended, and nobody had asked for its outcome`
  return new JrError(
    'JR_OUTCOME_UNKNOWN',
    `${text}: give enqueue a feedback function, or call result() at once`,
  )
}
