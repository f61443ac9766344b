import type { Clock } from '../../clock.js'
import type { Surroundings } from '../../surroundings.js'
import type { ActAnswer } from '../../verbs/acts.js'
import { type Ask, decodeTold, encodeAsk, type Told } from './asks.js'
import type { Client } from './client.js'
import { answerChannel, askChannel } from './keys.js'
import { persist } from './patience.js'

/** For each job what became of it; or no answer, in time or because nobody listens. */
export type Heard = readonly ActAnswer[] | 'silence' | 'nobody'

/** Asks nodes over Redis, for one who is no node. */
export class Asking {
  readonly #prefix: string
  readonly #contactMs: number
  readonly #mouth: Client
  readonly #ear: Client
  readonly #asker: string
  readonly #clock: Clock
  #listening: Promise<void> | null = null
  #told: Told | null = null
  #wake: () => void = () => {}

  constructor(
    deps: Surroundings & {
      readonly prefix: string
      readonly contactMs: number
      readonly mouth: Client
      readonly ear: Client
    },
  ) {
    this.#prefix = deps.prefix
    this.#contactMs = deps.contactMs
    this.#mouth = deps.mouth
    this.#ear = deps.ear
    this.#clock = deps.clock
    this.#asker = deps.chance.id()
  }

  /**
   * Asks a node, one thing at a time, and waits so long for its answer. To ask it again, under the same id, is to wait
   * for the same answer. Rejects with what the node could not do, or JR_STORE.
   */
  async ask(node: string, what: Omit<Ask, 'asker'>, waitMs: number): Promise<Heard> {
    const { id, ids } = what
    this.#listening ??= this.#listen()
    await this.#listening
    const message = encodeAsk({ asker: this.#asker, ...what })
    const channel = askChannel(this.#prefix, node)
    const hearers = await persist(this.#clock, this.#mouth, this.#contactMs, () =>
      this.#mouth.call('PUBLISH', channel, message),
    )
    if (Number(hearers) === 0 && this.#mouth.countsHearers) return 'nobody'
    const told = this.#answerTo(id) ?? (await this.#wait(id, waitMs))
    if (told === null) return 'silence'
    if (told.answers instanceof Error) throw told.answers
    return told.answers.length === ids.length ? told.answers : 'silence'
  }

  close(): void {
    this.#ear.close()
  }

  #listen(): Promise<void> {
    const hear = (message: Buffer) => {
      this.#told = decodeTold(message) ?? this.#told
      this.#wake()
    }
    const channel = answerChannel(this.#prefix, this.#asker)
    return persist(this.#clock, this.#ear, this.#contactMs, () => this.#ear.listen(channel, hear))
  }

  #answerTo(id: string): Told | null {
    return this.#told?.id === id ? this.#told : null
  }

  #wait(id: string, ms: number): Promise<Told | null> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        this.#wake = () => {}
        resolve(this.#answerTo(id))
      }
      const timer = this.#clock.setTimer(ms, done)
      this.#wake = () => {
        if (this.#answerTo(id) !== null) done()
      }
    })
  }
}
