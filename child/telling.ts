import type { Run } from '../src/attempt/messages.js'
import { packValue } from '../src/bytes/values.js'
import type { Clock } from '../src/clock.js'
import { MAX_PROGRESS } from '../src/rules.js'
import { messageOf } from '../src/thrown.js'

export interface TellingDeps {
  readonly clock: Clock
  readonly send: (token: number, value: Buffer) => void
  /** The node reads what it is sent. */
  readonly writable: () => boolean
  /** A value that waited can't be sent. */
  readonly onWarning: (run: Run, text: string) => void
}

/** What an attempt has told, and what it is to tell next. */
interface Told {
  readonly run: Run
  sentAt: number
  waits: boolean
  value: unknown
}

/** Between two values of one attempt that the node is told: at most ten a second. */
const BETWEEN_MS = 100

/** `ctx.progress`: of each attempt the node is told the first value at once, and the latest one after a while; all with one timer. */
export class Telling {
  readonly #deps: TellingDeps
  readonly #told = new Map<number, Told>()
  readonly #waiting = new Set<Told>()
  #timed = false

  constructor(deps: TellingDeps) {
    this.#deps = deps
  }

  tell(run: Run, value: unknown): void {
    const told = this.#told.get(run.token)
    if (told?.waits === true) {
      told.value = value
      return
    }
    const now = this.#deps.clock.mono()
    if (told === undefined || (now - told.sentAt >= BETWEEN_MS && this.#deps.writable())) {
      this.#deps.send(run.token, packed(value))
      if (told === undefined) this.#told.set(run.token, { run, sentAt: now, waits: false, value: null })
      else told.sentAt = now
      return
    }
    told.value = value
    told.waits = true
    this.#waiting.add(told)
    this.#wait()
  }

  /** The attempt is over: its last value goes before the node hears of that. */
  over(token: number): void {
    const told = this.#told.get(token)
    if (told === undefined) return
    if (told.waits) this.#send(told, 0)
    this.#told.delete(token)
  }

  #wait(): void {
    if (this.#timed) return
    this.#timed = true
    this.#deps.clock.setTimer(BETWEEN_MS, this.#go)
  }

  readonly #go = (): void => {
    this.#timed = false
    const now = this.#deps.clock.mono()
    if (this.#deps.writable()) {
      for (const told of this.#waiting) if (now - told.sentAt >= BETWEEN_MS) this.#send(told, now)
    }
    if (this.#waiting.size > 0) this.#wait()
  }

  #send(told: Told, now: number): void {
    const { run, value } = told
    told.waits = false
    told.value = null
    told.sentAt = now
    this.#waiting.delete(told)
    try {
      this.#deps.send(run.token, packed(value))
    } catch (error) {
      this.#deps.onWarning(run, messageOf(error))
    }
  }
}

function packed(value: unknown): Buffer {
  return packValue(value, 'ctx.progress: value', MAX_PROGRESS)
}
