import type { JobArgs } from '../src/job/types.js'
import type { JobFields, Sent } from '../src/wire/job-fields.js'
import type { Enqueue } from '../src/wire/messages.js'

export type Feedback = (args: JobArgs, info: OutcomeInfo) => unknown

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
}

export interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** One job as the app knows it, from enqueue to outcome. Its handle, and what must be told, hang on it. */
export class Ticket {
  readonly id: string
  readonly name: string
  onSuccess: Feedback | null
  onError: Feedback | null
  /** Not sent yet; sent to a node and not yet accepted; accepted; over (ended, refused, cancelled, lost). */
  status: 'held' | 'sent' | 'accepted' | 'over' = 'held'
  /** The node that it was last sent to, and its number there. */
  node: string | null = null
  number = 0
  /** Somebody waits for its outcome: the node keeps it until it is taken. */
  wanted: boolean
  /** Why it was refused, or what it failed with; null: neither. */
  error: unknown = null
  /** Set with the last outcome: what `result` answers. */
  result: JobArgs | null = null
  acceptedWaiters: Waiter<void>[] | null = null
  resultWaiters: Waiter<JobArgs>[] | null = null

  constructor(
    id: string,
    name: string,
    onSuccess: Feedback | null,
    onError: Feedback | null,
    wanted: boolean,
  ) {
    this.id = id
    this.name = name
    this.onSuccess = onSuccess
    this.onError = onError
    this.wanted = wanted
  }

  /** Tells it at once when it is known. */
  whenAccepted(waiter: Waiter<void>): void {
    if (this.status === 'held' || this.status === 'sent') {
      this.acceptedWaiters ??= []
      this.acceptedWaiters.push(waiter)
    } else if (this.status === 'over' && this.node === null) waiter.reject(this.error)
    else waiter.resolve()
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
    if (this.status !== 'over') this.accepted()
    if (!more) this.status = 'over'
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

/** A job that no node has accepted yet: all that is needed to send it, and to send it again. */
export interface OutJob extends Omit<JobFields, 'wanted' | 'heldMs' | 'sentBefore'> {
  readonly ticket: Ticket
  readonly bytes: number
  /** On the monotonic clock, when it was enqueued. */
  readonly since: number
  /** Nodes that it was sent to before, and that went away without a word of it. */
  sentBefore?: readonly Sent[]
}

/** The message about a job that is being sent: from here on a change of mind is a message of its own. */
export function enqueueMessage(job: OutJob, now: number): Enqueue {
  job.ticket.status = 'sent'
  const heldMs = Math.max(0, Math.round(now - job.since))
  const message: Enqueue = {
    type: 'enqueue',
    number: job.ticket.number,
    id: job.id,
    unique: job.unique,
    name: job.name,
    wanted: job.ticket.wanted,
    delayMs: job.delayMs === null ? null : Math.max(0, job.delayMs - heldMs),
    heldMs,
    periodMs: job.periodMs,
    missed: job.missed,
    defer: job.defer,
    node: job.node,
    strictNode: job.strictNode,
    notNode: job.notNode,
    maxAttempts: job.maxAttempts,
    backoff: job.backoff,
    timeoutMs: job.timeoutMs,
    args: job.args,
  }
  return job.sentBefore === undefined ? message : { ...message, sentBefore: job.sentBefore }
}
