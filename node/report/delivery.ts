import type { Outcome } from '../../src/job/record.js'
import type { OutcomeMessage } from '../../src/wire/messages.js'

/** Outcomes sent and not yet taken; PROTOCOL.md, "Credit". More wait in the store. */
export const OUTCOME_WINDOW = 4096
const READ_AT_ONCE = 500

export interface DeliveryDeps {
  readonly distributor: string
  readonly send: (message: OutcomeMessage) => void
  readonly writable: () => boolean
  readonly read: (distributor: string, after: number, limit: number) => Promise<Outcome[]>
  /** Stored outcomes that the distributor has taken. */
  readonly acknowledge: (distributor: string, seqs: number[]) => void
  /** An outcome for another life of the distributor was met in the store. */
  readonly onForeign: (distributor: string, instance: string) => void
  readonly onError: (error: unknown) => void
}

/** The outcomes of one life of a distributor on their way over this connection. */
interface Stream {
  readonly instance: string
  /** The highest seq that has been sent here. */
  last: number
  /** Not everything up to now has been sent: the rest is read from the store. */
  behind: boolean
  /** One was stored since the read under way began. */
  arrived: boolean
}

/** What goes out to one connected distributor, and what of it has been taken. */
export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #streams = new Map<string, Stream>()
  /** Seqs in the order sent, 0 for one that the store does not keep; from `#takenIndex` on not yet taken. */
  #sent: number[] = []
  #takenIndex = 0
  #takenCount = 0
  #reading = false
  #closed = false

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
  }

  /** Begins with what the store has for this life of the distributor. */
  carry(instance: string): void {
    if (this.#streams.has(instance)) return
    this.#streams.set(instance, { instance, last: 0, behind: true, arrived: false })
    this.resume()
  }

  /** An outcome that has just been committed. One that is not stored is sent now or never. */
  offer(outcome: Outcome, stored: boolean): void {
    const stream = this.#streams.get(outcome.instance)
    if (stream === undefined || this.#closed) return
    if (!stored) {
      if (this.#room) this.#send(outcome, false)
      return
    }
    if (stream.behind) {
      stream.arrived = true
    } else if (!this.#room) {
      stream.behind = true
    } else if (outcome.seq > stream.last) {
      stream.last = outcome.seq
      this.#send(outcome, true)
    }
  }

  /** The distributor has handled all outcomes up to the `count`th of this connection. False when that cannot be. */
  taken(count: number): boolean {
    if (count < this.#takenCount || count - this.#takenCount > this.#unacknowledged) return false
    const seqs: number[] = []
    for (; this.#takenCount < count; this.#takenCount++) {
      const seq = this.#sent[this.#takenIndex++] ?? 0
      if (seq > 0) seqs.push(seq)
    }
    if (this.#takenIndex > OUTCOME_WINDOW) {
      this.#sent = this.#sent.slice(this.#takenIndex)
      this.#takenIndex = 0
    }
    if (seqs.length > 0) this.#deps.acknowledge(this.#deps.distributor, seqs)
    this.resume()
    return true
  }

  /** There may be room again. */
  resume(): void {
    if (this.#reading || this.#closed || !this.#room) return
    for (const stream of this.#streams.values()) {
      if (!stream.behind) continue
      this.#reading = true
      this.#catchUp(stream).then(
        () => {
          this.#reading = false
          this.resume()
        },
        (error) => {
          this.#reading = false
          this.#deps.onError(error)
        },
      )
      return
    }
  }

  close(): void {
    this.#closed = true
  }

  async #catchUp(stream: Stream): Promise<void> {
    const { read, distributor, onForeign } = this.#deps
    let cursor = stream.last
    while (!this.#closed && this.#room) {
      stream.arrived = false
      const rows = await read(distributor, cursor, READ_AT_ONCE)
      for (const outcome of rows) {
        cursor = outcome.seq
        if (outcome.instance !== stream.instance) {
          if (!this.#streams.has(outcome.instance)) onForeign(distributor, outcome.instance)
        } else if (!this.#closed) {
          stream.last = outcome.seq
          this.#send(outcome, true)
        }
      }
      if (rows.length < READ_AT_ONCE && !stream.arrived) {
        stream.behind = false
        return
      }
    }
  }

  get #unacknowledged(): number {
    return this.#sent.length - this.#takenIndex
  }

  get #room(): boolean {
    return this.#unacknowledged < OUTCOME_WINDOW && this.#deps.writable()
  }

  #send(outcome: Outcome, stored: boolean): void {
    this.#sent.push(stored ? outcome.seq : 0)
    this.#deps.send({ type: 'outcome', stored, outcome })
  }
}
