import type { Distributor, NodeCounts, NodeStatus } from '../../distributor/index.js'

/** What the numbers are made of. */
export interface Facts {
  readonly counts: readonly NodeCounts[]
  readonly statuses: readonly NodeStatus[]
  readonly nodes: ReturnType<Distributor['nodes']>
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One number, of many things. Names and units by the conventions of Prometheus: base units, `_total` for what only grows. */
export interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly unit: 'jobs' | 'bytes' | 'seconds' | '1'
  readonly help: string
  readonly samples: (facts: Facts) => Sample[]
}

const STORED = ['waiting', 'running', 'completed', 'failed', 'cancelled'] as const
const ENDS = ['completed', 'failed', 'cancelled'] as const

/** Each name that a node counts by itself, and the others under none. */
function ofNames({ node, names, others }: NodeCounts) {
  const all = names.map(({ name, ...counts }) => ({ labels: { node, name }, counts }))
  return others === null ? all : [...all, { labels: { node, name: '' }, counts: others }]
}

export const METRICS: readonly Metric[] = [
  {
    name: 'job_reactor_node_up',
    type: 'gauge',
    unit: '1',
    help: 'Whether the node is connected.',
    samples: ({ nodes }) =>
      nodes.map(({ name, status }) => ({ labels: { node: name }, value: status === 'disconnected' ? 0 : 1 })),
  },
  {
    name: 'job_reactor_node_paused',
    type: 'gauge',
    unit: '1',
    help: 'Whether the node is paused.',
    samples: ({ statuses }) =>
      statuses.map(({ node, paused }) => ({ labels: { node }, value: paused === null ? 0 : 1 })),
  },
  {
    name: 'job_reactor_node_start_time_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the node was started, since the epoch.',
    samples: ({ statuses }) =>
      statuses.map(({ node, startedAt }) => ({ labels: { node }, value: startedAt.getTime() / 1000 })),
  },
  {
    name: 'job_reactor_node_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory of the node process, without its children.',
    samples: ({ statuses }) => statuses.map(({ node, memory }) => ({ labels: { node }, value: memory })),
  },
  {
    name: 'job_reactor_children',
    type: 'gauge',
    unit: '1',
    help: 'Child processes.',
    samples: ({ statuses }) =>
      statuses.flatMap(({ node, children }) =>
        (['evented', 'deferred'] as const).map((kind) => ({
          labels: { node, kind },
          value: children.filter((child) => child.kind === kind).length,
        })),
      ),
  },
  {
    name: 'job_reactor_children_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory of all children of the node, where it is known.',
    samples: ({ statuses }) =>
      statuses.map(({ node, children }) => ({
        labels: { node },
        value: children.reduce((sum, { memory }) => sum + (memory ?? 0), 0),
      })),
  },
  {
    name: 'job_reactor_store_jobs',
    type: 'gauge',
    unit: 'jobs',
    help: 'Jobs in the store of the node, by what they are.',
    samples: ({ counts }) =>
      counts.flatMap(({ node, stored }) =>
        STORED.map((state) => ({ labels: { node, state }, value: stored[state] })),
      ),
  },
  {
    name: 'job_reactor_store_outcomes',
    type: 'gauge',
    unit: 'jobs',
    help: 'Outcomes that wait for their app.',
    samples: ({ counts }) => counts.map(({ node, stored }) => ({ labels: { node }, value: stored.outcomes })),
  },
  {
    name: 'job_reactor_store_free_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Free space of the disk on which the store is.',
    samples: ({ statuses }) =>
      statuses.flatMap(({ node, store }) =>
        store.freeBytes === null ? [] : [{ labels: { node }, value: store.freeBytes }],
      ),
  },
  {
    name: 'job_reactor_oldest_due_time_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Since when the job is due that has been so the longest, since the epoch. Absent when none is due.',
    samples: ({ counts }) =>
      counts.flatMap(({ node, oldest }) =>
        oldest === null ? [] : [{ labels: { node }, value: oldest.getTime() / 1000 }],
      ),
  },
  {
    name: 'job_reactor_jobs_running',
    type: 'gauge',
    unit: 'jobs',
    help: 'Jobs that run now, by name.',
    samples: ({ counts }) =>
      counts.flatMap((one) => ofNames(one).map(({ labels, counts }) => ({ labels, value: counts.running }))),
  },
  {
    name: 'job_reactor_jobs_waiting',
    type: 'gauge',
    unit: 'jobs',
    help: 'Jobs that wait, by name, without those that did before the node was started.',
    samples: ({ counts }) =>
      counts.flatMap((one) => ofNames(one).map(({ labels, counts }) => ({ labels, value: counts.waiting }))),
  },
  {
    name: 'job_reactor_jobs_ended_total',
    type: 'counter',
    unit: 'jobs',
    help: 'Jobs that have ended since the node was started, by name and outcome.',
    samples: ({ counts }) =>
      counts.flatMap((one) =>
        ofNames(one).flatMap(({ labels, counts }) =>
          ENDS.map((outcome) => ({ labels: { ...labels, outcome }, value: counts[outcome] })),
        ),
      ),
  },
]

/** Lengths of time, as a histogram. */
export interface Histogram {
  readonly name: string
  readonly help: string
  readonly of: 'waitBuckets' | 'runBuckets'
}

export const HISTOGRAMS: readonly Histogram[] = [
  {
    name: 'job_reactor_job_wait_seconds',
    help: 'From when a job was due until its last attempt began, by name.',
    of: 'waitBuckets',
  },
  {
    name: 'job_reactor_job_run_seconds',
    help: 'How long the last attempt of a job ran, by name.',
    of: 'runBuckets',
  },
]

/** What histograms of a name on a node are made of, in seconds: how many were not above a bound, the sum of all, and how many. */
export const PARTS = ['bucket', 'sum', 'count'] as const

export interface PartSample extends Sample {
  readonly part: (typeof PARTS)[number]
}

/** The same length of time, of each name on each node. */
export function histogramSamples({ counts }: Facts, of: Histogram['of']): PartSample[] {
  return counts.flatMap((one) =>
    ofNames(one).flatMap(({ labels, counts }) => {
      const { bounds, counts: each, sum, count } = counts[of]
      let below = 0
      const buckets = each.map((many, i): PartSample => {
        below += many
        const bound = bounds[i]
        const le = bound === undefined ? '+Inf' : String(bound / 1000)
        return { part: 'bucket', labels: { ...labels, le }, value: below }
      })
      return [
        ...buckets,
        { part: 'sum', labels, value: sum / 1000 } as const,
        { part: 'count', labels, value: count } as const,
      ]
    }),
  )
}

/** What all connected nodes say now. */
export async function factsOf(reactor: Distributor): Promise<Facts> {
  const nodes = reactor.nodes()
  if (nodes.every(({ status }) => status === 'disconnected')) return { nodes, counts: [], statuses: [] }
  const monitor = reactor.monitor()
  const [counts, statuses] = await Promise.all([monitor.counts(), monitor.statuses()])
  return { nodes, counts, statuses }
}
