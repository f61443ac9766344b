import type { StateCounts } from '../../src/job/states.js'

/** How many jobs of a flow are in each state. */
export type FlowCounts = StateCounts
