import { JrError } from '../../../src/errors.js'
import type { Deadlines } from './deadlines.js'

const FIRST_MS = 100
const LONGEST_MS = 30_000

/** Children that end within this of being ready, or before, are counted as failures in a row. */
export const SHORT_LIFE_MS = 1000

/** How many in a row before it is said aloud. */
const ALARMING = 5

/**
 * How long to wait before the next child, after so many in a row that did not live. The first is replaced at once:
 * one job that kills its child must not keep the others waiting.
 */
export function respawnDelay(failuresInRow: number): number {
  if (failuresInRow <= 1) return 0
  return Math.min(FIRST_MS * 2 ** (failuresInRow - 2), LONGEST_MS)
}

/** When a child that has ended is replaced. */
export class Respawn {
  readonly #deadlines: Pick<Deadlines, 'in'>
  readonly #onTime: () => void
  readonly #onFailure: (error: JrError) => void
  /** Children in a row that did not live. */
  #failures = 0
  #waits = false

  /** `onTime`: now. `onFailure`: children do not live. */
  constructor(deadlines: Pick<Deadlines, 'in'>, onTime: () => void, onFailure: (error: JrError) => void) {
    this.#deadlines = deadlines
    this.#onTime = onTime
    this.#onFailure = onFailure
  }

  /** For now no child is to be started. */
  get waits(): boolean {
    return this.#waits
  }

  /** Something has ended well on a child. */
  lived(): void {
    this.#failures = 0
  }

  /** A child has ended. `short`: before it could do anything. */
  ended(short: boolean): void {
    if (short) this.#failures++
    if (this.#waits) return
    if (this.#failures === ALARMING) {
      const text = `${ALARMING} children in a row ended before they could do anything; the node goes on trying`
      this.#onFailure(new JrError('JR_CHILD_START', text))
    }
    const delay = respawnDelay(this.#failures)
    if (delay === 0) return this.#onTime()
    this.#waits = true
    this.#deadlines.in(delay, () => {
      this.#waits = false
      this.#onTime()
    })
  }
}
