import { type Clock, nowOf } from '../src/clock.js'
import { packError } from '../src/error-record.js'
import type { Outcome } from '../src/job/record.js'
import type { JobFields } from '../src/wire/job-fields.js'
import type { Attempt } from './children/attempt.js'
import type { ChildEnqueue, EnqueueReply } from './children/messages.js'
import type { Journal, NodeInsert, Origin } from './journal.js'
import type { Runner } from './run/runner.js'
import { admit, refusal } from './session/admit.js'
import type { NodeSettings } from './settings.js'

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
  readonly forward: Forward | null
}

const NOTHING = Buffer.alloc(0)

/** Jobs that jobs have enqueued at their own node. */
export class LocalJobs implements Origin {
  readonly #deps: LocalDeps
  /** Who waits for the outcome of a job here: the job that enqueued it, while it runs. */
  readonly #waiting = new Map<string, (reply: Outcome) => void>()
  readonly #storing = new Map<NodeInsert, LocalReply>()

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
    const { settings, runner, journal, clock, seq, forward } = this.#deps
    const known = runner.known(request.name)
    const elsewhere = request.node !== null && request.node !== settings.name
    const refused = refusal(request, settings, known)
    if (forward !== null && (elsewhere || refused !== null)) return forward(request, reply)
    if (refused !== null) return reply.accepted(packError(refused))
    const { distributor, instance } = by.job
    const job = admit(request, { distributor, instance, heldMs: 0 }, known, nowOf(clock), seq())
    const { ownId } = request
    const insert: NodeInsert = { kind: 'insert', job, ownId, number: null, origin: this, started: false }
    this.#storing.set(insert, reply)
    this.#waiting.set(job.id, ({ state, args, error }) =>
      reply.outcome(state === 'completed', state === 'completed' ? args : error),
    )
    journal.add(insert, true)
  }

  stored(change: NodeInsert): void {
    this.#storing.get(change)?.accepted(null)
    this.#storing.delete(change)
  }

  /** A job has ended, or a run of a schedule. */
  ended(outcome: Outcome): void {
    if (this.#waiting.size === 0) return
    this.#waiting.get(outcome.id)?.(outcome)
    this.#waiting.delete(outcome.id)
  }
}
