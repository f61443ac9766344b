import { LONGEST_MS } from '../src/duration.js'
import { type Wait, type When, waitLeft } from '../src/job/due.js'
import type { ParsedOptions } from '../src/job/enqueue-options.js'
import type { JobFields, Sent } from '../src/wire/job-fields.js'
import type { Enqueue } from '../src/wire/messages.js'
import type { Ticket } from './ticket.js'

/** A job that no node has accepted yet: all that is needed to send it, and to send it again. */
export interface OutJob extends Omit<JobFields, keyof Wait | 'wanted' | 'heldMs' | 'sentBefore'>, When {
  readonly ticket: Ticket
  readonly bytes: number
  /** On the monotonic clock, when it was enqueued. */
  readonly since: number
  /** Grows each time that a connection is lost while it is on its way. */
  suspicion: number
  /** Nodes that it was sent to before, and that went away without a word of it. */
  sentBefore?: readonly Sent[]
}

/** What the app's clock reads. */
export interface Moment {
  readonly mono: number
  readonly wall: number
}

export function newJob(
  ticket: Ticket,
  args: Buffer,
  o: ParsedOptions,
  strictNode: boolean,
  since: number,
): OutJob {
  return {
    ticket,
    id: ticket.id,
    edition: ticket.edition ?? 0,
    name: ticket.name,
    delayMs: o.delayMs,
    runAt: o.runAt,
    periodMs: o.periodMs,
    missed: o.missed,
    defer: o.defer,
    node: o.node,
    strictNode,
    notNode: o.notNode,
    maxAttempts: o.maxAttempts,
    backoff: o.backoff,
    timeoutMs: o.timeoutMs,
    args,
    bytes: args.length,
    since,
    suspicion: 0,
  }
}

/** The message about a job that is being sent: from here on a change of mind is a message of its own. */
export function enqueueMessage(job: OutJob, now: Moment): Enqueue {
  job.ticket.status = 'sent'
  // Down, never up: what is taken off a delay too much would let the job begin early.
  return messageOf(job, Math.min(Math.max(0, Math.floor(now.mono - job.since)), LONGEST_MS), now.wall)
}

export function messageOf(job: OutJob, heldMs: number, wall: number): Enqueue {
  const { delayMs, byWall } = waitLeft(job, heldMs, wall)
  const message: Enqueue = {
    type: 'enqueue',
    number: job.ticket.number,
    id: job.id,
    edition: job.edition,
    name: job.name,
    wanted: job.ticket.wanted,
    delayMs,
    byWall,
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
