import { JOB_STATES, type JobState } from '../../src/job/states.js'

/** How many jobs of a flow are in each state. */
export type FlowCounts = Readonly<Record<JobState, number>>

export function countsOf(states: readonly JobState[]): FlowCounts {
  const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>
  for (const state of states) counts[state]++
  return counts
}
