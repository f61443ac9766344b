import { pack } from '../../src/bytes/codec.js'
import { packError } from '../../src/bytes/error-record.js'
import { JrError } from '../../src/errors.js'
import type { Channel } from '../../src/wire/channel.js'
import type { LinkMessage, Peer } from '../../src/wire/messages.js'
import type { Errands } from './errands.js'

/** What a distributor has asked, and is answered: each by the number of its request. */
export class Answers {
  readonly #peer: Pick<Peer, 'maxFrame'>
  readonly #channel: Pick<Channel<LinkMessage>, 'send' | 'closed'>
  readonly #errands: Pick<Errands, 'add'>

  constructor(
    peer: Pick<Peer, 'maxFrame'>,
    channel: Pick<Channel<LinkMessage>, 'send' | 'closed'>,
    errands: Pick<Errands, 'add'>,
  ) {
    this.#peer = peer
    this.#channel = channel
    this.#errands = errands
  }

  /** `weight`: how much work `make` is. What it rejects with is answered, too. */
  give(request: number, weight: number, make: () => Promise<unknown>): void {
    this.#errands.add(weight, () =>
      make()
        .then((value) => this.#reply(request, value))
        .catch((error) => this.#fail(request, error)),
    )
  }

  #reply(request: number, value: unknown): void {
    if (this.#channel.closed) return
    const body = pack(value)
    if (this.#channel.send({ type: 'reply', request, ok: true, body })) return
    const text = `the answer takes ${body.length} bytes, and the app takes frames of ${this.#peer.maxFrame} (its option maxFrame); ask for less at once`
    throw new JrError('JR_RESULT_TOO_LARGE', text)
  }

  #fail(request: number, error: unknown): void {
    if (this.#channel.closed) return
    this.#channel.send({ type: 'reply', request, ok: false, body: packError(error) })
  }
}
