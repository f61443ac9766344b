import type { JrError } from '../src/errors.js'
import type { Outcome } from '../src/job/record.js'

/** What happens to jobs on this node, for those who listen. A listener that throws is logged and harms nothing. */
export type NodeEvents = {
  /** A job has ended, or a run of a schedule; `state` says how. */
  'job:completed': Outcome
  'job:failed': Outcome
  'job:cancelled': Outcome
  /** The store failed; the node stops. */
  'node:failed': JrError
}
