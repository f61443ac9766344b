import type { Clock } from '../../src/clock.js'
import type { JrError } from '../../src/errors.js'
import type { Outcome } from '../../src/job/record.js'
import type { JobArgs } from '../../src/job/types.js'
import { runOf } from '../../src/schedules/runs.js'
import type { OutcomeMessage } from '../../src/wire/messages.js'
import type { Middlewares } from '../middleware.js'
import { Copies } from './copies.js'
import { contentOf, infoOf, refusedInfo, storeLost, successorIn } from './facts.js'
import type { NamedFeedback } from './named-feedback.js'
import type { Feedback, OutcomeInfo, Ticket } from './ticket.js'

export interface FeedbacksDeps {
  readonly clock: Clock
  /** This life of the distributor. */
  readonly instance: string
  readonly middleware: Pick<Middlewares, 'tell'>
  /** A feedback function threw, or its promise rejected. */
  readonly onThrow: (error: unknown, info: OutcomeInfo) => void
  /** A kept outcome that nobody in this app wanted. */
  readonly onUnclaimed: (args: JobArgs, info: OutcomeInfo) => void
  readonly onOutcome: (args: JobArgs, info: OutcomeInfo) => void
  /** The job is one with the job of this id from now on. */
  readonly onReplaced: (ticket: Ticket, id: string) => void
}

/** Of the runs of one schedule; null: that of the job's name, if there is one. */
interface OfSchedule {
  readonly success: Feedback | null
  readonly error: Feedback | null
}

/** Outcomes of one life of a distributor, from one node. */
interface Stream {
  readonly node: string
  readonly distributor: string
  readonly instance: string
  /** The last outcome that came. */
  handled: number
  /** Of these the feedbacks are at work. */
  readonly open: Map<number, Promise<unknown>>
}

/** Who waits for what: by the id of a job while this app lives, and by the name of jobs beyond that. */
export class Feedbacks {
  readonly #deps: FeedbacksDeps
  /** Tickets that somebody waits for. */
  readonly #wanted = new Map<string, Ticket>()
  /** The others, as long as somebody holds their handles. */
  readonly #others = new Map<string, WeakRef<Ticket>>()
  readonly #dropped = new FinalizationRegistry<string>((id) => {
    // Another ticket of this id may be there by now.
    if (this.#others.get(id)?.deref() === undefined) this.#others.delete(id)
  })
  readonly #named = new Map<string, NamedFeedback>()
  /** By the ids of schedules, for all of their runs. */
  readonly #scheduled = new Map<string, OfSchedule>()
  readonly #streams = new Map<string, Stream>()
  #lastStream: Stream | null = null
  readonly #copies = new Copies()

  constructor(deps: FeedbacksDeps) {
    this.#deps = deps
  }

  /** Tickets that somebody waits for. */
  get waiting(): number {
    return this.#wanted.size
  }

  name(name: string, feedback: NamedFeedback): void {
    this.#named.set(name, feedback)
  }

  /** Null: it is no schedule any more. */
  schedule(id: string, feedback: OfSchedule | null): void {
    if (feedback === null) this.#scheduled.delete(id)
    else this.#scheduled.set(id, feedback)
  }

  isNamed(name: string): boolean {
    return this.#named.has(name)
  }

  add(ticket: Ticket): void {
    if (ticket.wanted) {
      this.#others.delete(ticket.id)
      this.#wanted.set(ticket.id, ticket)
    } else {
      this.#others.set(ticket.id, new WeakRef(ticket))
      this.#dropped.register(ticket, ticket.id)
    }
  }

  find(id: string): Ticket | undefined {
    return this.#wanted.get(id) ?? this.#others.get(id)?.deref()
  }

  /** Those that somebody waits for, and that this node may have from another sender. */
  joined(node: string): Ticket[] {
    return [...this.#wanted.values()].filter((ticket) => ticket.joined && ticket.node === node)
  }

  /** It is one with the job of this id. Answers the ticket of that, and whether somebody waits for it only from now on. */
  become(ticket: Ticket, id: string): { there: Ticket; newly: boolean } {
    if (this.find(ticket.id) === ticket) this.#forget(ticket.id)
    const known = this.find(id)
    const there = known ?? ticket.of(id)
    const newly = ticket.wanted && known?.wanted !== true
    ticket.become(there)
    if (newly) this.want(there)
    else if (known === undefined) this.add(there)
    return { there, newly }
  }

  /** From now on somebody waits for it. */
  want(ticket: Ticket): void {
    ticket.wanted = true
    this.#others.delete(ticket.id)
    this.#wanted.set(ticket.id, ticket)
  }

  /** Nothing more will be heard of the job: its error feedback hears why. Another, which goes on, may have its id. */
  refuse(ticket: Ticket, error: JrError, args: JobArgs, node: string): void {
    if (ticket.status === 'over') return
    if (this.find(ticket.id) === ticket) this.#forget(ticket.id)
    ticket.refused(error)
    const info = refusedInfo(
      this.#deps.clock.now(),
      ticket,
      error.code === 'JR_CANCELLED' ? 'cancelled' : 'failed',
      node,
    )
    const feedback = ticket.onError ?? this.#named.get(ticket.name)?.error
    this.#call(feedback, { ...args, error }, info)
    this.#deps.onOutcome({ ...args, error }, info)
  }

  /**
   * An outcome from a node; one that came before, and again after a cut, is nothing new. Answers when its feedback is
   * done; null: it is.
   */
  take({ outcome, stored }: OutcomeMessage, nodeInstance: string): Promise<unknown> | null {
    if (!stored) return this.#tell(outcome, false)
    const { distributor, instance, seq } = outcome
    const stream = this.#stream(nodeInstance, distributor, instance)
    if (seq <= stream.handled) return stream.open.get(seq) ?? null
    stream.handled = seq
    const told = this.#tell(outcome, true)
    if (told !== null) {
      stream.open.set(seq, told)
      told.then(() => stream.open.delete(seq))
    }
    return told
  }

  #tell(outcome: Outcome, stored: boolean): Promise<unknown> | null {
    const found = this.find(outcome.id)
    // An outcome of a job that had the id before is not for whoever waits for this one.
    const ticket = found?.expects(outcome.edition) === true ? found : undefined
    if (ticket === undefined && (!stored || this.#copies.take(outcome))) return null
    if (ticket !== undefined && !stored && outcome.instance !== this.#deps.instance) this.#copies.add(outcome)
    const { args, error } = contentOf(outcome)
    const into = successorIn(error)
    if (into !== null) {
      if (ticket !== undefined) this.#deps.onReplaced(ticket, into)
      return null
    }
    if (ticket !== undefined && !outcome.more) this.#forget(outcome.id)
    const info = infoOf(outcome)
    const shown = error === null ? args : { ...args, error }
    const feedback = this.#feedbackFor(outcome, ticket, error === null)
    ticket?.ended(error === null ? args : null, error, outcome.more)
    const told = this.#call(feedback, shown, info)
    if (ticket === undefined && feedback === undefined) this.#deps.onUnclaimed(shown, info)
    this.#deps.onOutcome(shown, info)
    return told
  }

  #feedbackFor(outcome: Outcome, ticket: Ticket | undefined, good: boolean): Feedback | null | undefined {
    const named = this.#named.get(outcome.name)
    const run = ticket === undefined ? runOf(outcome) : null
    const scheduled = run === null ? undefined : this.#scheduled.get(run.schedule)
    return good
      ? (ticket?.onSuccess ?? scheduled?.success ?? named?.success)
      : (ticket?.onError ?? scheduled?.error ?? named?.error)
  }

  /** The outcome of the job is known nowhere any more. Who enqueued it is told; it is not said to have failed. */
  lose(ticket: Ticket, error: JrError): void {
    if (ticket.status === 'over') return
    this.#forget(ticket.id)
    ticket.ended(null, error, false)
    this.#call(
      ticket.onError,
      { error },
      refusedInfo(this.#deps.clock.now(), ticket, 'failed', ticket.node ?? ''),
    )
  }

  /** The node no longer has what it had accepted above this number. Answers how many jobs of that were expected here. */
  loseAbove(node: string, number: number): number {
    const lost: Ticket[] = []
    const look = (ticket: Ticket | undefined) => {
      if (ticket?.status === 'accepted' && ticket.node === node && ticket.number > number) lost.push(ticket)
    }
    for (const ticket of this.#wanted.values()) look(ticket)
    for (const ticket of this.#others.values()) look(ticket.deref())
    for (const ticket of lost) this.refuse(ticket, storeLost(ticket, node), {}, node)
    return lost.length
  }

  /** Most outcomes are of the stream of the one before. */
  #stream(node: string, distributor: string, instance: string): Stream {
    const last = this.#lastStream
    if (last?.instance === instance && last.node === node && last.distributor === distributor) return last
    const key = `${node}\0${distributor}\0${instance}`
    const stream = this.#streams.get(key) ?? { node, distributor, instance, handled: 0, open: new Map() }
    this.#streams.set(key, stream)
    this.#lastStream = stream
    return stream
  }

  #forget(id: string): void {
    if (!this.#wanted.delete(id)) this.#others.delete(id)
  }

  /** Answers when it is done, well or not; null: it is. */
  #call(feedback: Feedback | null | undefined, args: JobArgs, info: OutcomeInfo): Promise<unknown> | null {
    if (feedback === null || feedback === undefined) return null
    try {
      const returned = this.#deps.middleware.tell(feedback, args, info)
      if (returned instanceof Promise) return returned.catch((error) => this.#deps.onThrow(error, info))
    } catch (error) {
      this.#deps.onThrow(error, info)
    }
    return null
  }
}
