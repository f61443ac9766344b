import type { Outcome } from '../../src/job/record.js'

interface Watcher {
  /** Of the job that is waited for; null: of whichever has the id now. */
  edition: number | null
  /** `stored`: it is kept until the distributor has taken it. */
  readonly tell: (outcome: Outcome, stored: boolean) => void
}

/** Who is here and waits for the end of a job, by the id of the job. Nothing of it is on the disk. */
export class Watchers {
  readonly #byId = new Map<string, Set<Watcher>>()

  /** `edition`: null when it is not known which job of the id is there. Answers how to wait no longer. */
  add(id: string, edition: number | null, tell: Watcher['tell']): () => void {
    const watchers = this.#byId.get(id) ?? new Set()
    const watcher = { edition, tell }
    this.#byId.set(id, watchers.add(watcher))
    return () => this.#remove(id, watchers, watcher)
  }

  /** A job has ended, or a run of a schedule. */
  ended(outcome: Outcome, stored: boolean): void {
    const watchers = this.#byId.get(outcome.id)
    if (watchers === undefined) return
    for (const watcher of [...watchers]) {
      if (watcher.edition !== null && watcher.edition !== outcome.edition) continue
      if (!outcome.more) this.#remove(outcome.id, watchers, watcher)
      watcher.tell(outcome, stored)
    }
  }

  /** Those who wait for the one wait for the other from now on. */
  follow(id: string, into: string): void {
    const watchers = this.#byId.get(id)
    if (watchers === undefined) return
    this.#byId.delete(id)
    for (const { tell } of watchers) this.add(into, null, tell)
  }

  #remove(id: string, watchers: Set<Watcher>, watcher: Watcher): void {
    watchers.delete(watcher)
    if (watchers.size === 0 && this.#byId.get(id) === watchers) this.#byId.delete(id)
  }
}
