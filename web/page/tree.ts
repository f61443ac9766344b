import type { FlowJob } from './types.js'

export interface Branch {
  readonly job: FlowJob
  readonly depth: number
  /** Beside the one below which it stands. */
  readonly others: readonly string[]
}

/**
 * The jobs of a flow as a tree: each stands once, below the last of those that it needs in the order of the tree. One that needs all
 * others stands at the end.
 */
export function branches(jobs: readonly FlowJob[]): Branch[] {
  const by = new Map(jobs.map((job) => [job.key, job]))
  const depths = new Map<string, number>()
  const depthOf = (job: FlowJob, seen: readonly string[] = []): number => {
    const known = depths.get(job.key)
    if (known !== undefined) return known
    const above = needsOf(job, by)
    const depth =
      above.length === 0 || seen.includes(job.key)
        ? 0
        : Math.max(...above.map((one) => depthOf(one, [...seen, job.key]))) + 1
    depths.set(job.key, depth)
    return depth
  }
  const below = new Map<string | null, FlowJob[]>()
  const last: FlowJob[] = []
  for (const job of jobs) {
    if (job.needs.includes(null)) {
      last.push(job)
      continue
    }
    const parent = needsOf(job, by).toSorted((a, b) => depthOf(b) - depthOf(a))[0]?.key ?? null
    below.set(parent, [...(below.get(parent) ?? []), job])
  }
  const placed: Branch[] = []
  const place = (parent: string | null, depth: number) => {
    for (const job of below.get(parent) ?? []) {
      const others = job.needs.filter((need) => need !== parent).map(String)
      placed.push({ job, depth, others })
      place(job.key, depth + 1)
    }
  }
  place(null, 0)
  return [...placed, ...last.map((job) => ({ job, depth: 0, others: ['all others'] }))]
}

function needsOf(job: FlowJob, by: ReadonlyMap<string, FlowJob>): FlowJob[] {
  return job.needs.flatMap((key) => {
    const need = key === null ? undefined : by.get(key)
    return need === undefined ? [] : [need]
  })
}
