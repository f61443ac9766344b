import { JrError } from '../../src/errors.js'
import { BUNDLE } from '../../src/rules.js'
import type { NodeInsert } from '../changes/journal.js'

/** Why none of the jobs is taken: the first that can't be. */
export interface Reason {
  readonly number: number
  readonly error: JrError
}

/** Jobs of one sender that are to be taken together, while they come. */
export class Bundle {
  readonly inserts: NodeInsert[] = []
  #count = 0
  #bytes = 0
  reason: Reason | null = null

  /** Throws JR_PROTOCOL when more comes than may be taken together. */
  count(bytes: number): void {
    this.#count++
    this.#bytes += bytes
    if (this.#count <= BUNDLE.jobs && (this.#bytes <= BUNDLE.bytes || this.#count === 1)) return
    const text = `more than ${BUNDLE.jobs} jobs, or ${BUNDLE.bytes} bytes of args and terms, that are to be taken together`
    throw new JrError('JR_PROTOCOL', text)
  }

  refuse(number: number, error: JrError): void {
    this.reason ??= { number, error }
    // Nobody needs them any more.
    this.inserts.length = 0
  }
}
