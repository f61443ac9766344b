import type { DoneArgs, FailedArgs, JobArgs } from '../../src/job/types.js'

export type Feedback = (args: JobArgs, info: OutcomeInfo) => unknown
export type SuccessFeedback<Name extends string> = (args: DoneArgs<Name>, info: OutcomeInfo) => unknown
export type ErrorFeedback<Name extends string> = (args: FailedArgs<Name>, info: OutcomeInfo) => unknown

/** Facts about a job that has ended, or about a run of a schedule. */
export interface OutcomeInfo {
  readonly id: string
  readonly name: string
  /** The node on which it ended. */
  readonly node: string
  readonly state: 'completed' | 'failed' | 'cancelled'
  /** Attempts that were begun, as far as is known. */
  readonly attempt: number
  /** Which run of a schedule, from 1. */
  readonly run: number
  /** A schedule goes on: more feedbacks will come. */
  readonly more: boolean
  /** Of a job that was refused, or is lost with a store: when that was found. */
  readonly enqueuedAt: Date
  /** When the last attempt began; null when none did. */
  readonly startedAt: Date | null
  readonly finishedAt: Date
  /** Process id of the child that ran the last attempt; 0 when none did. */
  readonly child: number
  /** The id of the schedule of which it was a run, and the slot that it ran for; null: of none. */
  readonly schedule: string | null
  readonly scheduledFor: Date | null
}

export interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** What a running job has told. */
interface TicketProgress {
  /** Packed; null: nothing so far. */
  latest: Buffer | null
  readonly listeners: Set<(value: unknown) => void>
}

/** One job as the app knows it, from enqueue to outcome. Its handle, and what must be told, hang on it. */
export class Ticket {
  readonly id: string
  name: string
  /** That of the job under its id (see `JobFields`); null: not known, whichever is there. */
  edition: number | null
  onSuccess: Feedback | null
  onError: Feedback | null
  /** Not sent yet; sent to a node and not yet accepted; accepted; over (ended, refused, cancelled, lost), accepted or not. */
  status: 'held' | 'sent' | 'accepted' | 'over' = 'held'
  /** The node that it was last sent to, and its number there. */
  node: string | null = null
  number = 0
  /** The node may have the job from another sender, and then tells of its end as long as it is connected. */
  joined = false
  /** What it is to be the only job by (see `uniqueKeyOf`), and that it is not to be one with another; empty: nothing. */
  key = ''
  rejects = false
  /** It is one with another job, whose ticket this is: that is told of its end. */
  into: Ticket | null = null
  /** Somebody waits for its outcome: the node keeps it until it is taken. */
  wanted: boolean
  /** Why it was refused, or what it failed with; null: neither. */
  error: unknown = null
  /** Set with the last outcome: what `result` answers. */
  result: JobArgs | null = null
  acceptedWaiters: Waiter<void>[] | null = null
  resultWaiters: Set<Waiter<JobArgs>> | null = null
  /** What it has told while it ran, and who listens; null: nothing is known, and nobody does. */
  progress: TicketProgress | null = null

  constructor(
    id: string,
    name: string,
    onSuccess: Feedback | null,
    onError: Feedback | null,
    wanted: boolean,
    edition = 0,
  ) {
    this.id = id
    this.name = name
    this.edition = edition
    this.onSuccess = onSuccess
    this.onError = onError
    this.wanted = wanted
  }

  /** Enqueued again, when nobody had asked what became of the job before, and nobody here knows: now it is this job. */
  anew(
    name: string,
    edition: number,
    onSuccess: Feedback | null,
    onError: Feedback | null,
    wanted: boolean,
  ): this {
    this.name = name
    this.edition = edition
    this.onSuccess = onSuccess
    this.onError = onError
    this.wanted = wanted
    this.status = 'held'
    this.node = null
    this.joined = false
    return this
  }

  /** The ticket of the job that it is. */
  get now(): Ticket {
    let ticket: Ticket = this
    while (ticket.into !== null) ticket = ticket.into
    return ticket
  }

  /** One more waits for it. */
  join(onSuccess: Feedback | null, onError: Feedback | null): void {
    this.onSuccess = both(this.onSuccess, onSuccess)
    this.onError = both(this.onError, onError)
  }

  /** Of a job that a node has, perhaps from another sender. */
  static there(id: string, name: string, node: string | null): Ticket {
    const ticket = new Ticket(id, name, null, null, false)
    ticket.edition = null
    ticket.status = 'accepted'
    ticket.node = node
    ticket.joined = true
    return ticket
  }

  /** One for another job that its node has, with which it is one. */
  of(id: string): Ticket {
    return Ticket.there(id, this.name, this.node)
  }

  /** It is one with this other job, and whoever waits for its end waits for that one's. */
  become(other: Ticket): void {
    this.into = other
    other.join(this.onSuccess, this.onError)
    for (const waiter of this.resultWaiters ?? []) other.whenEnded(waiter)
    this.resultWaiters = null
  }

  /** Its end will be heard of; or it has not been accepted, so that it can't have ended. */
  get isAwaited(): boolean {
    return this.status !== 'over' && (this.wanted || this.status !== 'accepted')
  }

  /** Whether an outcome of this edition is that of the job. */
  expects(edition: number): boolean {
    return this.edition === null || this.edition === edition
  }

  /** Tells it at once when it is known. */
  whenAccepted(waiter: Waiter<void>): void {
    if (this.status === 'held' || this.status === 'sent') {
      this.acceptedWaiters ??= []
      this.acceptedWaiters.push(waiter)
    } else if (this.status === 'over' && this.node === null) waiter.reject(this.error)
    else waiter.resolve()
  }

  /** Answers how to wait no longer. */
  whenEnded(waiter: Waiter<JobArgs>): () => void {
    this.resultWaiters ??= new Set()
    this.resultWaiters.add(waiter)
    return () => this.resultWaiters?.delete(waiter)
  }

  accepted(): void {
    if (this.status === 'over' || this.status === 'accepted') return
    this.status = 'accepted'
    const waiters = this.acceptedWaiters
    this.acceptedWaiters = null
    if (waiters !== null) for (const { resolve } of waiters) resolve()
  }

  /** Nothing more will be heard of it: refused, given up, cancelled before it was sent, or lost. */
  refused(error: unknown): void {
    const waiters = this.acceptedWaiters
    this.acceptedWaiters = null
    if (waiters !== null) for (const { reject } of waiters) reject(error)
    this.ended(null, error, false)
  }

  ended(result: JobArgs | null, error: unknown, more: boolean): void {
    // A quick job may be over before it is on the node's disk, which nobody needs then. A schedule goes on.
    if (!more) {
      this.accepted()
      this.status = 'over'
    }
    this.result = result
    this.error = error
    const waiters = this.resultWaiters
    this.resultWaiters = null
    if (waiters === null) return
    for (const { resolve, reject } of waiters) {
      if (result !== null) resolve(result)
      else reject(error)
    }
  }
}

function both(first: Feedback | null, second: Feedback | null): Feedback | null {
  if (first === null || second === null) return first ?? second
  return (args, info) => {
    const returned = [first(args, info), second(args, info)]
    return returned.some((one) => one instanceof Promise) ? Promise.all(returned) : undefined
  }
}

/** False: it never will be. */
export function isAccepted(ticket: Ticket): Promise<boolean> {
  return new Promise((resolve) => {
    ticket.whenAccepted({ resolve: () => resolve(true), reject: () => resolve(false) })
  })
}
