import type { Clock } from '../../src/clock.js'
import type { GroupCommit } from '../../src/store/group-commit.js'
import type { Flows } from '../flows/flows.js'
import type { Replacing } from '../order/replacing.js'
import type { Series } from '../order/series.js'
import { withNotes } from './indexes.js'
import type { Journal, NodeChange } from './journal.js'

/** What stands between the parts of a node and its store. */
interface Layers {
  readonly flows: Flows
  readonly replacing: Replacing
  readonly series: Series
}

/** What flows write past themselves. */
interface Below {
  readonly write: (change: NodeChange, durable: boolean) => void
  /** The same, of what has its notes and its place in a series already. */
  readonly again: (change: NodeChange, durable: boolean) => void
  /** All that was written before is in the store. */
  readonly written: () => Promise<void>
}

/** The one way to the store: an end with all that follows from it in its flow, a job in its series, a change with its notes. */
export function journalOf(
  commits: GroupCommit<NodeChange>,
  clock: Pick<Clock, 'now'>,
  layers: () => Layers,
): { readonly journal: Journal; readonly below: Below } {
  const again = (change: NodeChange, durable: boolean) => commits.add(change, durable)
  const write = (change: NodeChange, durable: boolean) =>
    again(withNotes(layers().series.place(layers().replacing.place(change)), clock), durable)
  const journal: Journal = {
    add: (change, durable) => {
      const placed = layers().flows.place(change, durable)
      if (placed !== null) write(placed, durable)
    },
    flushed: async () => {
      const { flows } = layers()
      if (!flows.isIdle) await flows.idle()
      await commits.flushed()
    },
  }
  return { journal, below: { write, again, written: () => commits.flushed() } }
}
