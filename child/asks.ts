import { JrError } from '../src/errors.js'
import type { ChildEnqueue } from '../src/pipe/messages.js'
import { fits, WINDOWS, Window } from '../src/window.js'

export interface AsksDeps {
  readonly send: (message: ChildEnqueue) => void
  /** All that this attempt has enqueued has been sent. */
  readonly onSent: (token: number) => void
}

/**
 * What jobs enqueue, on its way from their child to the node: no more than a window is sent and not confirmed. The rest waits
 * here, and its attempts do not end before it is sent. Who enqueues on and on, and waits for nothing, is refused at last.
 */
export class Asks {
  readonly #deps: AsksDeps
  readonly #window = new Window(WINDOWS.asks)
  /** Bytes of those that are sent and not confirmed, by their number. */
  readonly #sent = new Map<number, number>()
  /** Asks that wait, in order. */
  readonly #waiting = new Map<number, ChildEnqueue>()
  #waitingBytes = 0
  /** How many wait of each attempt. */
  readonly #byToken = new Map<number, number>()

  constructor(deps: AsksDeps) {
    this.#deps = deps
  }

  /** Why it is not taken, or null. */
  add(ask: ChildEnqueue): JrError | null {
    const bytes = ask.job.args.length
    if (this.#waiting.size === 0 && this.#window.fits(bytes)) {
      this.#send(ask)
      return null
    }
    const held = this.#waiting.size
    if (!fits(held, this.#waitingBytes, bytes, WINDOWS.unsent)) {
      const text = `${held} jobs with ${this.#waitingBytes} bytes of args wait in the child for their node; '${ask.job.name}' was not taken`
      return new JrError('JR_BACKLOG_FULL', `${text}. Await the 'accepted' of some before you enqueue more`)
    }
    this.#waiting.set(ask.request, ask)
    this.#waitingBytes += bytes
    this.#byToken.set(ask.token, (this.#byToken.get(ask.token) ?? 0) + 1)
    return null
  }

  /** Something of this attempt waits here. */
  waits(token: number): boolean {
    return this.#byToken.has(token)
  }

  /** The node has said what became of it: said twice, it counts once. */
  confirmed(request: number): void {
    const bytes = this.#sent.get(request)
    if (bytes === undefined) return
    this.#sent.delete(request)
    this.#window.remove(bytes)
    for (const ask of this.#waiting.values()) {
      if (!this.#window.fits(ask.job.args.length)) return
      this.#release(ask)
    }
  }

  #release(ask: ChildEnqueue): void {
    const { request, token } = ask
    this.#waiting.delete(request)
    this.#waitingBytes -= ask.job.args.length
    this.#send(ask)
    const left = (this.#byToken.get(token) ?? 1) - 1
    if (left > 0) this.#byToken.set(token, left)
    else {
      this.#byToken.delete(token)
      this.#deps.onSent(token)
    }
  }

  #send(ask: ChildEnqueue): void {
    this.#window.add(ask.job.args.length)
    this.#sent.set(ask.request, ask.job.args.length)
    this.#deps.send(ask)
  }
}
