import { JrError } from '../../src/errors.js'
import type { ActQuery, JobQuery } from '../../src/verbs/query.js'
import type { JobUpdate } from '../../src/verbs/update.js'
import type { Schedule } from '../schedules/schedule.js'
import type { NodeCounts } from './counts.js'
import { type Failures, sumOfFailures } from './failures.js'
import type { FlowPage, FlowQuery, MonitoredFlow } from './flows.js'
import type { LoadedJob } from './monitored-job.js'
import { type JobPage, NodeMonitor } from './node-monitor.js'
import type { Ask } from './request.js'
import { type JobSeries, type OfName, sumOfSeries } from './series.js'
import type { NodeChildren, NodeStatus } from './status.js'
import { sumOf, type TagCounts } from './tags.js'

export type { NodeMonitor } from './node-monitor.js'

/** For which a node has to be there. */
type AskedOfNodes =
  | 'counts'
  | 'series'
  | 'statuses'
  | 'failures'
  | 'resizeFor'
  | 'recycleFor'
  | 'drainFor'
  | 'flowsFor'
  | 'flow'
  | 'cancelFlow'
/** What can be asked of the jobs in a store. */
export type JobsMonitor = Pick<Monitor, Exclude<keyof Monitor, AskedOfNodes>>

/** The jobs in the stores of all nodes that are connected to this app. Rejects as `NodeMonitor` does. */
export class Monitor {
  readonly #nodes: () => readonly string[]
  readonly #ask: Ask

  constructor(nodes: () => readonly string[], ask: Ask) {
    this.#nodes = nodes
    this.#ask = ask
  }

  /** A page of the jobs of one node: see `NodeMonitor.jobsFor`. */
  jobsFor(node: string, query: JobQuery = {}): Promise<JobPage> {
    return this.#of(node).jobsFor(query)
  }

  /** How many jobs of all nodes have a tag, by what they are. */
  async countTagged(tag: string): Promise<TagCounts> {
    return sumOf(await this.#everywhere((one) => one.countTagged(tag)))
  }

  /** What each node has counted: see `NodeMonitor.counts`. */
  counts(): Promise<NodeCounts[]> {
    return this.#everywhere((one) => one.counts())
  }

  /** Each node as a whole: see `NodeMonitor.status`. */
  statuses(): Promise<NodeStatus[]> {
    return this.#everywhere((one) => one.status())
  }

  /** How many jobs of all nodes have completed and failed, together: see `NodeMonitor.series`. */
  async series(of: OfName = {}): Promise<JobSeries> {
    return sumOfSeries(await this.#everywhere((one) => one.series(of)))
  }

  /** Another number of children of one node: see `NodeMonitor.resize`. */
  resizeFor(node: string, to: Partial<NodeChildren>): Promise<NodeChildren> {
    return this.#of(node).resize(to)
  }

  /** Replaces children of one node: see `NodeMonitor.recycle`. Answers how many. */
  recycleFor(node: string, which: { readonly pid?: number } = {}): Promise<number> {
    return this.#of(node).recycle(which)
  }

  /** Whether one node takes no new jobs: see `NodeMonitor.drain`. Answers whether it was otherwise before. */
  drainFor(node: string, on: boolean): Promise<boolean> {
    return this.#of(node).drain(on)
  }

  /** One job, with its args and the node that has it; null when no connected node has one of this id. */
  async load(id: string): Promise<LoadedJob | null> {
    return (await this.#everywhere((one) => one.load(id))).find((found) => found !== null) ?? null
  }

  /** Forgets one job, on whichever node it is: see `NodeMonitor.destroy`. False when no connected node has it. */
  async destroy(id: string): Promise<boolean> {
    return (await this.#everywhere((one) => one.destroy(id))).includes(true)
  }

  /** Forgets all jobs of one node that the query meets: see `NodeMonitor.destroyAll`. Answers how many. */
  destroyAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#of(node).destroyAll(query)
  }

  /** Runs an ended job again, on whichever node keeps it: see `NodeMonitor.retry`. False when no connected node has it. */
  async retry(id: string): Promise<boolean> {
    return (await this.#everywhere((one) => one.retry(id))).includes(true)
  }

  /** Runs all ended jobs of one node again that the query meets: see `NodeMonitor.retryAll`. Answers how many. */
  retryAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#of(node).retryAll(query)
  }

  /** Makes a job due at once, on whichever node it waits: see `NodeMonitor.run`. False when no connected node has it. */
  async run(id: string): Promise<boolean> {
    return (await this.#everywhere((one) => one.run(id))).includes(true)
  }

  /** Makes all jobs of one node due that the query meets: see `NodeMonitor.runAll`. Answers how many. */
  runAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#of(node).runAll(query)
  }

  /** Changes a waiting job, on whichever node it is: see `NodeMonitor.update`. False when no connected node has it. */
  async update(id: string, update: JobUpdate): Promise<boolean> {
    return (await this.#everywhere((one) => one.update(id, update))).includes(true)
  }

  /** Changes all waiting jobs of one node that the query meets: see `NodeMonitor.updateAll`. Answers how many. */
  updateAllFor(node: string, query: ActQuery, update: JobUpdate): Promise<number> {
    return this.#of(node).updateAll(query, update)
  }

  /** Ends a job, on whichever node it is: see `NodeMonitor.cancel`. False when no connected node has it. */
  async cancel(id: string): Promise<boolean> {
    return (await this.#everywhere((one) => one.cancel(id))).includes(true)
  }

  /** Ends all jobs of one node that the query meets: see `NodeMonitor.cancelAll`. Answers how many. */
  cancelAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#of(node).cancelAll(query)
  }

  /** The failed jobs that all nodes keep, grouped together: see `NodeMonitor.failures`. */
  async failures(of: OfName = {}): Promise<Failures> {
    return sumOfFailures(await this.#everywhere((one) => one.failures(of)))
  }

  /** A page of the flows of one node: see `NodeMonitor.flows`. */
  flowsFor(node: string, query: FlowQuery = {}): Promise<FlowPage> {
    return this.#of(node).flows(query)
  }

  /** A flow with its jobs, on whichever node it is; null: it has ended, or no connected node has one of this id. */
  async flow(id: string): Promise<MonitoredFlow | null> {
    return (await this.#everywhere((one) => one.flow(id))).find((found) => found !== null) ?? null
  }

  /** Ends all jobs of a flow, on whichever node it is, as `Flow.cancel` does. Answers how many. */
  async cancelFlow(id: string): Promise<number> {
    return (await this.#everywhere((one) => one.cancelFlow(id))).reduce((all, ended) => all + ended, 0)
  }

  /** The schedules of all apps, on all nodes. */
  async schedules(): Promise<Schedule[]> {
    return (await this.#everywhere((one) => one.schedules())).flat()
  }

  #everywhere<Answer>(ask: (node: NodeMonitor) => Promise<Answer>): Promise<Answer[]> {
    const nodes = this.#nodes()
    if (nodes.length === 0) return Promise.reject(new JrError('JR_CONNECTION', 'no node is connected'))
    return Promise.all(nodes.map((node) => ask(this.#of(node))))
  }

  #of(node: string): NodeMonitor {
    return new NodeMonitor(node, this.#ask)
  }
}
