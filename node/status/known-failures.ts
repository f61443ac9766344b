import type { Clock } from '../../src/clock.js'
import type { ListPage, ListQuery, Store } from '../../src/store/contract.js'
import type { FailuresOfNode } from '../../src/verbs/failures.js'
import { failuresOf } from './failures.js'

interface KnownFailuresDeps {
  readonly list: (query: ListQuery) => Promise<ListPage>
  readonly store: Pick<Store, 'counts'>
  /** How many jobs have failed in this life of the node. */
  readonly failed: () => number
  readonly clock: Pick<Clock, 'mono'>
}

/** Names whose failures are known. */
const MOST = 20

/** An open page asks each second: the failed jobs are gone through again only if one has come or gone. */
export class KnownFailures {
  readonly #deps: KnownFailuresDeps
  readonly #answers = new Map<string | undefined, Promise<FailuresOfNode>>()
  /** What the answers are of. */
  #stamp = ''

  constructor(deps: KnownFailuresDeps) {
    this.#deps = deps
  }

  async of(name: string | undefined): Promise<FailuresOfNode> {
    const { list, store, failed, clock } = this.#deps
    // One that goes as another comes: the first number has grown.
    const stamp = `${failed()} ${(await store.counts()).failed}`
    if (stamp !== this.#stamp || this.#answers.size >= MOST) this.#answers.clear()
    this.#stamp = stamp
    const known = this.#answers.get(name)
    if (known !== undefined) return known
    const answer = failuresOf(name, list, clock)
    this.#answers.set(name, answer)
    // The next one tries again.
    answer.catch(() => this.#answers.get(name) === answer && this.#answers.delete(name))
    return answer
  }
}
