import type { Clock } from './clock.js'
import type { Facts, Logger } from './logger.js'

/** One line of a kind in this time. */
const EVERY_MS = 10_000
/** Of what goes on until a person does something. */
export const RARELY_MS = 600_000

interface Kind {
  at: number
  unsaid: number
}

/**
 * Lines of which somebody else decides how many there are: of each kind one is written in 10 s, or in the time that is asked
 * for, whatever it says, and the next one tells how many were not (`unsaid`).
 */
export class CountedLines {
  readonly #log: Logger
  readonly #clock: Pick<Clock, 'mono'>
  readonly #everyMs: number
  readonly #kinds = new Map<string, Kind>()

  constructor(log: Logger, clock: Pick<Clock, 'mono'>, everyMs = EVERY_MS) {
    this.#log = log
    this.#clock = clock
    this.#everyMs = everyMs
  }

  /** `event` is the kind: one of the project's own, never made of what somebody else says. */
  warn(event: string, facts: Facts): void {
    this.#say('warn', event, facts)
  }

  error(event: string, facts: Facts): void {
    this.#say('error', event, facts)
  }

  #say(level: 'warn' | 'error', event: string, facts: Facts): void {
    const kind = this.#kinds.get(event)
    const now = this.#clock.mono()
    if (kind !== undefined && now - kind.at < this.#everyMs) {
      kind.unsaid++
      return
    }
    this.#kinds.set(event, { at: now, unsaid: 0 })
    const unsaid = kind?.unsaid ?? 0
    this.#log[level](event, unsaid === 0 ? facts : { ...facts, unsaid })
  }
}
