import type { Outcome } from '../../job/record.js'
import type { Acknowledge } from '../contract.js'
import { encodeOutcome } from '../records.js'
import type { Books } from './books.js'
import type { RowBatch } from './row-batch.js'

/** What changes do to outcomes: young ones, and such with rows of their own. */
export class Outcomes {
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  report(batch: RowBatch, outcome: Outcome): void {
    const { young, journal } = this.#books
    if (!young.hasRoomForOutcome) return this.#putRow(batch, outcome)
    young.outcome(outcome)
    journal.outcome(outcome)
  }

  /** Counted only when it is there: the same outcome may be acknowledged twice. */
  acknowledge(batch: RowBatch, { distributor, seqs }: Acknowledge): void {
    const { young, journal, rows, counts } = this.#books
    for (const seq of seqs) {
      if (young.outcomeGone(distributor, seq)) {
        journal.outcomeGone(distributor, seq)
        continue
      }
      const key = rows.outcomeKey({ distributor, seq })
      if (!rows.hasOutcome(key)) continue
      batch.del(key)
      rows.outcomeNow(key, false)
      counts.outcomes--
    }
  }

  /** A young one gets a row. */
  giveRow(batch: RowBatch, outcome: Outcome): void {
    const { young, journal } = this.#books
    young.outcomeGone(outcome.distributor, outcome.seq)
    journal.outcomeGone(outcome.distributor, outcome.seq)
    this.#putRow(batch, outcome)
  }

  #putRow(batch: RowBatch, outcome: Outcome): void {
    const { rows, counts } = this.#books
    const key = rows.outcomeKey(outcome)
    batch.put(key, encodeOutcome(outcome))
    rows.outcomeNow(key, true)
    counts.outcomes++
  }
}
