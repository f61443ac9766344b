import type { Clock } from '../src/clock.js'
import { Emitter } from '../src/emitter.js'
import { JrError } from '../src/errors.js'
import type { Logger } from '../src/logger.js'
import { checked, NAME } from '../src/rules.js'
import type { Surroundings } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import type { Address } from '../src/wire/address.js'
import type { DistributorConfig } from './config.js'
import { Enqueuing } from './enqueuing.js'
import type { DistributorEvents, NodeFacts } from './events.js'
import { FlowReach } from './flows/reaching.js'
import type { LoadedJob } from './monitor/monitored-job.js'
import { cancelSent } from './nodes/cancelling.js'
import { Nodes } from './nodes/nodes.js'
import { Notices } from './notices.js'
import { Presence } from './presence.js'
import { Schedules } from './schedules/schedules.js'
import { countOf, restOf } from './sending/bundle.js'
import { HeldWatch } from './sending/held-watch.js'
import type { OutJob } from './sending/out-job.js'
import { Placement } from './sending/placement.js'
import { Settling } from './sending/settling.js'
import type { Spool } from './sending/spool.js'
import type { Spooled } from './sending/spool-records.js'
import { whyHeld, whyUntold } from './sending/why-waits.js'
import { Feedbacks } from './told/feedbacks.js'
import { Following } from './told/following.js'
import type { CancelAnswer, HandleOwner } from './told/handle.js'
import type { NamedFeedback } from './told/named-feedback.js'
import { ProgressFeed } from './told/progress.js'
import { isAccepted, Ticket } from './told/ticket.js'

/** The in-app side: takes jobs, gives them to nodes, hears what became of them. */
export class DistributorCore implements HandleOwner {
  readonly config: DistributorConfig
  readonly events: Emitter<DistributorEvents>
  readonly clock: Clock
  readonly #nodes: Nodes
  readonly #placement: Placement
  readonly #settling: Settling
  readonly schedules: Schedules
  readonly enqueuing: Enqueuing
  readonly flows: FlowReach
  readonly newId: () => string
  readonly #feedbacks: Feedbacks
  readonly #following: Following
  readonly progress: ProgressFeed
  readonly #spool: Spool | null
  #status: 'running' | 'stopping' | 'stopped' = 'running'
  readonly #notices: Notices
  readonly #heldWatch: HeldWatch
  #onSettled: () => void = () => {}
  readonly #presence: Presence

  constructor(config: DistributorConfig, deps: { log: Logger; spool: Spool | null } & Surroundings) {
    const { clock, log, chance, spool } = deps
    this.config = config
    this.clock = clock
    this.#spool = spool
    const threw = (event: string, e: unknown) => log.error('listener:threw', { event, error: messageOf(e) })
    this.events = new Emitter(threw, () => this.progress.changed())
    const notices = new Notices(this.events, log, clock)
    this.#notices = notices
    this.#feedbacks = new Feedbacks({
      clock,
      instance: config.instance,
      middleware: config.middleware,
      onThrow: (error, info) => notices.feedbackThrew(error, info),
      onUnclaimed: (args, info) => notices.unclaimed(args, info),
      onOutcome: (args, info) => notices.ended(args, info),
      onReplaced: (ticket, id) => this.#following.joined(ticket, id),
    })
    this.#heldWatch = new HeldWatch(
      clock,
      () => this.#placement.held,
      (held) => {
        const job = this.#placement.find()
        notices.held(held, job, job === undefined ? '' : whyHeld(job, this.#nodes.all, this.#nodes.where))
      },
    )
    this.#placement = new Placement({
      clock,
      spool,
      maxHeld: config.maxHeld,
      maxHeldBytes: config.maxHeldBytes,
      nodes: () => this.#nodes.all,
      refuse: (job, error) => this.#settling.refuse(job, error),
      onHeld: () => this.#heldWatch.begin(),
      onFull: (job) => notices.full(job, this.#placement),
    })
    this.#settling = new Settling({
      feedbacks: this.#feedbacks,
      notices,
      spool,
      placement: this.#placement,
      onOver: () => this.#mind(),
    })
    this.#nodes = new Nodes(config, {
      clock,
      log,
      chance,
      events: this.events,
      handlers: {
        onRoom: () => this.#release(),
        onSend: (line, job) => spool?.sent(job, line.name),
        onAccepted: (line, job) => this.#settling.accepted(line.name, job),
        onRefused: (_line, job, why) => this.#settling.refusedBy(job, why),
        onOutcomes: (line, messages) => {
          const instance = line.link?.peer.instance ?? ''
          const told = messages.map((message) => this.#feedbacks.take(message, instance))
          this.#mind()
          return told
        },
        onUnreadable: (line, id, error) => {
          notices.unreadable(line.name, id, error)
          const ticket = this.#feedbacks.find(id)
          if (ticket !== undefined) this.#feedbacks.refuse(ticket, error, {}, line.name)
          this.#mind()
        },
        onBroken: (line, code, error) => notices.broken(line.name, code, error),
        onSetAside: (line, job) => this.#settling.setAside(line.name, job),
        onDoubt: (line, jobs) => {
          notices.inDoubt(line.name, jobs.length)
          for (const job of jobs) this.#placement.again(job)
        },
        onReturn: (_line, isIt) => this.#placement.takeBack(isIt),
        onLost: (line, above) => this.#lost(line.name, above),
        onWelcome: (line) => {
          this.#following.again(line.name)
          this.schedules.connected(line.name)
          this.progress.connected(line)
        },
        onProgress: (line, told) => this.progress.take(line.name, told),
        onJoined: (_line, { ticket }, id) => this.#following.joined(ticket, id),
      },
    })
    this.newId = () => chance.id()
    this.flows = new FlowReach({
      nodes: this.#nodes,
      placement: this.#placement,
      ask: (node, verb, body) =>
        this.#nodes.named(node).ask((request) => ({ type: 'request', request, verb, body })),
      refuse: (job, error) => this.#settling.refuse(job, error),
      watch: (ticket) => this.watch(ticket),
      keep: (answer) => this.keep(answer),
    })
    this.enqueuing = new Enqueuing({
      owner: this,
      chance,
      feedbacks: this.#feedbacks,
      config,
      take: (job) => this.#take(job),
      refuse: (job, error) => this.#settling.refuse(job, error),
    })
    this.schedules = new Schedules({
      app: config.name,
      clock,
      log,
      feedbacks: this.#feedbacks,
      nodes: () => this.#nodes.all,
      where: () => this.#nodes.where,
      ask: (node, verb, body) => this.request(node, verb, body),
    })
    const find = (id: string) => this.#feedbacks.find(id)
    this.progress = new ProgressFeed(this.events, find, () => this.#nodes.all)
    this.#following = new Following(this.#nodes, this.#feedbacks, () => this.#mind())
    this.#presence = new Presence(
      () => this.#feedbacks.waiting > 0 || this.unaccepted > 0,
      (on) => this.#nodes.hold(on),
      () => this.#mind(),
    )
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
  keep<T>(answer: Promise<T>): Promise<T> {
    return this.#presence.during(answer)
  }

  #take(job: OutJob): void {
    this.#feedbacks.add(job.ticket)
    for (const { ticket } of restOf(job)) this.#feedbacks.add(ticket)
    if (this.#status !== 'running') {
      const text = `job '${job.name}' was enqueued after the distributor was stopped`
      queueMicrotask(() => this.#settling.refuse(job, new JrError('JR_STOPPED', text)))
    } else this.#placement.place(job)
    this.#presence.come()
  }

  cancel(ticket: Ticket): Promise<CancelAnswer> {
    return this.keep(this.#cancel(ticket))
  }

  async #cancel(ticket: Ticket): Promise<CancelAnswer> {
    if (ticket.status === 'over') return 'not-found'
    const held = this.#placement.take(ticket)
    if (held === undefined) {
      // With others that wait for a node: it is the node's to say what becomes of them without it.
      if (ticket.status === 'held' && ticket.node === null && !(await isAccepted(ticket))) return 'not-found'
      return cancelSent(ticket, this.#nodes)
    }
    const text = `job ${ticket.id} ('${ticket.name}') was cancelled before it was sent`
    this.#settling.refuse(held, new JrError('JR_CANCELLED', text))
    return 'cancelled'
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
    if (ticket.status !== 'held') this.#following.ask(ticket, false)
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
    let notAccepted = 0
    for (const job of left) {
      notAccepted += countOf(job)
      if (this.#spool?.has(job.id)) continue
      this.#settling.refuse(
        job,
        new JrError('JR_STOPPED', `job ${job.id} ('${job.name}') was not accepted before the stop`),
      )
    }
    return { notAccepted }
  }

  /** Jobs that an earlier life of the app has left in the spool. */
  takeOver(jobs: readonly Spooled[]): void {
    const inOrder = jobs.toSorted((a, b) => a.job.ticket.number - b.job.ticket.number)
    for (const { job, node } of inOrder) {
      for (const { ticket } of [job, ...restOf(job)]) this.#feedbacks.add(ticket)
      if (node !== null) this.#nodes.expected(node).adopt(job)
      else this.#placement.again(job)
    }
    this.#mind()
  }

  /** Why nothing has been heard of the end of a job so far, for people. */
  explain(ticket: Ticket): string {
    return whyUntold(ticket, this.#placement, this.#nodes)
  }

  /** Of a job that a node has, whoever has enqueued it. */
  ticketOf({ id, name, node }: Pick<LoadedJob, 'id' | 'name' | 'node'>): Ticket {
    const known = this.#feedbacks.find(id)
    const ticket = known === undefined || known.status === 'over' ? Ticket.there(id, name, node) : known
    if (ticket !== known) this.#feedbacks.add(ticket)
    return ticket
  }

  #lost(node: string, above: number): void {
    this.#notices.lost(node, this.#feedbacks.loseAbove(node, above))
    this.#mind()
  }

  #release(): void {
    this.#placement.release()
    this.schedules.changed()
    this.#mind()
  }

  /** What keeps the process may have changed, and a stop may go on. */
  #mind(): void {
    this.#onSettled()
    this.#presence.look()
  }
}
