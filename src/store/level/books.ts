import type { JournalEntries } from './journal.js'
import type { RowCounts } from './meta.js'
import type { Notes } from './notes.js'
import type { Rows } from './rows.js'
import type { Taken } from './taken.js'
import type { Young } from './young.js'

/** Where changes are noted down: what becomes of what is young, of rows, and of how many there are. */
export interface Books {
  readonly young: Young
  readonly journal: JournalEntries
  readonly rows: Rows
  readonly notes: Notes
  readonly taken: Taken
  readonly counts: RowCounts
}
