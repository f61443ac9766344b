import type { Chance } from '../src/chance.js'
import type { Clock } from '../src/clock.js'
import { CountedLines } from '../src/counted-lines.js'
import { Emitter } from '../src/emitter.js'
import { JrError } from '../src/errors.js'
import type { Lane } from '../src/job/lane.js'
import { firstNumber, numbersOf } from '../src/job/numbers.js'
import type { JobRecord, Place } from '../src/job/record.js'
import { Lifecycle } from '../src/lifecycle.js'
import type { Logger } from '../src/logger.js'
import type { Interrupted, Store } from '../src/store/contract.js'
import { GroupCommit } from '../src/store/group-commit.js'
import type { Surroundings } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import type { Address } from '../src/wire/address.js'
import { Links } from '../src/wire/links.js'
import type { NodeState } from '../src/wire/messages.js'
import { Adoption } from './adoption.js'
import { Consequences } from './consequences.js'
import type { NodeEvents } from './events.js'
import { Pool } from './executors/children/pool.js'
import { Executors } from './executors/executors.js'
import type { Journal, NodeChange } from './journal.js'
import { LocalJobs } from './local-jobs.js'
import { Pruner } from './pruner.js'
import { Reach } from './reach.js'
import { recover } from './recovery.js'
import { asItIs, type Rehearsal, tryParts } from './rehearsal.js'
import { AskedOutcomes } from './report/asked-outcomes.js'
import { Reporter } from './report/reporter.js'
import { Runner } from './run/runner.js'
import { Scheduler } from './schedule/scheduler.js'
import { actOnEach } from './session/requests.js'
import { knownJobs, Sessions } from './session/sessions.js'
import type { NodeConfig } from './settings.js'

/** Waiting jobs of a lane in memory: enough to keep any number of children busy while the next are read. */
const WINDOW = { jobs: 16_384, read: 4096, bytes: 16 * 1024 * 1024 }

export type Ended = { readonly reason: 'stopped' } | { readonly reason: 'failed'; readonly error: JrError }

/** One node: opens its parts in order, passes on what one has for another, closes them in reverse. */
export class JobNode {
  readonly config: NodeConfig
  readonly stopped: Promise<Ended>
  readonly events: Emitter<NodeEvents>
  readonly #store: Store
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #log: Logger
  readonly #complaints: CountedLines
  readonly #lifecycle = new Lifecycle()
  readonly #journal: Journal
  readonly #pool: Pool
  readonly #executors: Executors
  readonly #runner: Runner
  readonly #scheduler: Scheduler
  readonly #reach: Reach
  readonly #reporter: Reporter
  readonly #sessions: Sessions
  readonly #asked: AskedOutcomes
  readonly #local: LocalJobs
  readonly #links: Links
  readonly #consequences: Consequences
  readonly #pruner: Pruner
  /** Only where several nodes share the store. */
  readonly #adoption: Adoption | null
  #numbers = numbersOf(0)
  #oldest = 0
  /** Attempts that ran when the node was last lost, until it is decided what becomes of their jobs. */
  #interrupted: readonly Interrupted[] = []
  #storeId = ''
  #status: NodeState['status'] = 'running'
  #address: Address | null = null
  #shutdownMs: number
  #resolveStopped: (ended: Ended) => void = () => {}
  #failure: JrError | null = null

  constructor(config: NodeConfig, deps: { store: Store; log: Logger } & Surroundings) {
    const { store, clock, log, chance } = deps
    this.config = config
    this.#store = store
    this.#clock = clock
    this.#chance = chance
    this.#log = log
    this.#complaints = new CountedLines(log, clock)
    this.events = new Emitter((name, error) =>
      log.error('listener:threw', { event: name, error: messageOf(error) }),
    )
    this.#shutdownMs = config.shutdownTimeoutMs
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
    const seq = () => this.#numbers()
    const fail = (error: unknown) => this.#fail(error)
    const journal: Journal = new GroupCommit<NodeChange>(
      store,
      {
        onStored: (changes, answers) => this.#consequences.accept(changes, answers),
        onDone: (changes, answers) => this.#consequences.follow(changes, answers),
        onFull: (full) => this.#hold(full),
        onFailure: fail,
      },
      clock,
    )
    this.#journal = journal
    this.#pool = new Pool(
      config,
      {
        onJobs: () => this.#learn(),
        onResults: (results) => this.#runner.conclude(results),
        onCapacity: () => this.#runner.pump(),
        onFailure: (error) => log.error('children:failing', { error: error.message }),
        onEnqueue: (request, by, child) => this.#local.enqueue(request, by, child),
        onRoom: (child) => this.#asked.room(child),
        onGone: (child) => this.#asked.gone(child),
      },
      { clock, log },
    )
    this.#scheduler = new Scheduler({
      lanes: (after, limit) => store.lanes(after, limit),
      read: (lane, after, limit, bytes) => this.#read(lane, after, limit, bytes),
      clock,
      limits: WINDOW,
      onDue: () => this.#runner.pump(),
      onError: fail,
    })
    const executors = new Executors([this.#pool])
    this.#executors = executors
    const due = this.#scheduler
    const settings = config
    const { random } = chance
    this.#runner = new Runner({ settings, executors, due, journal, clock, log, random, seq })
    this.#reach = new Reach({ settings, store, journal, scheduler: due, runner: this.#runner, clock, seq })
    this.#reporter = new Reporter(clock, config.outcomeGraceMs)
    this.#asked = new AskedOutcomes({
      read: (distributor, after, limit, bytes) => store.outcomes(distributor, after, limit, bytes),
      acknowledge: (distributor, seqs) => journal.add({ kind: 'acknowledge', distributor, seqs }, false),
      onError: fail,
    })
    this.#local = new LocalJobs({
      settings,
      journal,
      executors,
      clock,
      seq,
      forward: config.forward,
      outcomes: this.#asked,
    })
    const { neighbours } = store
    const known = (name: string) => executors.known(name)
    this.#adoption =
      neighbours === undefined
        ? null
        : new Adoption({ settings, neighbours, journal, clock, log, seq, random, known, onError: fail })
    this.#pruner = new Pruner(store, config, clock, fail)
    this.#sessions = new Sessions({
      settings,
      store,
      journal,
      runner: this.#runner,
      reach: this.#reach,
      reporter: this.#reporter,
      clock,
      seq,
      executors,
      log,
      admitting: () => this.#status !== 'stopping',
      onStoreError: fail,
      onTaken: (distributor, seqs) => this.#asked.taken(distributor, seqs),
      state: () => this.#state(),
    })
    this.#consequences = new Consequences({
      store,
      runner: this.#runner,
      scheduler: due,
      sessions: this.#sessions,
      reporter: this.#reporter,
      local: this.#local,
      pruner: this.#pruner,
      events: this.events,
      log,
      onStoreError: fail,
    })
    this.#links = new Links({
      identity: () => ({ role: 'node', name: config.name, instance: this.#storeId }),
      secret: config.secret,
      maxFrame: config.maxFrame,
      heartbeatMs: config.heartbeatMs,
      allowRemoteWithoutSecret: config.allowRemote,
      log,
      clock,
      chance,
      onLink: (link) => this.#sessions.open(link),
    })
  }

  get address(): Address | null {
    return this.#address
  }

  get status(): NodeState['status'] {
    return this.#status
  }

  /** Resolves when the node can take jobs; rejects with what kept it from starting, everything closed again. */
  async start(): Promise<void> {
    const { store, dir, jobs } = this.config
    this.#log.info('node:starting', store === 'level' ? { jobs, dir } : { jobs, store })
    await this.#lifecycle.start([
      { name: 'store', start: () => this.#open(), stop: () => this.#store.close() },
      { name: 'children', start: () => this.#pool.start(), stop: () => this.#pool.stop(0) },
      { name: 'recovery', start: () => this.#recover(), stop: () => {} },
      { name: 'schedule', start: () => this.#scheduler.start(), stop: () => this.#scheduler.stop() },
      { name: 'connections', start: () => this.#connect(), stop: () => this.#disconnect() },
      { name: 'work', start: () => this.#runner.claim(true), stop: () => this.#drain() },
      { name: 'neighbours', start: () => this.#watch(), stop: () => this.#adoption?.stop() },
    ])
  }

  /**
   * Tries what may keep `start` from succeeding, by the same means, and leaves all as it was: takes no job, begins none,
   * calls nobody. A store that nodes share is not opened: that would be to take the place of this node there.
   */
  async rehearse(): Promise<Rehearsal> {
    const { listen, store, dir } = this.config
    let undo = () => {}
    const open = async () => {
      if (store === 'level') undo = asItIs(dir)
      await this.#open()
    }
    const failures = await tryParts([
      ...(store === 'redis'
        ? []
        : [{ name: 'store' as const, start: open, stop: () => this.#store.close() }]),
      { name: 'children', start: () => this.#pool.start(), stop: () => this.#pool.stop(0) },
      {
        name: 'address',
        start: async () => listen !== null && this.#links.tryListen(listen),
        stop: () => this.#links.stop(),
      },
    ])
    undo()
    return { failures, defined: this.#executors.definitions.length }
  }

  /**
   * Stops claiming, waits up to `timeoutMs` for what runs, gives back the rest without spending an attempt, closes.
   * What waits stays in the store. Tolerates repeats; a repeat with a shorter time-out hastens the first.
   */
  async stop(timeoutMs = this.config.shutdownTimeoutMs): Promise<void> {
    if (this.#status === 'stopping' && timeoutMs < this.#shutdownMs) await this.#executors.stop(timeoutMs)
    this.#shutdownMs = timeoutMs
    await this.#lifecycle.stop()
    const error = this.#failure
    this.#resolveStopped(error === null ? { reason: 'stopped' } : { reason: 'failed', error })
  }

  /** Goes on taking jobs and starts none until `resume`. */
  pause(): void {
    if (this.#status !== 'running') return
    this.#become('paused')
    this.#runner.claim(false)
  }

  resume(): void {
    if (this.#status !== 'paused') return
    this.#become('running')
    this.#runner.claim(true)
  }

  resize({ evented, deferred }: { readonly evented?: number; readonly deferred?: number }): void {
    for (const count of [evented, deferred]) {
      if (count === undefined || (Number.isInteger(count) && count >= 0)) continue
      throw new TypeError(`resize: expected whole numbers of children, 0 or more, got ${count}`)
    }
    if (evented !== undefined) this.#pool.resize(false, evented)
    if (deferred !== undefined) this.#pool.resize(true, deferred)
    this.#sessions.broadcast()
  }

  killChildren(): void {
    this.#pool.killAll()
  }

  async #open(): Promise<void> {
    const { id, epoch, interrupted, notes } = await this.#store.open(this.config.name)
    for (const note of notes) this.#log.warn('store:note', { note })
    this.#storeId = id
    this.#numbers = numbersOf(epoch)
    this.#oldest = this.config.retryJobsAtStart ? 0 : firstNumber(epoch)
    this.#interrupted = interrupted
  }

  /** How often a job may be tried its children say. */
  async #recover(): Promise<void> {
    recover(this.#interrupted, this.#journal, {
      settings: this.config,
      known: (name) => this.#executors.known(name),
      now: this.#clock.steady(),
      ahead: 0,
      seq: this.#numbers,
      random: this.#chance.random,
    })
    this.#interrupted = []
    await this.#journal.flushed()
    await this.#pruner.prune()
  }

  async #connect(): Promise<void> {
    const { listen, distributors } = this.config
    if (listen !== null) this.#address = await this.#links.listen(listen)
    for (const address of distributors) this.#links.dial(address)
  }

  #watch(): void {
    this.#store.neighbours?.watch({
      onLost: (lost, live, anew) => this.#adoption?.lost(lost, live, anew),
      onFailure: (error) => this.#fail(error),
      onAct: (act, ids) => actOnEach(act, ids, this.#reach),
    })
  }

  async #drain(): Promise<void> {
    this.#become('stopping')
    this.#runner.claim(false)
    await this.#executors.stop(this.#failure === null ? this.#shutdownMs : 0)
    await this.#journal.flushed()
  }

  async #disconnect(): Promise<void> {
    await this.#links.stop()
    this.#reporter.stop()
    await this.#journal.flushed()
  }

  /** Jobs of a lane for the scheduler, without those that an option leaves where they are: fewer only where no more are left. */
  async #read(lane: Lane, after: Place | null, limit: number, bytes: number): Promise<JobRecord[]> {
    if (this.#oldest === 0) return this.#store.waiting(lane, after, limit, bytes)
    const wanted: JobRecord[] = []
    let read = 0
    for (let from = after; wanted.length < limit && read < bytes; ) {
      const rows = await this.#store.waiting(lane, from, limit - wanted.length, bytes)
      const last = rows.at(-1)
      if (last === undefined) break
      for (const job of rows) {
        if (job.seq < this.#oldest) continue
        wanted.push(job)
        read += job.args.length
      }
      from = last
    }
    return wanted
  }

  /** What would come faster than the store takes it waits where it comes from. */
  #hold(full: boolean): void {
    this.#executors.hold(full)
    this.#sessions.hold(full)
    const note = 'what the node has to store comes faster than it is stored: children and apps have to wait'
    if (full) this.#complaints.warn('store:slow', { note })
  }

  #learn(): void {
    this.#executors.learn()
    this.#adoption?.relearn()
    this.#sessions.broadcast()
  }

  #state(): NodeState {
    return {
      type: 'node-state',
      status: this.#status,
      jobs: knownJobs(this.#executors.definitions),
      ...this.#executors.slots,
      busy: this.#runner.size,
    }
  }

  #become(status: NodeState['status']): void {
    this.#status = status
    this.#log.info(`node:${status}`)
    this.#sessions.broadcast()
  }

  /** The store can't be trusted any more: nothing is acknowledged from here on, and the node ends. */
  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure =
      error instanceof JrError
        ? error
        : new JrError('JR_STORE', `the store failed: ${String(error)}`, { cause: error })
    this.#log.error('node:failed', { code: this.#failure.code, error: this.#failure.message })
    this.events.emit('node:failed', this.#failure)
    this.stop(0).catch((cause) => this.#log.error('node:stop-failed', { error: messageOf(cause) }))
  }
}
