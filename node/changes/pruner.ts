import type { Clock } from '../../src/clock.js'
import { TERMINAL_STATES } from '../../src/job/states.js'
import type { Store } from '../../src/store/contract.js'
import { ENDING, endedBefore, keyOfEnding, UNIQUE } from '../../src/store/unique.js'
import type { NodeConfig } from '../settings.js'
import type { Journal } from './journal.js'

/** What is kept for a time is pruned when a node starts and each time so much more has been kept: no timer for it. */
const EVERY = 1000
/** Keys that are looked at together. */
const PAGE = 500

/** Forgets ended jobs that are older, or more, than the options say, and results and keys whose time is over. */
export class Pruner {
  readonly #store: Store
  readonly #journal: Journal
  readonly #config: NodeConfig
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  #kept = 0

  constructor(
    store: Store,
    journal: Journal,
    config: NodeConfig,
    clock: Clock,
    onError: (error: unknown) => void,
  ) {
    this.#store = store
    this.#journal = journal
    this.#config = config
    this.#clock = clock
    this.#onError = onError
  }

  /** One more ended job, or key with a time, was kept. */
  kept(): void {
    this.#kept++
    if (this.#kept < EVERY) return
    this.prune().catch(this.#onError)
  }

  async prune(): Promise<void> {
    this.#kept = 0
    const { keepAgeMs, keepCount } = this.#config
    const olderThan = keepAgeMs === 0 ? 0 : this.#clock.now() - keepAgeMs
    for (const state of TERMINAL_STATES) await this.#store.prune(state, olderThan, keepCount)
    await this.#store.prune('result', this.#clock.now(), Number.MAX_SAFE_INTEGER)
    await this.#pruneKeys()
  }

  /** Where nodes share a store each of them may do so: a key that another job has by now stays. */
  async #pruneKeys(): Promise<void> {
    const now = this.#clock.now()
    for (;;) {
      const over = await this.#store.notes(ENDING, { before: endedBefore(now) }, PAGE)
      if (over.length === 0) return
      for (const { key } of over) {
        const unlessTaken = {
          shelf: UNIQUE,
          key: keyOfEnding(key),
          value: null,
          unless: 'taken',
          at: now,
        } as const
        this.#journal.add({ kind: 'note', notes: [unlessTaken], done: null }, false)
        this.#journal.add({ kind: 'note', notes: [{ shelf: ENDING, key, value: null }], done: null }, false)
      }
      await this.#journal.flushed()
    }
  }
}
