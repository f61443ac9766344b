import type { AbortReason } from '../../../src/attempt/messages.js'
import type { Deadlines } from './deadlines.js'
import { CATCH_UP_MS } from './staff.js'

export type OverdueStatus = 'timeout' | 'cancelled'

export interface OverdueHandlers {
  readonly runs: (token: number) => boolean
  /** What children have said may not have been read: an attempt that seems to run may have ended. */
  readonly isUnread: () => boolean
  /** To end: its signal aborts. */
  readonly ask: (token: number, reason: AbortReason) => void
  /** It has not ended although it was asked to. */
  readonly convict: (token: number, status: OverdueStatus) => void
}

/** Attempts that are to end: each is asked to, and has a grace for it. */
export class Overdue {
  readonly #deadlines: Pick<Deadlines, 'in'>
  readonly #graceMs: number
  readonly #handlers: OverdueHandlers

  constructor(deadlines: Pick<Deadlines, 'in'>, graceMs: number, handlers: OverdueHandlers) {
    this.#deadlines = deadlines
    this.#graceMs = graceMs
    this.#handlers = handlers
  }

  /** An attempt that may take so long begins; 0: any time. */
  begin(token: number, timeoutMs: number): void {
    if (timeoutMs > 0) this.#deadlines.in(timeoutMs, () => this.#timeOut(token))
  }

  end(token: number, status: OverdueStatus): void {
    this.#handlers.ask(token, status === 'timeout' ? 'timeout' : 'cancel')
    this.#deadlines.in(this.#graceMs, () => this.#judge(token, status))
  }

  #timeOut(token: number): void {
    const { runs, isUnread } = this.#handlers
    if (!runs(token)) return
    if (isUnread()) this.#deadlines.in(CATCH_UP_MS, () => this.#timeOut(token))
    else this.end(token, 'timeout')
  }

  #judge(token: number, status: OverdueStatus): void {
    const { runs, isUnread, convict } = this.#handlers
    if (!runs(token)) return
    if (isUnread()) this.#deadlines.in(CATCH_UP_MS, () => this.#judge(token, status))
    else convict(token, status)
  }
}
