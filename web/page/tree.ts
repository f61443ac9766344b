import { treeOf } from '../../src/flow-tree.js'
import type { FlowJob } from './types.js'

export interface Branch {
  readonly job: FlowJob
  readonly depth: number
  /** What it needs beside the one below which it stands. */
  readonly others: readonly string[]
}

/** The jobs of a flow as a tree. */
export function branches(jobs: readonly FlowJob[]): Branch[] {
  return treeOf(jobs).map(({ job, indent, parent }) => {
    const others = job.needs.filter((need) => need !== parent || need === null)
    return { job, depth: indent, others: others.map((need) => need ?? 'all others') }
  })
}
