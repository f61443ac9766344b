import type { Chance } from '../src/chance.js'
import type { Clock } from '../src/clock.js'
import { Emitter } from '../src/emitter.js'
import { JrError } from '../src/errors.js'
import { firstNumber, numbersOf } from '../src/job/numbers.js'
import { Lifecycle } from '../src/lifecycle.js'
import type { Logger } from '../src/logger.js'
import type { Interrupted, Store } from '../src/store/contract.js'
import { readWishes } from '../src/store/wishes.js'
import type { Surroundings } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import type { Address } from '../src/wire/address.js'
import type { NodeState } from '../src/wire/messages.js'
import type { NodeEvents } from './events.js'
import { recover } from './opening/recovery.js'
import { asItIs, type Rehearsal, tryParts } from './opening/rehearsal.js'
import { type Parts, partsOf } from './parts.js'
import { actOnEach } from './session/requests.js'
import type { NodeConfig } from './settings.js'

export type Ended = { readonly reason: 'stopped' } | { readonly reason: 'failed'; readonly error: JrError }

/** One node: opens its parts in order, and closes them in reverse. */
export class JobNode {
  readonly config: NodeConfig
  readonly stopped: Promise<Ended>
  readonly events: Emitter<NodeEvents>
  readonly #store: Store
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #log: Logger
  readonly #lifecycle = new Lifecycle()
  readonly #parts: Parts
  #numbers = numbersOf(0)
  #oldest = 0
  #storeId = ''
  /** Attempts that ran when the node was last lost, until it is decided what becomes of their jobs. */
  #interrupted: readonly Interrupted[] = []
  #status: NodeState['status'] = 'running'
  #address: Address | null = null
  #shutdownMs: number
  #resolveStopped: (ended: Ended) => void = () => {}
  #failure: JrError | null = null

  constructor(config: NodeConfig, deps: { store: Store; log: Logger } & Surroundings) {
    const { log } = deps
    this.config = config
    this.#store = deps.store
    this.#clock = deps.clock
    this.#chance = deps.chance
    this.#log = log
    this.events = new Emitter((name, error) =>
      log.error('listener:threw', { event: name, error: messageOf(error) }),
    )
    this.#shutdownMs = config.shutdownTimeoutMs
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
    this.#parts = partsOf(config, deps, {
      events: this.events,
      status: () => this.#status,
      storeId: () => this.#storeId,
      oldest: () => this.#oldest,
      seq: () => this.#numbers(),
      onPause: () => this.#follow(),
      fail: (error) => this.#fail(error),
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
    const { series, replacing, flows, scheduler, schedules } = this.#parts
    this.#log.info('node:starting', store === 'level' ? { jobs, dir } : { jobs, store })
    await this.#lifecycle.start([
      { name: 'store', start: () => this.#open(), stop: () => this.#store.close() },
      { name: 'controls', start: () => this.#parts.controls.open(), stop: () => {} },
      { name: 'children', start: () => this.#parts.pool.start(), stop: () => this.#parts.pool.stop(0) },
      { name: 'recovery', start: () => this.#recover(), stop: () => {} },
      { name: 'series', start: () => series.start(), stop: () => {} },
      { name: 'replacing', start: () => replacing.start(), stop: () => replacing.stop() },
      { name: 'flows', start: () => flows.start(), stop: () => flows.stop() },
      { name: 'schedule', start: () => scheduler.start(), stop: () => scheduler.stop() },
      { name: 'schedules', start: () => schedules.start(), stop: () => schedules.stop() },
      { name: 'connections', start: () => this.#connect(), stop: () => this.#disconnect() },
      { name: 'work', start: () => this.#follow(), stop: () => this.#finish() },
      { name: 'neighbours', start: () => this.#watch(), stop: () => this.#parts.adoption?.stop() },
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
      { name: 'children', start: () => this.#parts.pool.start(), stop: () => this.#parts.pool.stop(0) },
      {
        name: 'address',
        start: async () => listen !== null && this.#parts.links.tryListen(listen),
        stop: () => this.#parts.links.stop(),
      },
    ])
    undo()
    return { failures, defined: this.#parts.executors.definitions.length }
  }

  /**
   * Stops claiming, waits up to `timeoutMs` for what runs, gives back the rest without spending an attempt, closes.
   * What waits stays in the store. Tolerates repeats; a repeat with a shorter time-out hastens the first.
   */
  async stop(timeoutMs = this.config.shutdownTimeoutMs): Promise<void> {
    if (this.#status === 'stopping' && timeoutMs < this.#shutdownMs)
      await this.#parts.executors.stop(timeoutMs)
    this.#shutdownMs = timeoutMs
    await this.#lifecycle.stop()
    const error = this.#failure
    this.#resolveStopped(error === null ? { reason: 'stopped' } : { reason: 'failed', error })
  }

  /** Goes on taking jobs and starts none, until `resume` or the end of this process. */
  pause(): void {
    this.#parts.controls.hold()
  }

  /** Ends what `pause` has begun. A pause that is kept in the store goes on. */
  resume(): void {
    this.#parts.controls.release()
  }

  resize({ evented, deferred }: { readonly evented?: number; readonly deferred?: number }): void {
    for (const count of [evented, deferred]) {
      if (count === undefined || (Number.isInteger(count) && count >= 0)) continue
      throw new TypeError(`resize: expected whole numbers of children, 0 or more, got ${count}`)
    }
    if (evented !== undefined) this.#parts.pool.resize(false, evented)
    if (deferred !== undefined) this.#parts.pool.resize(true, deferred)
    this.#parts.sessions.broadcast()
  }

  killChildren(): void {
    this.#parts.pool.killAll()
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
    recover(this.#interrupted, this.#parts.journal, {
      settings: this.config,
      known: (name) => this.#parts.executors.known(name),
      now: this.#clock.steady(),
      ahead: 0,
      seq: this.#numbers,
      random: this.#chance.random,
      wishes: await readWishes(this.#store),
    })
    this.#interrupted = []
    await this.#parts.journal.flushed()
    await this.#parts.pruner.prune()
  }

  async #connect(): Promise<void> {
    const { listen, distributors } = this.config
    if (listen !== null) this.#address = await this.#parts.links.listen(listen)
    for (const address of distributors) this.#parts.links.dial(address)
  }

  /** The node may have been paused, resumed, or told to drain. */
  #follow(): void {
    const { controls, runner } = this.#parts
    if (this.#status === 'stopping') return
    const paused = controls.pauseOf(null, null) !== null
    const status = controls.draining !== null ? 'draining' : paused ? 'paused' : 'running'
    if (status !== this.#status) this.#become(status)
    runner.claim(!paused)
  }

  #watch(): void {
    this.#store.neighbours?.watch({
      onLost: (lost, live, anew) => this.#parts.adoption?.lost(lost, live, anew),
      onFailure: (error) => this.#fail(error),
      onAct: (act, ids, update) => actOnEach(act, ids, this.#parts.reach, update),
    })
  }

  async #finish(): Promise<void> {
    this.#parts.schedules.stop()
    this.#become('stopping')
    this.#parts.runner.claim(false)
    await this.#parts.executors.stop(this.#failure === null ? this.#shutdownMs : 0)
    await this.#parts.journal.flushed()
  }

  async #disconnect(): Promise<void> {
    await this.#parts.links.stop()
    this.#parts.reporter.stop()
    await this.#parts.journal.flushed()
  }

  #become(status: NodeState['status']): void {
    this.#status = status
    this.#log.info(`node:${status}`)
    this.#parts.sessions.broadcast()
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
