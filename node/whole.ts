import type { Emitter } from '../src/emitter.js'
import type { NodeState } from '../src/wire/messages.js'
import type { NodeEvents } from './events.js'

/** What the parts ask of the node that they are of. */
export interface Whole {
  readonly events: Emitter<NodeEvents>
  readonly status: () => NodeState['status']
  /** Once it is open. */
  readonly storeId: () => string
  /** The least number of a waiting job that is taken up; 0: any. */
  readonly oldest: () => number
  /** The next number of the store. */
  readonly seq: () => number
  /** The node as a whole is paused, or is not any more. */
  readonly onPause: () => void
  /** The store can't be trusted any more. */
  readonly fail: (error: unknown) => void
}
