import { NODE_OPTIONS, type NodeOptions } from '../../src/options/node-options.js'
import { given, resolveOptions } from '../../src/options/resolve.js'
import { checked, NAME } from '../../src/rules.js'
import type { RedisExtra } from '../../src/store/redis/client.js'
import type { RedisJobs, StoredNode } from '../../src/store/redis/jobs.js'
import { type Surroundings, SYSTEM } from '../../src/surroundings.js'
import { type PlainAct, wasDone } from '../../src/verbs/acts.js'
import { factsOf, loadedFactsOf } from '../../src/verbs/facts.js'
import { type ActQuery, type JobQuery, PAGE } from '../../src/verbs/query.js'
import { type JobUpdate, parseUpdate } from '../../src/verbs/update.js'
import { type Schedule, scheduleOf } from '../schedules/schedule.js'
import type { JobsMonitor } from './monitor.js'
import { jobOf, type LoadedJob, loadedJobOf } from './monitored-job.js'
import type { JobPage } from './node-monitor.js'
import { askedAs } from './request.js'
import { sumOf, type TagCounts } from './tags.js'

/** Where the nodes' Redis is: the options of `startNode` of the same names. */
export type RedisMonitorOptions = Pick<NodeOptions, 'redisPrefix' | 'redisTimeout'> &
  (
    | { readonly redisUrl: string; readonly redis?: RedisExtra }
    | { readonly redisUrl?: string; readonly redis: RedisExtra }
  )

const { redisUrl, redisPrefix, redisTimeout } = NODE_OPTIONS
const OPTIONS = { redisUrl, redisPrefix, redisTimeout }

/**
 * The jobs that nodes keep in a Redis, straight from there: also when no node runs. Each call connects and closes
 * again. To look takes no lease and changes nothing.
 *
 * Every call settles: with JR_STORE when Redis refuses (a password, a command), or says nothing for 5 s, 10 s at most;
 * with JR_CONNECTION for a node that Redis does not know, or that has its lease and does not answer for `redisTimeout`
 * (30 s). The message says whether what was asked may have been done. JR_BAD_CONFIG: the URL is none.
 */
export class RedisMonitor implements JobsMonitor {
  readonly #redis: () => Promise<RedisJobs>

  constructor(options: RedisMonitorOptions, surroundings: Surroundings = SYSTEM) {
    const { redis: extra = {}, ...rest } = options
    const { values } = resolveOptions(OPTIONS, [given(rest)])
    const { redisUrl: url, redisPrefix: prefix, redisTimeoutMs: timeoutMs } = values
    let loaded: Promise<RedisJobs> | null = null
    // Loaded when it is asked: an app that has no Redis never pays for it.
    this.#redis = () => {
      loaded ??= import('../../src/store/redis/jobs.js').then(
        ({ RedisJobs }) => new RedisJobs({ url, prefix, timeoutMs, extra }, surroundings),
      )
      return loaded
    }
  }

  /** The nodes that have jobs there, by name, and whether they run. */
  async nodes(): Promise<StoredNode[]> {
    return (await this.#redis()).nodes()
  }

  /**
   * A page of the jobs of one node. A page may have fewer jobs than asked for, or none, and not be the last: that is
   * `next: null`. Jobs that move meanwhile may be missed or met twice.
   */
  async jobsFor(node: string, query: JobQuery = {}): Promise<JobPage> {
    checked(NAME, node, 'jobsFor: node')
    const { limit = PAGE.usual, ...rest } = askedAs('jobs', query)
    const page = await (await this.#redis()).list(node, { ...rest, limit })
    return { jobs: page.jobs.map((stored) => jobOf(factsOf(stored), node)), next: page.next }
  }

  /** How many jobs of all nodes have a tag, by what they are. */
  async countTagged(tag: string): Promise<TagCounts> {
    askedAs('tagged', { tag })
    return sumOf(await (await this.#redis()).countTagged(tag))
  }

  /** One job, with its args and the node that has it; null when no node has one of this id. */
  async load(id: string): Promise<LoadedJob | null> {
    askedAs('load', { id })
    const found = await (await this.#redis()).find(id)
    if (found === null) return null
    const { node, stored } = found
    return loadedJobOf(loadedFactsOf(stored, stored.job.course.lines), node)
  }

  /**
   * Forgets one job, whatever its state. Where its node runs, the node does it: see `NodeMonitor.destroy`. Where nobody
   * has that node's lease it is done in Redis, and the error feedback is called with JR_CANCELLED by whichever node has
   * the lost one's jobs next: itself, or another. A node that was killed has its lease for a while longer, and this
   * waits for its end. False when no node has the job.
   */
  destroy(id: string): Promise<boolean> {
    return this.#act('destroy', id)
  }

  /**
   * Forgets all jobs of one node that the query meets, as `destroy` does, 500 at a time: `redisTimeout` is for each.
   * Answers how many. What other nodes take over meanwhile stays.
   */
  destroyAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#actOnAll('destroy', node, query)
  }

  /**
   * Runs a job again that has ended and is kept: see `NodeMonitor.retry`. Only the node that keeps it can do so: rejects with
   * JR_CONNECTION when that does not run.
   */
  retry(id: string): Promise<boolean> {
    return this.#act('retry', id)
  }

  /** Runs all ended jobs of one node again that the query meets, as `retry` does, 500 at a time. Answers how many. */
  retryAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#actOnAll('retry', node, query)
  }

  /** Makes a job due at once that waits for a time: see `NodeMonitor.run`. Its node has to run, as for `retry`. */
  run(id: string): Promise<boolean> {
    return this.#act('run', id)
  }

  /** Makes all jobs of one node due that the query meets, 500 at a time. Answers how many. */
  runAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#actOnAll('run', node, query)
  }

  /** Changes a waiting job: see `NodeMonitor.update`. Its node has to run, as for `retry`. */
  async update(id: string, update: JobUpdate): Promise<boolean> {
    const asked = askedAs('update', { id, update: parseUpdate(update) })
    return wasDone('update', id, await (await this.#redis()).act('update', id, asked.update))
  }

  /** Changes all waiting jobs of one node that the query meets, each once, 500 at a time. Answers how many. */
  async updateAllFor(node: string, query: ActQuery, update: JobUpdate): Promise<number> {
    checked(NAME, node, 'updateAllFor: node')
    const { update: parsed, ...asked } = askedAs('update-all', { ...query, update: parseUpdate(update) })
    return (await this.#redis()).actOnAll('update', node, asked, parsed)
  }

  /** Ends a job that waits or runs: see `NodeMonitor.cancel`. Its node has to run, as for `retry`. */
  cancel(id: string): Promise<boolean> {
    return this.#act('cancel', id)
  }

  /** Ends all jobs of one node that the query meets, 500 at a time. Answers how many. */
  cancelAllFor(node: string, query: ActQuery = {}): Promise<number> {
    return this.#actOnAll('cancel', node, query)
  }

  /** The schedules of all apps, each with the node that has it, or had it last. */
  async schedules(): Promise<Schedule[]> {
    return (await (await this.#redis()).schedules()).map(({ facts, home }) => scheduleOf(facts, home))
  }

  async #act(act: PlainAct, id: string): Promise<boolean> {
    askedAs(act, { id })
    return wasDone(act, id, await (await this.#redis()).act(act, id))
  }

  async #actOnAll(act: PlainAct, node: string, query: ActQuery): Promise<number> {
    checked(NAME, node, `${act}AllFor: node`)
    const asked = askedAs(`${act}-all`, query)
    return (await this.#redis()).actOnAll(act, node, asked)
  }
}
