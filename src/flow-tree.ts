/** What of a job says where it stands. */
interface Needing {
  readonly key: string
  /** Null: all others. */
  readonly needs: readonly (string | null)[]
}

/** A job of a flow, below which of those that it needs it stands (null: at the left), and below how many. */
export interface Placed<Job> {
  readonly indent: number
  readonly parent: string | null
  readonly job: Job
}

/**
 * Each job once, below the deepest of those that it needs, and behind those in front of it. One whose needs are not there, or that
 * needs all others, stands at the left.
 */
export function treeOf<Job extends Needing>(jobs: readonly Job[]): Placed<Job>[] {
  const indents = indentsOf(jobs)
  const below = new Map<string, Job[]>()
  const first: Job[] = []
  const last: Job[] = []
  for (const job of jobs) {
    const over = parentOf(job, indents)
    if (job.needs.includes(null)) last.push(job)
    else if (over === null) first.push(job)
    else below.set(over, [...(below.get(over) ?? []), job])
  }
  const placed: Placed<Job>[] = []
  const left = [...first, ...last].reverse()
  for (let job = left.pop(); job !== undefined; job = left.pop()) {
    const parent = job.needs.includes(null) ? null : parentOf(job, indents)
    placed.push({ indent: indents.get(job.key) ?? 0, parent, job })
    left.push(...(below.get(job.key) ?? []).reverse())
  }
  return placed
}

function parentOf({ needs }: Needing, indents: ReadonlyMap<string, number>): string | null {
  let deepest: string | null = null
  for (const key of needs) {
    const indent = key === null ? undefined : indents.get(key)
    if (key === null || indent === undefined) continue
    if (deepest === null || indent > (indents.get(deepest) ?? 0)) deepest = key
  }
  return deepest
}

/** How long the longest way to each is. What needs each other in a circle, which no flow does, is not followed. */
function indentsOf(jobs: readonly Needing[]): ReadonlyMap<string, number> {
  const byKey = new Map(jobs.map((job) => [job.key, job]))
  const indents = new Map<string, number>()
  const open = new Set<string>()
  for (const job of jobs) {
    const path = [job]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const needs = top.needs.flatMap((key) => (key === null ? [] : (byKey.get(key) ?? [])))
      const next = needs.find(({ key }) => !indents.has(key) && !open.has(key))
      open.add(top.key)
      if (next !== undefined) {
        path.push(next)
        continue
      }
      const deepest = needs.map(({ key }) => indents.get(key) ?? -1)
      indents.set(top.key, Math.max(-1, ...deepest) + 1)
      path.pop()
    }
  }
  return indents
}
