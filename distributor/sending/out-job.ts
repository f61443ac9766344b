import { type When, waitLeft } from '../../src/job/due.js'
import type { ParsedOptions } from '../../src/job/enqueue-options.js'
import { forArgs } from '../../src/job/terms/agreed.js'
import { uniqueKeyOf } from '../../src/job/terms/where.js'
import { LONGEST_MS } from '../../src/options/duration.js'
import { type JobFields, NOT_SENT, type Sent } from '../../src/wire/job-fields.js'
import type { Enqueue } from '../../src/wire/messages.js'
import type { Ticket } from '../told/ticket.js'
import type { Wish } from './node-choice.js'

/** A job that no node has accepted yet: all that is needed to send it, and to send it again. */
export interface OutJob extends JobFields, When {
  readonly ticket: Ticket
  /** Of its args, and of the args of those that go with it. */
  readonly bytes: number
  /** On the monotonic clock, when it was enqueued. */
  readonly since: number
  /** Grows each time that a connection is lost while it is on its way. */
  suspicion: number
  /** Nodes that it was sent to before, and that went away without a word of it. */
  sentBefore: readonly Sent[]
  /** Those that are to be taken together with it; null: it stands alone. All that is kept of their way is kept with the first. */
  readonly bundle: Bundle | null
}

/** Jobs that one node is to take together, or none of them. They go as the first of them, which has the others with it. */
export interface Bundle {
  /** Those behind the first, in order: their numbers follow that of the first. */
  readonly rest: readonly OutJob[]
  /** Of all of them those that differ in which nodes may take them. */
  readonly kinds: readonly Wish[]
  /** That of the first that has one. */
  readonly home: string | null
}

/** What the app's clock reads. */
export interface Moment {
  readonly mono: number
  readonly wall: number
}

export function newJob(ticket: Ticket, args: Buffer, o: ParsedOptions, since: number): OutJob {
  const { id, name } = ticket
  const agreed = forArgs(o.agreed, args)
  return outJob({ id, edition: ticket.edition ?? 0, name, agreed, args }, o, ticket, since)
}

/** Field by field: to spread an object costs more than all else of an `enqueue`. */
export function outJob(
  job: JobFields,
  when: When,
  ticket: Ticket,
  since: number,
  sentBefore = NOT_SENT,
): OutJob {
  const { unique } = job.agreed.terms
  if (unique !== undefined) {
    ticket.key = uniqueKeyOf(job.agreed.terms, job.name) ?? ''
    ticket.rejects = unique.onConflict === 'reject'
  }
  return {
    id: job.id,
    edition: job.edition,
    name: job.name,
    agreed: job.agreed,
    args: job.args,
    delayMs: when.delayMs,
    runAt: when.runAt,
    ticket,
    bytes: job.args.length,
    since,
    suspicion: 0,
    sentBefore,
    bundle: null,
  }
}

/** It may turn out to be one with another job, of its id or its key. */
export function mayBeOne({ edition, ticket }: OutJob): boolean {
  return edition > 0 || ticket.key !== ''
}

/** The message about a job that is being sent: from here on a change of mind is a message of its own. `more`: as in `SentJob`. */
export function enqueueMessage(job: OutJob, now: Moment, more = false): Enqueue {
  if (job.ticket.status !== 'over') job.ticket.status = 'sent'
  // Down, never up: what is taken off a delay too much would let the job begin early.
  return messageOf(job, Math.min(Math.max(0, Math.floor(now.mono - job.since)), LONGEST_MS), now.wall, more)
}

export function messageOf(job: OutJob, heldMs: number, wall: number, more = false): Enqueue {
  const { ticket, sentBefore } = job
  const { delayMs, byWall } = waitLeft(job, heldMs, wall)
  const { number, wanted } = ticket
  return { type: 'enqueue', number, job, delayMs, byWall, wanted, heldMs, sentBefore, more }
}
