import type { Outcome } from '../../src/job/record.js'
import { copyKey } from './facts.js'

/** Copies that are remembered. */
const MOST = 1000

/** Outcomes of jobs of other senders that a node has told because somebody here waited for them: the last of them. */
export class Copies {
  readonly #keys = new Set<string>()

  add(outcome: Outcome): void {
    const [oldest] = this.#keys
    if (this.#keys.size >= MOST && oldest !== undefined) this.#keys.delete(oldest)
    this.#keys.add(copyKey(outcome))
  }

  /** It may come once more, when its sender was another life of this app. A retried job has the edition of before. */
  take(outcome: Outcome): boolean {
    return this.#keys.delete(copyKey(outcome))
  }
}
