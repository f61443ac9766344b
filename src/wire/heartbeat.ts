import { JrError } from '../errors.js'

/** Whether the peer of a channel is alive: looked at once a beat. */
export class Heartbeat {
  readonly #everyMs: number
  readonly #misses: number
  #heard = false
  #silent = 0
  #partial = 0

  /** A peer that was silent for `misses` beats is dead. */
  constructor({ everyMs, misses }: { readonly everyMs: number; readonly misses: number }) {
    this.#everyMs = everyMs
    this.#misses = misses
  }

  /** Something has come. */
  heard(): void {
    this.#heard = true
  }

  /** A frame has come to its end. */
  ended(): void {
    this.#partial = 0
  }

  /** Why the peer counts as dead; null: it does not. `unread`: we do not read it. `partial`: a frame has begun. */
  beat(unread: boolean, partial: boolean): JrError | null {
    // What we don't read says nothing of the peer.
    this.#silent = this.#heard || unread ? 0 : this.#silent + 1
    this.#heard = false
    if (this.#silent >= this.#misses) {
      const seconds = (this.#silent * this.#everyMs) / 1000
      return new JrError('JR_CONNECTION', `the peer has been silent for ${seconds} s`)
    }
    // A peer that sends a byte now and then would pass for alive: a frame, once begun, has to end.
    this.#partial = partial && !unread ? this.#partial + 1 : 0
    if (this.#partial <= this.#misses * 2) return null
    return new JrError('JR_PROTOCOL', 'the peer began a frame and did not end it')
  }
}
