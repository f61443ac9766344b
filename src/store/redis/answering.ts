import { JrError } from '../../errors.js'
import type { NeighbourHandlers } from '../contract.js'
import { type Ask, decodeAsk, encodeTold } from './asks.js'
import type { Client } from './client.js'
import { answerChannel, askChannel } from './keys.js'
import { FIRST_CONTACT_MS, persist } from './patience.js'
import type { Server } from './server.js'

/** Answers that are remembered for those who ask again. They give up after a minute or less. */
const REMEMBERED = 1000

/** Hears what is asked of this node over Redis by those who are no nodes, and answers. */
export class Answering {
  readonly #server: Server
  /** For listening, and nothing else. */
  readonly #ear: Client
  readonly #given = new Map<string, Promise<Buffer>>()
  #act: NeighbourHandlers['onAct'] | null = null

  constructor(server: Server, ear: Client) {
    this.#server = server
    this.#ear = ear
  }

  /** Answers what a person should know when this Redis does not let it listen; null when all is well. */
  async start(): Promise<string | null> {
    const { prefix, owner } = this.#server
    const listen = () => this.#ear.listen(askChannel(prefix, owner.name), (message) => this.#hear(message))
    try {
      await persist(this.#server.clock, this.#ear, FIRST_CONTACT_MS, listen)
      return null
    } catch (error) {
      if (!(error instanceof JrError) || !error.message.includes('NOPERM')) throw error
      this.#ear.close()
      return `${error.message}. While this node runs, a monitor that goes straight to Redis can't change its jobs`
    }
  }

  /** Until then nothing is answered, and is asked again. */
  answer(act: NeighbourHandlers['onAct']): void {
    this.#act = act
  }

  stop(): void {
    this.#act = null
    this.#ear.close()
  }

  #hear(message: Buffer): void {
    const ask = decodeAsk(message)
    const act = this.#act
    if (ask === null || act == null) return
    const known = this.#given.get(ask.id)
    const answer = known ?? tell(ask, act)
    if (known === undefined) this.#remember(ask.id, answer)
    const { watcher, prefix } = this.#server
    const channel = answerChannel(prefix, ask.asker)
    answer
      .then((told) => this.#server.persist(watcher, () => watcher.call('PUBLISH', channel, told)))
      // It is asked again. That Redis is gone is noticed with the next change or renewal.
      .catch(() => {})
  }

  #remember(id: string, answer: Promise<Buffer>): void {
    this.#given.set(id, answer)
    const [oldest] = this.#given.keys()
    if (this.#given.size > REMEMBERED && oldest !== undefined) this.#given.delete(oldest)
  }
}

async function tell(
  { id, act, ids, update }: Ask,
  onAct: NonNullable<NeighbourHandlers['onAct']>,
): Promise<Buffer> {
  try {
    return encodeTold({ id, answers: await onAct(act, ids, update) })
  } catch (error) {
    const failure = error instanceof JrError ? error : new JrError('JR_STORE', String(error))
    return encodeTold({ id, answers: failure })
  }
}
