import { JrError } from '../../src/errors.js'
import type { Store } from '../../src/store/contract.js'
import { savedNote, savedOf } from '../../src/store/saved.js'
import type { Journal } from '../changes/journal.js'
import type { Attempt, AttemptResult } from './attempt.js'

/** What a job has said in an attempt. */
interface Said {
  /** It has saved something for its next attempt. */
  saved: boolean
}

export interface SayingsDeps {
  readonly store: Pick<Store, 'notes'>
  readonly journal: Pick<Journal, 'add'>
  /** The attempt still counts for something. */
  readonly isCurrent: (attempt: Attempt) => boolean
  readonly onError: (error: unknown) => void
}

/** What jobs say while they run, by the tokens of their attempts. Jobs that say nothing are not in here. */
export class Sayings {
  readonly #deps: SayingsDeps
  readonly #said = new Map<number, Said>()

  constructor(deps: SayingsDeps) {
    this.#deps = deps
  }

  /** Saves a value in place of the one of before. `done` is called when it is on the disk, or is not to be. */
  save(attempt: Attempt, value: Buffer, done: (error: JrError | null) => void): void {
    const { journal, isCurrent } = this.#deps
    const { job, token } = attempt
    if (!isCurrent(attempt)) {
      return done(new JrError('JR_STOPPED', `this attempt of '${job.name}' is over: it can save nothing`))
    }
    this.#of(token).saved = true
    const notes = [{ ...savedNote(job.id), value }]
    journal.add({ kind: 'note', notes, done: () => done(null) }, true)
  }

  /** What a job has saved in earlier attempts; null: nothing. */
  async saved(id: string): Promise<Buffer | null> {
    const { store, onError } = this.#deps
    try {
      return await savedOf(store, id)
    } catch (error) {
      onError(error)
      return null
    }
  }

  /** The result of an attempt that is over: of its job it is known now what that has said. */
  heard(result: AttemptResult): AttemptResult {
    const { attempt } = result
    const said = this.#said.get(attempt.token)
    if (said === undefined) return result
    this.#said.delete(attempt.token)
    const { job } = attempt
    if (!said.saved || job.course.saved) return result
    return { ...result, attempt: { ...attempt, job: { ...job, course: { ...job.course, saved: true } } } }
  }

  #of(token: number): Said {
    const there = this.#said.get(token)
    if (there !== undefined) return there
    const made: Said = { saved: false }
    this.#said.set(token, made)
    return made
  }
}
