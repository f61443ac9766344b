import type { Clock } from '../../src/clock.js'
import { TERMINAL_STATES } from '../../src/job/states.js'
import type { Store } from '../../src/store/contract.js'
import type { NodeConfig } from '../settings.js'

/** Ended jobs are pruned when a node starts and each time so many more have been kept: no timer for it. */
const EVERY = 1000

/** Forgets ended jobs that are older, or more, than the options say. */
export class Pruner {
  readonly #store: Store
  readonly #config: NodeConfig
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  #kept = 0

  constructor(store: Store, config: NodeConfig, clock: Clock, onError: (error: unknown) => void) {
    this.#store = store
    this.#config = config
    this.#clock = clock
    this.#onError = onError
  }

  /** One more ended job was kept. */
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
  }
}
