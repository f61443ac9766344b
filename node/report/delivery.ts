import type { Clock, Timer } from '../../src/clock.js'
import { bytesOfOutcome } from '../../src/job/outcome.js'
import type { Outcome } from '../../src/job/record.js'
import { WINDOWS, Window } from '../../src/window.js'
import type { OutcomeMessage } from '../../src/wire/messages.js'

/** Read from the store at a time. */
const READ = { count: 500, bytes: 1024 * 1024 }
/**
 * Feedbacks may wait for outcomes that wait for room here, and would wait for ever: when none has been done for so long,
 * those that are at work do not count any more.
 */
const PATIENCE_MS = 1000

export interface DeliveryDeps {
  readonly distributor: string
  readonly clock: Clock
  readonly send: (message: OutcomeMessage) => void
  readonly writable: () => boolean
  /** So many at most, and about so many bytes; at least one if there is one. */
  readonly read: (distributor: string, after: number, limit: number, maxBytes: number) => Promise<Outcome[]>
  /** Stored outcomes that the distributor has taken. */
  readonly acknowledge: (distributor: string, seqs: number[]) => void
  /** An outcome for another life of the distributor was met in the store. */
  readonly onForeign: (distributor: string, instance: string) => void
  /** So many feedbacks have been at work for a while, and none was done: more are sent all the same. */
  readonly onSlow: (feedbacks: number) => void
  readonly onError: (error: unknown) => void
}

/** The outcomes of one life of a distributor on their way over this connection. */
interface Stream {
  readonly instance: string
  /** The highest seq that was sent here, or belongs to another stream. */
  last: number
  /** Not everything up to now has been sent: the rest is read from the store. */
  behind: boolean
  /** One was stored since the read under way began. */
  arrived: boolean
}

/** An outcome that was sent and not yet taken. */
interface Sent {
  /** 0: the store does not keep it. */
  readonly seq: number
  readonly bytes: number
}

/**
 * What goes out to one connected distributor, and what of it has been taken. No more than a window is on its way; what
 * does not fit waits in the store, and not here.
 */
export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #streams = new Map<string, Stream>()
  /** By their place among all that this connection has carried, from 1. */
  readonly #sent = new Map<number, Sent>()
  readonly #window = new Window(WINDOWS.outcomes)
  #last = 0
  /** Those up to this one do not count any more. */
  #overdue = 0
  /** Runs while something waits for room. */
  #patience: Timer | null = null
  #progress = false
  #slow = false
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
      if (this.#fits(outcome) && this.#deps.writable()) this.#send(outcome, false)
    } else if (stream.behind) {
      stream.arrived = true
    } else if (!this.#fits(outcome) || !this.#deps.writable()) {
      stream.behind = true
      this.#wait()
    } else if (outcome.seq > stream.last) {
      stream.last = outcome.seq
      this.#send(outcome, true)
    }
  }

  /** An outcome that is another sender's, for a distributor that waits for it, too. It is sent now or never. */
  copy(outcome: Outcome): void {
    if (!this.#closed) this.#send(outcome, false)
  }

  /**
   * The distributor has handled so many outcomes of this connection, from the `first` on. False when one of them is not
   * on its way.
   */
  taken(first: number, count: number): boolean {
    const seqs: number[] = []
    for (let place = first; place < first + count; place++) {
      const sent = this.#sent.get(place)
      if (sent === undefined) return false
      this.#sent.delete(place)
      if (place > this.#overdue) this.#window.remove(sent.bytes)
      if (sent.seq > 0) seqs.push(sent.seq)
    }
    this.#progress = true
    if (seqs.length > 0) this.#deps.acknowledge(this.#deps.distributor, seqs)
    this.resume()
    return true
  }

  /** There may be room again. */
  resume(): void {
    if (this.#reading || this.#closed || this.#window.left.count === 0 || !this.#deps.writable()) return
    for (const stream of this.#streams.values()) {
      if (!stream.behind) continue
      this.#reading = true
      this.#catchUp(stream).then(
        (more) => {
          this.#reading = false
          if (more) this.resume()
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
    this.#patience?.cancel()
  }

  #wait(): void {
    if (this.#patience !== null) return
    this.#progress = false
    this.#patience = this.#deps.clock.setTimer(PATIENCE_MS, this.#waited)
    this.#patience.unref()
  }

  readonly #waited = (): void => {
    this.#patience = null
    if (![...this.#streams.values()].some(({ behind }) => behind)) return
    // One that does not read is waited for, as long as it lives.
    if (this.#progress || !this.#deps.writable()) {
      this.#slow &&= !this.#progress
      return this.#wait()
    }
    if (!this.#slow) this.#deps.onSlow(this.#sent.size)
    this.#slow = true
    this.#overdue = this.#last
    this.#window.clear()
    this.resume()
  }

  /** Answers whether there may be room for more. */
  async #catchUp(stream: Stream): Promise<boolean> {
    const { read, distributor, onForeign, writable } = this.#deps
    for (let left = this.#window.left; left.count > 0 && writable(); left = this.#window.left) {
      const limit = Math.min(READ.count, left.count)
      const maxBytes = Math.min(READ.bytes, left.bytes)
      stream.arrived = false
      const rows = await read(distributor, stream.last, limit, maxBytes)
      let bytes = 0
      for (const outcome of rows) {
        if (this.#closed) return false
        bytes += bytesOfOutcome(outcome)
        if (outcome.instance === stream.instance) {
          // It is read again when there is room.
          if (!this.#fits(outcome)) {
            this.#wait()
            return false
          }
          this.#send(outcome, true)
        } else if (!this.#streams.has(outcome.instance)) onForeign(distributor, outcome.instance)
        stream.last = outcome.seq
      }
      if (rows.length < limit && bytes < maxBytes && !stream.arrived) {
        stream.behind = false
        return true
      }
    }
    this.#wait()
    return false
  }

  #fits(outcome: Outcome): boolean {
    return this.#window.fits(bytesOfOutcome(outcome))
  }

  #send(outcome: Outcome, stored: boolean): void {
    const bytes = bytesOfOutcome(outcome)
    this.#window.add(bytes)
    this.#sent.set(++this.#last, { seq: stored ? outcome.seq : 0, bytes })
    this.#deps.send({ type: 'outcome', stored, outcome })
  }
}
