import { packError } from '../../src/bytes/error-record.js'
import { JrError } from '../../src/errors.js'
import type { Outcome } from '../../src/job/record.js'
import type { EnqueueReply } from '../../src/pipe/messages.js'

/** A child whose jobs wait for others. */
export interface Asker {
  /** It has read what it was sent. */
  readonly reads: boolean
  send(message: EnqueueReply): void
}

export interface AskedOutcomesDeps {
  /** Outcomes of a distributor that the store keeps, after this number. */
  readonly read: (distributor: string, after: number, limit: number, maxBytes: number) => Promise<Outcome[]>
  /** The store need not keep these any longer. */
  readonly acknowledge: (distributor: string, seqs: readonly number[]) => void
  readonly onError: (error: unknown) => void
}

/** What a child is to be told when it reads again. */
type Waiting = { readonly request: number } & (
  | { readonly kept: Kept }
  | { readonly ok: boolean; readonly body: Buffer; readonly told: () => void }
)

/** An outcome that the store keeps for the app, and now for children too. */
interface Kept {
  readonly distributor: string
  readonly seq: number
  /** So many of these wait for it. */
  waiting: number
  /** The app has taken it. */
  taken: boolean
}

/**
 * Outcomes on their way to the jobs that asked for them with `ctx.enqueue`. A child that does not read is sent no more: what it
 * is to be told waits in the store, where it is kept for the app anyway.
 */
export class AskedOutcomes {
  readonly #deps: AskedOutcomesDeps
  readonly #waiting = new Map<Asker, Waiting[]>()
  readonly #kept = new Map<number, Kept>()
  readonly #reading = new Set<Asker>()

  constructor(deps: AskedOutcomesDeps) {
    this.#deps = deps
  }

  /** `stored`: the store keeps it until it is acknowledged. One that it does not keep is sent now or never. */
  tell(asker: Asker, request: number, outcome: Outcome, stored: boolean): void {
    if (!stored || this.#mayTell(asker)) return asker.send(replyOf(request, outcome))
    const { distributor, seq } = outcome
    const kept = this.#kept.get(seq) ?? { distributor, seq, waiting: 0, taken: false }
    kept.waiting++
    this.#kept.set(seq, kept)
    this.#wait(asker, { request, kept })
  }

  /** One that another node's store keeps until this resolves: it has been sent, or never will be. */
  tellFrom(asker: Asker, request: number, ok: boolean, body: Buffer): Promise<void> {
    if (this.#mayTell(asker)) {
      asker.send(replyWith({ request, ok, body }))
      return Promise.resolve()
    }
    return new Promise((told) => this.#wait(asker, { request, ok, body, told }))
  }

  /** It has read what it was sent. */
  room(asker: Asker): void {
    if (!this.#waiting.has(asker) || this.#reading.has(asker)) return
    this.#reading.add(asker)
    this.#catchUp(asker)
      .catch(this.#deps.onError)
      .finally(() => this.#reading.delete(asker))
  }

  /** It reads nothing any more. */
  gone(asker: Asker): void {
    for (const one of this.#waiting.get(asker) ?? []) this.#settle(one)
    this.#waiting.delete(asker)
  }

  /** The app has taken these: the store lets go of those that nobody else waits for. */
  taken(distributor: string, seqs: readonly number[]): void {
    const free = this.#kept.size === 0 ? seqs : seqs.filter((seq) => !this.#keeps(seq))
    if (free.length > 0) this.#deps.acknowledge(distributor, free)
  }

  #keeps(seq: number): boolean {
    const kept = this.#kept.get(seq)
    if (kept !== undefined) kept.taken = true
    return kept !== undefined
  }

  #mayTell(asker: Asker): boolean {
    return asker.reads && !this.#waiting.has(asker)
  }

  #wait(asker: Asker, one: Waiting): void {
    const queue = this.#waiting.get(asker) ?? []
    queue.push(one)
    this.#waiting.set(asker, queue)
  }

  async #catchUp(asker: Asker): Promise<void> {
    while (asker.reads) {
      const queue = this.#waiting.get(asker)
      const first = queue?.[0]
      if (queue === undefined || first === undefined) {
        this.#waiting.delete(asker)
        return
      }
      const reply = 'kept' in first ? await this.#read(first.request, first.kept) : replyWith(first)
      // The child may have gone meanwhile, and what it waited for with it.
      if (this.#waiting.get(asker) !== queue) return
      queue.shift()
      asker.send(reply)
      this.#settle(first)
    }
  }

  async #read(request: number, { distributor, seq }: Kept): Promise<EnqueueReply> {
    const [outcome] = await this.#deps.read(distributor, seq - 1, 1, 1)
    if (outcome?.seq === seq) return replyOf(request, outcome)
    const error = new JrError('JR_OUTCOME_UNKNOWN', 'the outcome is not in the store any more')
    return replyWith({ request, ok: false, body: packError(error) })
  }

  #settle(one: Waiting): void {
    if (!('kept' in one)) return one.told()
    const { kept } = one
    if (--kept.waiting > 0) return
    this.#kept.delete(kept.seq)
    if (kept.taken) this.#deps.acknowledge(kept.distributor, [kept.seq])
  }
}

function replyOf(request: number, { state, args, error }: Outcome): EnqueueReply {
  const ok = state === 'completed'
  return replyWith({ request, ok, body: ok ? args : error })
}

function replyWith({ request, ok, body }: { request: number; ok: boolean; body: Buffer }): EnqueueReply {
  return { type: 'enqueue-reply', request, what: 'outcome', ok, body }
}
