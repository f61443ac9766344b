import { unpackChecked } from '../../src/bytes/codec.js'
import { unpackError } from '../../src/bytes/error-record.js'
import { JrError } from '../../src/errors.js'
import type { FromDistributor, Reply } from '../../src/wire/messages.js'
import type { Waiter } from '../told/ticket.js'
import { SUSPECT } from './suspicion.js'

/** What a node is asked, with the number under which it answers. */
export type Question = Extract<FromDistributor, { request: number }>

/** The connection that there is now. `send` is false for what is larger than its frames. */
interface Way {
  send(message: Question): boolean
}

interface Asked {
  readonly message: Question
  readonly waiter: Waiter<unknown>
  readonly patient: boolean
  /** Grows each time that the connection is lost while it is on its way. */
  suspicion: number
}

/** What one node is asked and has not answered yet, over all its connections. */
export class Asking {
  readonly #node: string
  readonly #asked = new Map<number, Asked>()
  #requests = 0

  constructor(node: string) {
    this.#node = node
  }

  /**
   * `way`: null when there is none; what is asked waits for one then. `patient`: it is asked again when the connection is lost,
   * else it rejects with JR_CONNECTION.
   */
  ask(make: (request: number) => Question, patient: boolean, way: Way | null): Promise<unknown> {
    const message = make(++this.#requests)
    return new Promise((resolve, reject) => {
      this.#asked.set(message.request, { message, waiter: { resolve, reject }, patient, suspicion: 0 })
      if (way === null || way.send(message)) return
      this.#asked.delete(message.request)
      const text = `what is asked is larger than a frame that node ${this.#node} takes (its option maxFrame)`
      reject(new JrError('JR_ARGS_TOO_LARGE', text))
    })
  }

  /** There is a connection again. */
  again(way: Way): void {
    for (const { message } of this.#asked.values()) way.send(message)
  }

  answer({ request, ok, body }: Reply): void {
    const asked = this.#asked.get(request)
    this.#asked.delete(request)
    if (ok) asked?.waiter.resolve(unpackChecked(body))
    else asked?.waiter.reject(unpackError(body))
  }

  /** The connection is lost. What may be why, so often that it is suspected, is not asked again. */
  lost(blame: number): void {
    for (const [request, asked] of this.#asked) {
      asked.suspicion += blame
      if (asked.patient && asked.suspicion < SUSPECT) continue
      this.#asked.delete(request)
      asked.waiter.reject(away(this.#node))
    }
  }

  abandon(error: JrError): void {
    for (const { waiter } of this.#asked.values()) waiter.reject(error)
    this.#asked.clear()
  }
}

export function away(node: string): JrError {
  return new JrError('JR_CONNECTION', `node '${node}' is not connected`)
}

/** Whether a node could not be asked, or what it has answered is not known. */
export function isAway(error: unknown): boolean {
  return error instanceof JrError && error.code === 'JR_CONNECTION'
}
