import type { NameCounts, NodeCounts } from '../distributor/index.js'

/** The counts of a name on several nodes. */
export type SummedCounts = Omit<NameCounts, 'waitBuckets' | 'runBuckets'>

/** What several nodes have counted, as one. Of times the longest: to say that 95 % began within it stays true. */
export function sumOfCounts(some: readonly NameCounts[]): SummedCounts {
  const sum = (of: (one: NameCounts) => number) => some.reduce((all, one) => all + of(one), 0)
  const rates = (which: 'completedIn' | 'failedIn') => ({
    minute: sum((one) => one[which].minute),
    hour: sum((one) => one[which].hour),
    day: sum((one) => one[which].day),
  })
  return {
    waiting: sum(({ waiting }) => waiting),
    running: sum(({ running }) => running),
    completed: sum(({ completed }) => completed),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    completedIn: rates('completedIn'),
    failedIn: rates('failedIn'),
    wait: longest(some.map(({ wait }) => wait)),
    run: longest(some.map(({ run }) => run)),
  }
}

function longest(some: readonly NameCounts['wait'][]): NameCounts['wait'] {
  return some.reduce((all, one) => {
    if (all === null || one === null) return all ?? one
    return {
      p50: Math.max(all.p50, one.p50),
      p95: Math.max(all.p95, one.p95),
      p99: Math.max(all.p99, one.p99),
    }
  }, null)
}

export type NamedCounts = SummedCounts & { readonly name: string }

/** By name, over all nodes, in the order of names. */
export function countsByName(nodes: readonly NodeCounts[]): NamedCounts[] {
  const by = new Map<string, NameCounts[]>()
  for (const { names } of nodes)
    for (const { name, ...counts } of names) by.set(name, [...(by.get(name) ?? []), counts])
  return [...by]
    .map(([name, some]) => ({ name, ...sumOfCounts(some) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What the stores of all nodes have. */
export function storedOf(nodes: readonly NodeCounts[]): NodeCounts['stored'] {
  const sum = (of: keyof NodeCounts['stored']) => nodes.reduce((all, { stored }) => all + stored[of], 0)
  return {
    waiting: sum('waiting'),
    running: sum('running'),
    completed: sum('completed'),
    failed: sum('failed'),
    cancelled: sum('cancelled'),
    outcomes: sum('outcomes'),
  }
}

/** Since when the job is due that has been so the longest. */
export function oldestOf(nodes: readonly NodeCounts[]): Date | null {
  const times = nodes.flatMap(({ oldest }) => (oldest === null ? [] : [oldest.getTime()]))
  return times.length === 0 ? null : new Date(Math.min(...times))
}
