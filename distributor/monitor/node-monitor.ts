import { checked, NAME } from '../../src/rules.js'
import { type PlainAct, wasDone } from '../../src/verbs/acts.js'
import type { ActQuery, JobQuery } from '../../src/verbs/query.js'
import type { AnswerOf, VerbName } from '../../src/verbs/table.js'
import { type JobUpdate, parseUpdate } from '../../src/verbs/update.js'
import { listOf } from '../schedules/list.js'
import type { Schedule } from '../schedules/schedule.js'
import { countsOf, type NodeCounts } from './counts.js'
import { type Failures, failuresOf } from './failures.js'
import { type FlowPage, type FlowQuery, flowOn, type MonitoredFlow } from './flows.js'
import { jobOf, type LoadedJob, loadedJobOf, type MonitoredJob } from './monitored-job.js'
import { type Ask, type GivenTo, request } from './request.js'
import { type JobSeries, type OfName, seriesOf } from './series.js'
import { type NodeChildren, type NodeStatus, statusOf } from './status.js'
import type { TagCounts } from './tags.js'

export interface JobPage {
  readonly jobs: MonitoredJob[]
  /** For `after` of the next page; null at the end. */
  readonly next: string | null
}

/**
 * The jobs in the store of one node, which answers for it. Every call rejects with JR_CONNECTION when the node is not
 * connected, or its connection is lost before it has answered: what was asked may have been done then.
 */
export class NodeMonitor {
  readonly node: string
  readonly #ask: Ask

  constructor(node: string, ask: Ask) {
    this.node = checked(NAME, node, 'monitor: node')
    this.#ask = ask
  }

  /** A page of jobs. A page may have fewer jobs than asked for, or none, and not be the last: that is `next: null`. */
  async jobsFor(query: JobQuery = {}): Promise<JobPage> {
    const { jobs, next } = await this.#request('jobs', query)
    return { jobs: jobs.map((raw) => jobOf(raw, this.node)), next }
  }

  /** How many jobs of the node have a tag, by what they are. */
  countTagged(tag: string): Promise<TagCounts> {
    return this.#request('tagged', { tag })
  }

  /** What the node has counted, by name: how many, how many of late, and how long they took. Cheap at any time. */
  async counts(): Promise<NodeCounts> {
    return countsOf(await this.#request('counts', {}), this.node)
  }

  /** The node as a whole: its version, store, children with what runs on them, connected apps, and options. */
  async status(): Promise<NodeStatus> {
    return statusOf(await this.#request('status', {}), this.node)
  }

  /**
   * How many jobs have completed and failed, for a chart: of all, or of one name. Zeros for a name that has not come since the
   * node began, or is not among the first 256.
   */
  async series(of: OfName = {}): Promise<JobSeries> {
    return seriesOf(await this.#request('series', of))
  }

  /**
   * Another number of evented or deferred children, until the node's process ends. One that is too many ends when what runs on
   * it has. Answers the numbers that hold now. Rejects with JR_BAD_CONFIG when none would be left.
   */
  resize(to: Partial<NodeChildren>): Promise<NodeChildren> {
    return this.#request('resize', to)
  }

  /**
   * Replaces one child, or all that are ready: a new one starts at once, and the old one ends when what runs on it has. Answers
   * how many. 0: no child that is ready has this pid.
   */
  recycle(which: { readonly pid?: number } = {}): Promise<number> {
    return this.#request('recycle', which)
  }

  /**
   * With `true`, apps send their new jobs to other nodes, until `false` or the end of the node's process: jobs that only this node
   * may run wait in their app. What is there runs, jobs of its own jobs and schedules too. Answers whether it was otherwise before.
   */
  drain(on: boolean): Promise<boolean> {
    return this.#request('drain', { on })
  }

  /** One job, with its args; null when the node has none of this id. */
  async load(id: string): Promise<LoadedJob | null> {
    const raw = await this.#request('load', { id })
    return raw === null ? null : loadedJobOf(raw, this.node)
  }

  /**
   * Forgets one job, whatever its state: one that waits or runs is cancelled, and its error feedback called with
   * JR_CANCELLED. One that runs is asked to stop, and goes when it has. False when the node has none of this id.
   */
  destroy(id: string): Promise<boolean> {
    return this.#act('destroy', id)
  }

  /**
   * Forgets all jobs that the query meets (all of the node's without one), as `destroy` does. Answers how many: with
   * `dryRun`, how many it would be.
   */
  destroyAll(query: ActQuery = {}): Promise<number> {
    return this.#request('destroy-all', query)
  }

  /**
   * Runs a job again that has ended and that the node keeps: under the same id, with the args and options that it was
   * enqueued with, from its first attempt, at once. It is on disk when this resolves. Its outcome goes to the app that had
   * enqueued it. False when the node has none of this id. Rejects with JR_WRONG_STATE when one of this id waits or runs.
   */
  retry(id: string): Promise<boolean> {
    return this.#act('retry', id)
  }

  /**
   * Runs all ended jobs again that the query meets (all that the node keeps without one), as `retry` does, each once.
   * Answers how many: with `dryRun`, how many it would be.
   */
  retryAll(query: ActQuery = {}): Promise<number> {
    return this.#request('retry-all', query)
  }

  /**
   * Makes a job due at once that is `scheduled` or `retryable`: it is on the disk when this resolves. Limits, pauses, and those in
   * front of it hold. Of a job with `period` this is its next run, early. False when the node has none of this id. Rejects
   * with JR_WRONG_STATE when it is `blocked`, runs, or has ended.
   */
  run(id: string): Promise<boolean> {
    return this.#act('run', id)
  }

  /** Makes all jobs due that the query meets and that wait for a time. Answers how many: with `dryRun`, how many it would be. */
  runAll(query: ActQuery = {}): Promise<number> {
    return this.#request('run-all', query)
  }

  /**
   * Gives a waiting job other args, other terms, or another time, in one step: all that it is found by follows. What is given is
   * checked as by `enqueue`: rejects with a TypeError that has its path. False when the node has none of this id. Rejects with
   * JR_WRONG_STATE when it runs or has ended, with JR_DUPLICATE (`unique`), and with what such a job would be refused with.
   */
  async update(id: string, update: JobUpdate): Promise<boolean> {
    return wasDone('update', id, await this.#request('update', { id, update: parseUpdate(update) }))
  }

  /** Does so to all waiting jobs that the query meets, each once. Answers how many: with `dryRun`, how many it would be. */
  async updateAll(query: ActQuery, update: JobUpdate): Promise<number> {
    return this.#request('update-all', { ...query, update: parseUpdate(update) })
  }

  /**
   * Ends a job, as `JobHandle.cancel` does: one that runs is asked to stop. False when the node has none of this id. Rejects with
   * JR_WRONG_STATE when it has ended.
   */
  cancel(id: string): Promise<boolean> {
    return this.#act('cancel', id)
  }

  /** Ends all jobs that wait or run, and that the query meets. Answers how many: with `dryRun`, how many it would be. */
  cancelAll(query: ActQuery = {}): Promise<number> {
    return this.#request('cancel-all', query)
  }

  /**
   * The failed jobs that the node keeps, of all names or of one, grouped by name, code and message. Like messages meet: of each
   * the first line counts, what is in quotes is `…`, and each word with a digit `#`. At most 20,000 jobs are looked at.
   */
  async failures(of: OfName = {}): Promise<Failures> {
    return failuresOf(await this.#request('failures', of))
  }

  /** A page of flows that have not ended. A page may have fewer than asked for, or none, and not be the last: that is `next: null`. */
  flows(query: FlowQuery = {}): Promise<FlowPage> {
    return this.#request('flows', query)
  }

  /** A flow with its jobs; null: it has ended, or the node has none of this id. */
  flow(id: string): Promise<MonitoredFlow | null> {
    return flowOn(this.#ask, this.node, id)
  }

  /** Ends all jobs of a flow, as `Flow.cancel` does. Answers how many. */
  cancelFlow(id: string): Promise<number> {
    return this.#request('cancel-flow', { id })
  }

  /** The schedules that the node has, of all apps, by their ids. */
  schedules(): Promise<Schedule[]> {
    return listOf(this.#ask, this.node)
  }

  async #act(act: PlainAct, id: string): Promise<boolean> {
    return wasDone(act, id, await this.#request(act, { id }))
  }

  #request<V extends VerbName>(verb: V, asked: GivenTo<V>): Promise<AnswerOf<V>> {
    return request(this.#ask, this.node, verb, asked)
  }
}
