import { packError } from '../../src/bytes/error-record.js'
import { type Clock, nowOf } from '../../src/clock.js'
import type { JrError } from '../../src/errors.js'
import type { Outcome } from '../../src/job/record.js'
import type { ChildEnqueue } from '../../src/pipe/messages.js'
import type { Forward } from '../forward.js'
import type { AskedOutcomes, Asker } from '../report/asked-outcomes.js'
import type { Attempt } from '../run/attempt.js'
import { type Admitting, admit, refusal } from '../session/admit.js'
import type { NodeSettings } from '../settings.js'
import { FollowUps } from './follow-ups.js'
import type { Journal, NodeInsert, Origin } from './journal.js'
import { Watchers } from './watchers.js'

export interface LocalDeps extends Admitting {
  readonly settings: NodeSettings
  readonly journal: Journal
  readonly clock: Clock
  readonly seq: () => number
  readonly forward: Forward | null
  readonly outcomes: AskedOutcomes
}

/** Who has asked for a job, and how it calls that. */
interface Request {
  readonly asker: Asker
  readonly request: number
}

/** A job on its way to the disk. */
interface Storing {
  readonly by: Request
  /** Another job that it is one of; empty: none. */
  is: string
  /** Whoever has enqueued it waits no longer for its outcome. */
  readonly forget: () => void
}

const NOTHING = Buffer.alloc(0)

/** Jobs that jobs have enqueued at their own node. */
export class LocalJobs implements Origin {
  readonly #deps: LocalDeps
  /** What becomes jobs when the jobs that have enqueued them complete. */
  readonly followUps = new FollowUps()
  /** The jobs that have enqueued others, while they run. */
  readonly #watchers = new Watchers()
  readonly #storing = new Map<NodeInsert, Storing>()

  constructor(deps: LocalDeps) {
    this.#deps = deps
  }

  enqueue(ask: ChildEnqueue, by: Attempt, asker: Asker): void {
    const { settings, executors, scheduler, journal, clock, seq, forward, outcomes } = this.#deps
    const { request, withCompletion } = ask
    const { name, agreed } = ask.job
    const known = executors.known(name)
    const elsewhere = (agreed.terms.node ?? settings.name) !== settings.name
    const refused = refusal(ask.job, settings, known, executors.slots)
    // With the job that has made it, or for that to wait for it, it is at this node.
    const here = withCompletion || agreed.terms.parent !== undefined
    if (forward !== null && !here && (elsewhere || refused !== null)) {
      // The distributor has it now, and a bound of its own.
      reply({ asker, request }, 'taken', null)
      return forward(ask, {
        accepted: (error, is) => reply({ asker, request }, 'accepted', error, is),
        outcome: (ok, body) => outcomes.tellFrom(asker, request, ok, body),
      })
    }
    if (withCompletion) reply({ asker, request }, 'taken', null)
    if (refused !== null) {
      if (withCompletion) return this.followUps.add(by.token, refused)
      return reply({ asker, request }, 'accepted', packError(refused))
    }
    const { distributor, instance } = by.job
    const key = scheduler.keyFor(ask.job)
    const job = admit(ask, { name: distributor, instance }, known, nowOf(clock), seq(), key)
    const ownId = job.edition > 0
    const made = { kind: 'insert', job, ownId, number: null, started: false } as const
    if (withCompletion) return this.followUps.add(by.token, { ...made, origin: null })
    const insert: NodeInsert = { ...made, origin: this }
    const from = { asker, request }
    this.#storing.set(insert, { by: from, is: '', forget: this.#watch(job.id, job.edition, from) })
    journal.add(insert, true)
  }

  joined(change: NodeInsert, id: string): void {
    const storing = this.#storing.get(change)
    if (storing === undefined) return
    storing.forget()
    if (id !== change.job.id) storing.is = id
    this.#watch(id, null, storing.by)
  }

  refused(change: NodeInsert, error: JrError): void {
    const storing = this.#storing.get(change)
    if (storing === undefined) return
    storing.forget()
    this.#storing.delete(change)
    reply(storing.by, 'accepted', packError(error))
  }

  stored(change: NodeInsert): void {
    const storing = this.#storing.get(change)
    if (storing !== undefined) reply(storing.by, 'accepted', null, storing.is)
    this.#storing.delete(change)
  }

  /** A job has ended, or a run of a schedule. `stored`: its outcome is kept until the app has taken it. */
  ended(outcome: Outcome, stored: boolean): void {
    this.#watchers.ended(outcome, stored)
  }

  /** Who waits for the one waits for the other from now on. */
  merged(id: string, into: string): void {
    this.#watchers.follow(id, into)
  }

  #watch(id: string, edition: number | null, { asker, request }: Request): () => void {
    const forget = this.#watchers.add(id, edition, (outcome, stored) => {
      // Of a schedule the first run.
      forget()
      this.#deps.outcomes.tell(asker, request, outcome, stored)
    })
    return forget
  }
}

/** `is`: the job that it is one of. */
function reply({ asker, request }: Request, what: 'accepted' | 'taken', error: Buffer | null, is = ''): void {
  const body = error ?? (is === '' ? NOTHING : Buffer.from(is))
  asker.send({ type: 'enqueue-reply', request, what, ok: error === null, body })
}
