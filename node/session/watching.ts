import type { Outcome } from '../../src/job/record.js'
import type { Reach, Sender, Watched } from '../changes/reach.js'
import type { Watchers } from '../changes/watchers.js'

export interface WatchingDeps {
  readonly watchers: Watchers
  readonly reach: Pick<Reach, 'watch'>
  /** The id of the job that has this key, which it is to be the only one by. */
  readonly holder: (key: string) => Promise<string | null>
}

/** Jobs of whose end one app is told, while it is connected, whoever has enqueued them. */
export class Watching {
  readonly #deps: WatchingDeps
  readonly #by: Sender
  readonly #tell: (outcome: Outcome) => void
  /** Each with how to tell of it no longer. */
  readonly #watches = new Map<string, () => void>()

  constructor(by: Sender, tell: (outcome: Outcome) => void, deps: WatchingDeps) {
    this.#by = by
    this.#tell = tell
    this.#deps = deps
  }

  /** What it has enqueued itself it is told of anyway. */
  add(id: string): void {
    if (this.#watches.has(id)) return
    const forget = this.#deps.watchers.add(id, null, (outcome) => {
      if (!outcome.more) this.#watches.delete(id)
      if (outcome.instance !== this.#by.instance) this.#tell(outcome)
    })
    this.#watches.set(id, forget)
  }

  /**
   * It asks for a job. Where that is not there, or has ended, `key` says what it was to be the only one by, and the one that
   * has that is meant; empty: nothing. Answers with the id of the job that it is.
   */
  async ask(id: string, key: string): Promise<readonly [...Watched, id: string]> {
    const found = await this.#askFor(id)
    const there = found[0] === 'watching' || key === '' ? null : await this.#deps.holder(key)
    return there === null ? [...found, id] : [...(await this.#askFor(there)), there]
  }

  /** It is told when this job ends. */
  has(id: string): boolean {
    return this.#watches.has(id)
  }

  close(): void {
    for (const forget of this.#watches.values()) forget()
    this.#watches.clear()
  }

  async #askFor(id: string): Promise<Watched> {
    // Before it is looked for: it may end meanwhile.
    this.add(id)
    const found = await this.#deps.reach.watch(id, this.#by)
    if (found[0] !== 'watching') {
      this.#watches.get(id)?.()
      this.#watches.delete(id)
    }
    return found
  }
}
