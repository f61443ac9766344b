import type { AuditEntry } from './options.js'

/** The last of them are in memory, for the page. */
const KEPT = 200

/** Who has changed what. */
export class Audit {
  readonly #entries: AuditEntry[] = []
  readonly #tell: (entry: AuditEntry) => void
  readonly #failed: (error: unknown) => void

  /** `failed`: `tell` has thrown. */
  constructor(tell: (entry: AuditEntry) => void, failed: (error: unknown) => void) {
    this.#tell = tell
    this.#failed = failed
  }

  add(entry: AuditEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > KEPT) this.#entries.shift()
    try {
      this.#tell(entry)
    } catch (error) {
      // What was done is done, and is answered as that.
      this.#failed(error)
    }
  }

  /** The newest first. */
  get latest(): readonly AuditEntry[] {
    return this.#entries.toReversed()
  }
}
