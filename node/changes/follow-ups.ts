import type { JrError } from '../../src/errors.js'
import type { NodeInsert } from './journal.js'

/** What attempts have enqueued to become jobs when they complete. */
export interface FollowUp {
  readonly inserts: NodeInsert[]
  /** One of them can't be a job here, so the attempt can't complete. */
  refused: JrError | null
}

/** By the tokens of the attempts, which have not ended. Nothing of it is on the disk. */
export class FollowUps {
  readonly #byToken = new Map<number, FollowUp>()

  add(token: number, job: NodeInsert | JrError): void {
    const of = this.#byToken.get(token) ?? { inserts: [], refused: null }
    this.#byToken.set(token, of)
    if ('kind' in job) of.inserts.push(job)
    else of.refused ??= job
  }

  /** The attempt has ended. */
  take(token: number): FollowUp | null {
    if (this.#byToken.size === 0) return null
    const of = this.#byToken.get(token) ?? null
    this.#byToken.delete(token)
    return of
  }
}
