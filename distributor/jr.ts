import { JrError } from '../src/errors.js'
import type { EnqueueOptions } from '../src/job/enqueue-options.js'
import type { GivenFor, JobArgs, JobName } from '../src/job/types.js'
import { defaultConfig, type JrConfig, nodeOptionsOf } from '../src/options/config.js'
import type { DistributorOptions } from '../src/options/distributor-options.js'
import type { NodeOptions } from '../src/options/node-options.js'
import type { Address } from '../src/wire/address.js'
import type { SentJob } from '../src/wire/job-fields.js'
import type { DistributorEvents, NodeFacts } from './events.js'
import { FlowCalls } from './flows/calls.js'
import { Listeners } from './listeners.js'
import { Middlewares } from './middleware.js'
import { NodeControls } from './monitor/controls.js'
import type { Monitor, NodeMonitor } from './monitor/monitor.js'
import { monitorOf } from './monitor/monitor-of.js'
import type { RedisMonitor, RedisMonitorOptions } from './monitor/redis-monitor.js'
import type { Ask } from './monitor/request.js'
import { ScheduleCalls } from './schedules/calls.js'
import type { SpawnOptions } from './spawned/spawn-command.js'
import type { SpawnedNode } from './spawned/spawn-node.js'
import type { NodeHere } from './spawned/spawned-nodes.js'
import type { Running, StopOptions } from './start.js'
import { notStarted, spawnFor, startDistributor, startHereFor, stopRunning } from './start.js'
import { type FoundJob, findJob } from './told/found.js'
import type { CancelAnswer, JobHandle } from './told/handle.js'
import { type NamedFeedback, namedFeedback } from './told/named-feedback.js'
import type { ErrorFeedback, Feedback, SuccessFeedback } from './told/ticket.js'

/** The in-app side: sends jobs to nodes, and calls feedbacks with what became of them. */
export class Distributor implements AsyncDisposable {
  readonly #config = defaultConfig()
  readonly #defaults: DistributorOptions
  readonly #feedbacks = new Map<string, NamedFeedback>()
  readonly #listeners = new Listeners()
  readonly #middleware = new Middlewares()
  readonly #ask: Ask = (node, verb, body) => this.#started().core.request(node, verb, body)
  readonly #controls = new NodeControls(() => this.#started().core.nodes, this.#ask)
  readonly #flows = new FlowCalls(() => this.#started().core)
  readonly #schedules = new ScheduleCalls(() => this.#started().core)
  #running: Running | null = null
  #ready: Promise<void>
  #readyAsked = false
  #resolveReady: () => void = () => {}

  /** Takes the options that `start` will use. Opens nothing yet. */
  constructor(options: DistributorOptions = {}) {
    this.#defaults = options
    this.#ready = this.#newReady()
  }

  /** Defaults for what this process starts; assign to its keys. Unknown keys and bad values throw a TypeError. */
  get config(): JrConfig {
    return this.#config
  }

  set config(values: Partial<JrConfig>) {
    Object.assign(this.#config, values)
  }

  /** Resolves when a node is connected. Once it has been asked for, the process stays until then. */
  get ready(): Promise<void> {
    if (!this.#readyAsked) this.#running?.core.keep(this.#ready)
    this.#readyAsked = true
    return this.#ready
  }

  /** Whether a node is connected now. */
  get isReady(): boolean {
    return this.#running?.core.connected ?? false
  }

  /** Where it listens for nodes; null when it only dials. */
  get address(): Address | null {
    return this.#running?.address ?? null
  }

  /**
   * Starts the distributor: listens on `host` and `port`, or `path`, and connects to `nodes`. Resolves with where it
   * listens. Rejects with JR_BAD_CONFIG, JR_ADDRESS; of the spool, JR_STORE_LOCKED, JR_STORE_CORRUPT or JR_STORE.
   */
  async start(options: DistributorOptions = {}): Promise<Address | null> {
    if (this.#running !== null)
      throw new JrError('JR_BAD_CONFIG', 'the distributor is started already; stop it first')
    const running = await startDistributor(
      { ...this.#defaults, ...options },
      { alwaysUseSpecifiedNode: () => this.#config.alwaysUseSpecifiedNode, middleware: this.#middleware },
      (core) => {
        for (const [name, feedback] of this.#feedbacks) core.feedback(name, feedback)
        this.#listeners.attach(core.events)
        core.events.on('node:connected', () => this.#resolveReady())
      },
    )
    this.#running = running
    if (this.#readyAsked) running.core.keep(this.#ready)
    return running.address
  }

  /** The same as `start`. */
  startDistributor(options: DistributorOptions = {}): Promise<Address | null> {
    return this.start(options)
  }

  /**
   * Enqueues a job and answers its handle at once, whatever the state of the network. Either feedback is called once
   * in the life of this app, when the job has ended for good; of a periodic job, for every run. Throws a TypeError for
   * bad arguments (with the path of the bad value) and JR_NOT_STARTED before `startDistributor`.
   */
  enqueue<Name extends JobName>(
    name: Name,
    ...rest: GivenFor<
      Name,
      [options?: EnqueueOptions, onSuccess?: SuccessFeedback<Name>, onError?: ErrorFeedback<Name>]
    >
  ): JobHandle<Name>
  enqueue(
    name: string,
    args?: JobArgs,
    options?: EnqueueOptions,
    onSuccess?: Feedback,
    onError?: Feedback,
  ): JobHandle {
    return this.#started().core.enqueuing.enqueue(name, args, options, onSuccess, onError)
  }

  /** Enqueues a job of one name for each of a list of args. */
  readonly enqueueMany = this.#flows.enqueueMany
  /** Enqueues several jobs of any names: one node takes all of them, or none. */
  readonly enqueueAll = this.#flows.enqueueAll
  /** Enqueues jobs that wait for each other. */
  readonly flow = this.#flows.flow
  /** Enqueues a list of jobs, and one that runs when all have ended. */
  readonly batch = this.#flows.batch

  /**
   * Feedbacks of all jobs of a name that have none of their own, also of those that an earlier life of this app (of
   * the same `name`) has enqueued. Register them before `startDistributor`.
   */
  feedback<Name extends JobName>(
    name: Name,
    feedback: { readonly success?: SuccessFeedback<Name>; readonly error?: ErrorFeedback<Name> },
  ): void {
    const known = namedFeedback(name, feedback)
    this.#feedbacks.set(name, known)
    this.#running?.core.feedback(name, known)
  }

  /** Cancels a job by its id: at the node that is named, else wherever it is. See `JobHandle.cancel`. */
  cancel(id: string, options: { readonly node?: string } = {}): Promise<CancelAnswer> {
    return this.#started().core.cancelById(id, options.node)
  }

  /** Runs a job again and again: by cron, or every so often. */
  readonly schedule = this.#schedules.schedule
  /** Removes a schedule. */
  readonly unschedule = this.#schedules.unschedule
  /** The schedules of this app, with their next slots. */
  readonly schedules = this.#schedules.schedules
  /** The whole list of the schedules of this app. */
  readonly setSchedules = this.#schedules.setSchedules
  /** No slot of a schedule is run until it is resumed. */
  readonly pauseSchedule = this.#schedules.pauseSchedule
  /** A schedule goes on with its next slot. */
  readonly resumeSchedule = this.#schedules.resumeSchedule
  /** Begins a run of a schedule at once. */
  readonly runSchedule = this.#schedules.runSchedule

  /**
   * The job of this id, whichever app has enqueued it, as it is now at the connected nodes: also one that has ended, as long as
   * its node keeps it (`keepResult`). Null when none of them has it; one that no node has accepted yet is not found. Rejects with
   * JR_CONNECTION when no node is connected, or one is lost meanwhile.
   */
  find<Name extends JobName = JobName>(id: string): Promise<FoundJob<Name> | null> {
    return findJob(id, this.#started().core, this.monitor())
  }

  /** The nodes that have connected to this app, as they are now. */
  nodes(): NodeFacts[] {
    return this.#running?.core.nodes ?? []
  }

  /**
   * Looks at, and destroys, the jobs in the stores of the connected nodes, whatever stores they are; with `node`, in
   * that of one node; with `redisUrl` or `redis`, as `startNode` takes them, straight in the Redis that nodes share:
   * that needs neither a node nor `startDistributor`.
   */
  monitor(): Monitor
  monitor(options: { readonly node: string }): NodeMonitor
  monitor(options: RedisMonitorOptions): RedisMonitor
  monitor(options?: { readonly node: string } | RedisMonitorOptions): Monitor | NodeMonitor | RedisMonitor {
    return monitorOf(options, () => this.#started().core.nodes, this.#ask)
  }

  /** The names that nodes know, and those for which limits or pauses are set there. */
  readonly names = this.#controls.names
  /** Sets the limits of a name, in place of those of its job file. */
  readonly setLimits = this.#controls.setLimits
  /** Pauses a name, a group of it, or nodes. */
  readonly pause = this.#controls.pause
  /** Ends a pause. */
  readonly resume = this.#controls.resume

  /** Does something around each enqueue and each feedback of this app. */
  readonly use = this.#middleware.use

  on<E extends keyof DistributorEvents>(event: E, listener: (event: DistributorEvents[E]) => void): this {
    this.#listeners.add(event, listener)
    return this
  }

  off<E extends keyof DistributorEvents>(event: E, listener: (event: DistributorEvents[E]) => void): this {
    this.#listeners.remove(event, listener)
    return this
  }

  /**
   * Starts a node as a process of its own, on this machine, and keeps it running: it is started again when it ends by
   * itself, and stopped by `stop`, or when this app ends. Resolves when it has connected: when its predecessor of an
   * earlier life of this app still stops, after that. Rejects with JR_CHILD_START and what it said, when it can't be
   * started, and with JR_STOPPED when the distributor is stopped meanwhile.
   */
  async spawnNode(options: SpawnOptions): Promise<SpawnedNode> {
    return spawnFor(this.#started(), nodeOptionsOf(this.#config), options)
  }

  /**
   * Stops the distributor: takes no more jobs, waits for those that are held to be accepted, stops the nodes that it
   * has spawned and those of this process that have no other app, closes. Answers how many jobs were not accepted: their
   * error feedbacks were called with JR_STOPPED, unless they are in the spool. Accepted jobs go on. Tolerates repeats.
   */
  async stop(options: StopOptions = {}): Promise<{ notAccepted: number }> {
    const running = this.#running
    if (running === null) return { notAccepted: 0 }
    this.#running = null
    this.#ready = this.#newReady()
    return stopRunning(running, options.timeout)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /**
   * For a node in this process: without `distributors` and `listen` it finds this one, and ends with it; `begin` gets the way to it.
   * @internal
   */
  async startHere<Node extends NodeHere>(
    options: NodeOptions,
    begin: (options: NodeOptions) => Promise<Node>,
  ): Promise<Node> {
    return startHereFor(this.#running, { ...nodeOptionsOf(this.#config), ...options }, begin)
  }

  /**
   * For the same: a job that the node has taken and checked goes on under the id that it has there.
   * @internal
   */
  forward(job: SentJob, onSuccess: Feedback, onError: Feedback): JobHandle {
    return this.#started().core.enqueuing.forward(job, onSuccess, onError)
  }

  #started(): Running {
    if (this.#running !== null) return this.#running
    throw notStarted()
  }

  #newReady(): Promise<void> {
    this.#readyAsked = false
    return new Promise((resolve) => {
      this.#resolveReady = resolve
    })
  }
}
