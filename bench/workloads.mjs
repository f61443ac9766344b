import backlog from './workloads/backlog.mjs'
import bulk from './workloads/bulk.mjs'
import delayed from './workloads/delayed.mjs'
import drain from './workloads/drain.mjs'
import flow from './workloads/flow.mjs'
import heavy from './workloads/heavy.mjs'
import large from './workloads/large.mjs'
import one from './workloads/one.mjs'
import priorities from './workloads/priorities.mjs'

/**
 * A workload: what is measured, told to people by `title` and `text(settings)`; its `measures`, the first of which is
 * the one that is compared; `hold`, when workers may not begin at once; `systems`, when they are not those of the
 * command line; `apart`, when it runs only by name, as it takes minutes.
 */
export const WORKLOADS = [flow, bulk, drain, one, delayed, large, heavy, backlog, priorities]
