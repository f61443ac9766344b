import type { Run } from '../src/attempt/messages.js'
import { unpackChecked } from '../src/bytes/codec.js'
import { unpackError } from '../src/bytes/error-record.js'
import { packArgs } from '../src/bytes/values.js'
import { argsTooLarge } from '../src/errors.js'
import { waitLeft } from '../src/job/due.js'
import { newEdition } from '../src/job/edition.js'
import { type EnqueueOptions, parseEnqueueOptions } from '../src/job/enqueue-options.js'
import type { ContextHandle } from '../src/job/registry.js'
import { forArgs } from '../src/job/terms/agreed.js'
import { inherit } from '../src/job/terms/headers.js'
import type { JobArgs } from '../src/job/types.js'
import type { EnqueueReply, Init } from '../src/pipe/messages.js'
import { checked, NAME } from '../src/rules.js'
import type { Surroundings } from '../src/surroundings.js'
import { NOT_SENT } from '../src/wire/job-fields.js'
import { Asks, type AsksDeps } from './asks.js'
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
  readonly #asked = new Map<number, Asked>()
  #node = ''
  #maxArgs = 0
  #requests = 0

  constructor(deps: AsksDeps & Surroundings) {
    this.#deps = deps
    this.#asks = new Asks(deps)
  }

  begin({ node, maxArgs }: Init): void {
    this.#node = node
    this.#maxArgs = maxArgs
  }

  /** Something that this attempt has enqueued has not been sent yet. */
  waits(token: number): boolean {
    return this.#asks.waits(token)
  }

  enqueue({ token, headers }: Run, name: string, args: JobArgs, options: EnqueueOptions): ContextHandle {
    checked(NAME, name, "ctx.enqueue: the job's name")
    const { clock, chance } = this.#deps
    const { id, agreed, ...when } = parseEnqueueOptions(inherit(headers, options), clock.now())
    const packed = packArgs(args)
    const request = ++this.#requests
    const accepted = settled<void>()
    const outcome = settled<JobArgs>()
    this.#asked.set(request, {
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
    })
    const handle = { id: id ?? chance.id(), accepted: accepted.promise, result: () => outcome.promise }
    if (packed.length > this.#maxArgs) {
      this.#asked.get(request)?.accepted(argsTooLarge(name, packed.length, this.#node, this.#maxArgs))
      return handle
    }
    const edition = id === null ? 0 : newEdition(chance.random)
    const job = { id: handle.id, edition, name, agreed: forArgs(agreed, packed), args: packed }
    const sent = { job, ...waitLeft(when, 0, clock.now()), wanted: true, heldMs: 0, sentBefore: NOT_SENT }
    const refused = this.#asks.add({ type: 'enqueue', request, token, ...sent })
    if (refused !== null) this.#asked.get(request)?.accepted(refused)
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
