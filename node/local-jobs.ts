import { type Clock, nowOf } from '../src/clock.js'
import { packError } from '../src/error-record.js'
import type { Outcome } from '../src/job/record.js'
import type { JobFields } from '../src/wire/job-fields.js'
import type { Attempt } from './children/attempt.js'
import type { ChildEnqueue, EnqueueReply } from './children/messages.js'
import type { Journal, NodeInsert, Origin } from './journal.js'
import type { Runner } from './run/runner.js'
import { admit, refusal, type Slots } from './session/admit.js'
import type { NodeSettings } from './settings.js'
import { Watchers } from './watchers.js'

/** What a job asked for, for another node: the distributor that this process holds, if it holds one. */
export type Forward = (job: JobFields, reply: LocalReply) => void

export interface LocalReply {
  accepted(error: Buffer | null): void
  outcome(ok: boolean, body: Buffer): void
}

export interface LocalDeps {
  readonly settings: NodeSettings
  readonly journal: Journal
  readonly runner: Runner
  readonly clock: Clock
  readonly seq: () => number
  readonly slots: () => Slots
  readonly forward: Forward | null
}

/** A job on its way to the disk. */
interface Storing {
  readonly reply: LocalReply
  /** Whoever has enqueued it waits no longer for its outcome. */
  readonly forget: () => void
}

const NOTHING = Buffer.alloc(0)

/** Jobs that jobs have enqueued at their own node. */
export class LocalJobs implements Origin {
  readonly #deps: LocalDeps
  /** The jobs that have enqueued others, while they run. */
  readonly #watchers = new Watchers()
  readonly #storing = new Map<NodeInsert, Storing>()

  constructor(deps: LocalDeps) {
    this.#deps = deps
  }

  enqueue(request: ChildEnqueue, by: Attempt, send: (message: EnqueueReply) => void): void {
    const reply: LocalReply = {
      accepted: (error) => {
        const body = error ?? NOTHING
        send({ type: 'enqueue-reply', request: request.request, what: 'accepted', ok: error === null, body })
      },
      outcome: (ok, body) =>
        send({ type: 'enqueue-reply', request: request.request, what: 'outcome', ok, body }),
    }
    const { settings, runner, journal, clock, seq, slots, forward } = this.#deps
    const known = runner.known(request.name)
    const elsewhere = request.node !== null && request.node !== settings.name
    const refused = refusal(request, settings, known, slots())
    if (forward !== null && (elsewhere || refused !== null)) return forward(request, reply)
    if (refused !== null) return reply.accepted(packError(refused))
    const { distributor, instance } = by.job
    const job = admit(request, { distributor, instance, heldMs: 0 }, known, nowOf(clock), seq())
    const ownId = job.edition > 0
    const insert: NodeInsert = { kind: 'insert', job, ownId, number: null, origin: this, started: false }
    this.#storing.set(insert, { reply, forget: this.#watch(job.id, job.edition, reply) })
    journal.add(insert, true)
  }

  joined(change: NodeInsert): void {
    const storing = this.#storing.get(change)
    if (storing === undefined) return
    storing.forget()
    this.#watch(change.job.id, null, storing.reply)
  }

  stored(change: NodeInsert): void {
    this.#storing.get(change)?.reply.accepted(null)
    this.#storing.delete(change)
  }

  /** A job has ended, or a run of a schedule. */
  ended(outcome: Outcome): void {
    this.#watchers.ended(outcome)
  }

  #watch(id: string, edition: number | null, reply: LocalReply): () => void {
    const forget = this.#watchers.add(id, edition, ({ state, args, error }) => {
      // Of a schedule the first run.
      forget()
      reply.outcome(state === 'completed', state === 'completed' ? args : error)
    })
    return forget
  }
}
