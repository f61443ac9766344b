import type { Done, Run } from '../src/attempt/messages.js'
import { unpackChecked } from '../src/bytes/codec.js'
import { unpackError } from '../src/bytes/error-record.js'
import { packArgs } from '../src/bytes/values.js'
import { argsTooLarge, type JrError } from '../src/errors.js'
import { waitLeft } from '../src/job/due.js'
import { newEdition } from '../src/job/edition.js'
import { parseEnqueueOptions } from '../src/job/enqueue-options.js'
import type { ContextHandle } from '../src/job/job-context.js'
import type { ContextOptions } from '../src/job/others.js'
import { forArgs } from '../src/job/terms/agreed.js'
import { inherit } from '../src/job/terms/headers.js'
import type { JobArgs } from '../src/job/types.js'
import type { ChildEnqueue, EnqueueReply, Init } from '../src/pipe/messages.js'
import { checked, FLAG, NAME } from '../src/rules.js'
import type { Surroundings } from '../src/surroundings.js'
import { NOT_SENT } from '../src/wire/job-fields.js'
import { Asks, type AsksDeps } from './asks.js'
import { FollowUps } from './follow-ups.js'
import { settled } from './settled.js'

interface Asked {
  /** `is`: the id of another job that it is one of; empty: none. */
  accepted(error: Error | null, is?: string): void
  outcome(reply: EnqueueReply): void
}

/** `ctx.enqueue`: the jobs that jobs of this child enqueue, and what they are told of them. */
export class Enqueuing {
  readonly #deps: AsksDeps & Surroundings
  readonly #asks: Asks
  readonly #followUps: FollowUps
  readonly #asked = new Map<number, Asked>()
  #node = ''
  #maxArgs = 0
  #requests = 0

  constructor(deps: AsksDeps & Surroundings) {
    this.#deps = deps
    this.#asks = new Asks(deps)
    this.#followUps = new FollowUps(this.#asks)
  }

  begin({ node, maxArgs }: Init): void {
    this.#node = node
    this.#maxArgs = maxArgs
  }

  /** Something that this attempt has enqueued has not been sent yet. */
  waits(token: number): boolean {
    return this.#asks.waits(token)
  }

  enqueue(run: Run, name: string, args: JobArgs, given: ContextOptions): ContextHandle {
    checked(NAME, name, "ctx.enqueue: the job's name")
    const { child = false, withCompletion = false, ...options } = given
    checked(FLAG, child, 'opts.child')
    checked(FLAG, withCompletion, 'opts.withCompletion')
    if (child && withCompletion)
      throw new TypeError(
        'opts.child and opts.withCompletion: nobody waits for what begins when this job is over',
      )
    const { clock, chance } = this.#deps
    const inner = child ? { parent: { id: run.id, edition: run.edition } } : undefined
    const parsed = parseEnqueueOptions(inherit(run.headers, options), clock.now(), false, inner)
    const { id, agreed, ...when } = parsed
    const packed = packArgs(args)
    const edition = id === null ? 0 : newEdition(chance.random)
    const job = { id: id ?? chance.id(), edition, name, agreed: forArgs(agreed, packed), args: packed }
    // The outcome of a child is for its parent.
    const sent = { job, ...waitLeft(when, 0, clock.now()), wanted: !child, heldMs: 0, sentBefore: NOT_SENT }
    const request = ++this.#requests
    const ask: ChildEnqueue = { type: 'enqueue', request, token: run.token, withCompletion, ...sent }
    const tooLarge =
      packed.length > this.#maxArgs ? argsTooLarge(name, packed.length, this.#node, this.#maxArgs) : null
    if (!withCompletion) return this.#send(ask, tooLarge)
    if (tooLarge !== null) throw tooLarge
    return this.#followUps.keep(ask)
  }

  /** The attempt is over: what is said of it. */
  over(done: Done): Done {
    return this.#followUps.over(done)
  }

  #send(ask: ChildEnqueue, tooLarge: JrError | null): ContextHandle {
    const { request } = ask
    const accepted = settled<void>()
    const outcome = settled<JobArgs>()
    const handle = { id: ask.job.id, accepted: accepted.promise, result: () => outcome.promise }
    const asked: Asked = {
      accepted: (error, is = '') => {
        if (is !== '') handle.id = is
        if (error === null) return accepted.resolve()
        this.#asked.delete(request)
        accepted.reject(error)
        outcome.reject(error)
      },
      outcome: ({ ok, body }) => {
        this.#asked.delete(request)
        // A quick job may be over before it is on the disk.
        accepted.resolve()
        if (ok) outcome.resolve(unpackChecked(body) as JobArgs)
        else outcome.reject(unpackError(body))
      },
    }
    this.#asked.set(request, asked)
    const refused = tooLarge ?? this.#asks.add(ask)
    if (refused !== null) asked.accepted(refused)
    return handle
  }

  reply(reply: EnqueueReply): void {
    const { request, what, ok, body } = reply
    this.#asks.confirmed(request)
    const asked = this.#asked.get(request)
    if (what === 'outcome') asked?.outcome(reply)
    else if (what === 'accepted') asked?.accepted(ok ? null : unpackError(body), ok ? body.toString() : '')
  }
}
