import type { Done } from '../../../src/attempt/messages.js'
import type { Clock } from '../../../src/clock.js'
import { CountedLines } from '../../../src/counted-lines.js'
import { JrError } from '../../../src/errors.js'
import type { JobDefinition } from '../../../src/job/definition.js'
import type { Logger } from '../../../src/logger.js'
import type { FromChild, Unreadable } from '../../../src/pipe/messages.js'
import { type Attempt, type AttemptResult, type Failed, failedWith, resultOf } from '../../run/attempt.js'
import type { Executor, ExecutorHandlers, Slots } from '../executor.js'
import type { Child } from './child.js'
import { Deadlines } from './deadlines.js'
import { Hearing } from './hearing.js'
import { Overdue } from './overdue.js'
import { hasEmpty, type RoomLimits, roomFor, roomiest } from './room.js'
import { runOf } from './run-of.js'
import { type Spawn, Staff, type StaffOptions } from './staff.js'
import { Stalls } from './stalls.js'

export interface PoolOptions extends StaffOptions, RoomLimits {
  readonly timeoutGraceMs: number
}

export interface PoolHandlers extends ExecutorHandlers {
  /** Children do not live; the node goes on trying. */
  readonly onFailure: (error: JrError) => void
}

/** What runs on the children of a node: which child gets what, and what becomes of it when that child is lost. */
export class Pool implements Executor {
  readonly #options: PoolOptions
  readonly #handlers: PoolHandlers
  readonly #clock: Clock
  readonly #log: Logger
  /** A child decides how many of these there are. */
  readonly #complaints: CountedLines
  readonly #deadlines: Deadlines
  readonly staff: Staff
  readonly #stalls: Stalls
  readonly #hearing: Hearing
  readonly #overdue: Overdue
  /** The child of each attempt. */
  readonly #running = new Map<number, Child>()
  /** As the child that became ready last has told: all load the same files. */
  #jobs: ReadonlyMap<string, JobDefinition> = new Map()
  #status: 'idle' | 'running' | 'stopping' = 'idle'
  /** Attempts have been asked to end because the node stops. */
  #interrupting = false
  #onIdle: () => void = () => {}
  #stopping: Promise<void> | null = null

  constructor(
    options: PoolOptions,
    handlers: PoolHandlers,
    deps: { clock: Clock; log: Logger; spawn: Spawn },
  ) {
    const { clock, log, spawn } = deps
    this.#options = options
    this.#handlers = handlers
    this.#clock = clock
    this.#log = log
    this.#complaints = new CountedLines(log, clock)
    this.#deadlines = new Deadlines(clock)
    this.#stalls = new Stalls(clock, log, this.#deadlines)
    this.#hearing = new Hearing({ handlers, stalls: this.#stalls, log })
    this.staff = new Staff(
      options,
      {
        onReady: (jobs) => {
          this.#jobs = new Map(jobs.map((job) => [job.name, job]))
          handlers.onJobs()
          handlers.onCapacity()
        },
        onMessages: (child, messages) => this.#receive(child, messages),
        onRoom: (child) => {
          handlers.onRoom(child)
          handlers.onCapacity()
        },
        onGone: (child, why) => this.#lose(child, why),
        onFailure: handlers.onFailure,
      },
      { clock, log, spawn, deadlines: this.#deadlines },
    )
    this.#overdue = new Overdue(this.#deadlines, options.timeoutGraceMs, {
      runs: (token) => this.#running.has(token),
      isUnread: () => this.staff.held,
      ask: (token, reason) => this.#running.get(token)?.send({ type: 'abort', token, reason }),
      convict: (token, status) => this.#convict(token, status),
    })
  }

  /** Resolves when the first child is ready and its jobs are known. Rejects with JR_CHILD_START. */
  start(): Promise<void> {
    this.#status = 'running'
    return this.staff.start()
  }

  get jobs(): ReadonlyMap<string, JobDefinition> {
    return this.#jobs
  }

  get slots(): Slots {
    const evented = this.staff.wanted(false) * this.#options.concurrency
    return { evented, deferred: this.staff.wanted(true) }
  }

  hasRoom(deferred: boolean, alone: boolean): boolean {
    if (this.#status !== 'running') return false
    return alone ? hasEmpty(this.staff, deferred) : roomFor(this.staff, deferred, this.#options, 1) > 0
  }

  /** What is given out in a tick travels in one frame. */
  run(attempt: Attempt): void {
    const child = roomiest(this.staff, attempt, this.#options)
    if (child === null) throw new Error(`no child has room for job ${attempt.job.id}`)
    const { token, timeoutMs } = attempt
    child.attempts.set(token, attempt)
    child.begun++
    this.#running.set(token, child)
    child.send(runOf(attempt))
    if (attempt.brought !== null) this.#give(child, attempt, attempt.brought)
    this.#overdue.begin(token, timeoutMs)
    if (!attempt.deferred) this.#stalls.watch(child)
  }

  /** The attempt begins when this has come. */
  async #give(child: Child, { token }: Attempt, brought: NonNullable<Attempt['brought']>): Promise<void> {
    const { saved, given } = await brought
    if (child.attempts.has(token)) child.send({ type: 'brought', token, saved, given })
  }

  /** Its signal aborts; if it has not ended after the grace, its child is killed. */
  cancel(token: number): void {
    this.#overdue.end(token, 'cancelled')
  }

  /** Results and what jobs enqueue wait with the children. */
  hold(on: boolean): void {
    this.staff.hold(on)
  }

  /** Kills all children; what ran on them is lost and retried, and new ones take their place. */
  killAll(): void {
    for (const child of this.staff) child.kill('all children of the node were killed')
  }

  resize(deferred: boolean, children: number): void {
    this.staff.resize(deferred, children)
    this.#handlers.onCapacity()
  }

  /** Resolves when the children's processes are gone. */
  stop(timeoutMs: number): Promise<void> {
    if (this.#stopping === null) {
      this.#status = 'stopping'
      this.#stopping = this.#end(timeoutMs)
    } else if (timeoutMs === 0) this.#onIdle()
    return this.#stopping
  }

  async #end(timeoutMs: number): Promise<void> {
    if (this.#running.size > 0 && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        if (timeoutMs !== Number.POSITIVE_INFINITY) this.#deadlines.in(timeoutMs, () => this.#interrupt())
      })
    }
    const returned = [...this.#running].map(([token, child]) => this.#take(child, token, 'returned', null))
    if (returned.length > 0) this.#handlers.onResults(returned)
    await this.staff.stop()
    this.#deadlines.stop()
  }

  /** The time is up: jobs that listen to their signal get a moment to end well. */
  #interrupt(): void {
    this.#interrupting = true
    for (const [token, child] of this.#running) child.send({ type: 'abort', token, reason: 'shutdown' })
    this.#deadlines.in(Math.min(this.#options.timeoutGraceMs, 1000), this.#onIdle)
  }

  #receive(child: Child, messages: readonly FromChild[]): void {
    const results: AttemptResult[] = []
    for (const message of messages) {
      switch (message.type) {
        case 'done':
          // Not known: the attempt was given up before.
          if (child.attempts.has(message.token))
            results.push(this.#take(child, message.token, message.status, message))
          break
        case 'stray': {
          const note = 'a promise of a job was rejected and nobody caught it; the child is replaced'
          this.#log.warn('child:stray-rejection', { pid: child.pid, error: message.message, note })
          this.staff.replace(child)
          break
        }
        case 'unreadable': {
          const failed = this.#unreadable(child, message)
          if (failed !== null) results.push(failed)
          break
        }
        default:
          this.#hearing.hear(child, message)
      }
    }
    if (results.length === 0) return
    this.#handlers.onResults(results)
    this.staff.worked(child)
    if (this.#running.size === 0) this.#onIdle()
  }

  /** What a child said of one attempt, or asked for it, is no good: that attempt, or what it asked, has failed. */
  #unreadable(child: Child, { about: { what, number }, error }: Unreadable): AttemptResult | null {
    this.#complaints.error('child:unreadable', {
      pid: child.pid,
      what,
      code: error.code,
      error: error.message,
    })
    if (what === 'done') return child.attempts.has(number) ? this.#fail(child, number, 'failed', error) : null
    if (what === 'checkpoint') this.#hearing.saved(child, number, error)
    else if (what !== 'tell') this.#hearing.refuse(child, number, error)
    return null
  }

  #lose(child: Child, why: string): void {
    const results = [...child.attempts].map(([token, { job, attempt }]) => {
      const text = `child ${child.pid} ended while attempt ${attempt} of '${job.name}' ran on it: ${why}`
      return this.#fail(child, token, 'lost', new JrError('JR_CHILD_LOST', text))
    })
    this.#handlers.onGone(child)
    if (results.length > 0) this.#handlers.onResults(results)
    this.#handlers.onCapacity()
    if (this.#running.size === 0) this.#onIdle()
  }

  /** It did not end when it was asked to: its child is killed, and what else ran there is given back. */
  #convict(token: number, status: 'timeout' | 'cancelled'): void {
    const child = this.#running.get(token)
    const attempt = child?.attempts.get(token)
    if (child === undefined || attempt === undefined) return
    const what = `attempt ${attempt.attempt} of '${attempt.job.name}'`
    const text = `${what} did not end when its signal was aborted; its child was killed`
    const error = new JrError(status === 'timeout' ? 'JR_TIMEOUT' : 'JR_CANCELLED', text)
    const results = [this.#fail(child, token, status, error)]
    for (const other of [...child.attempts.keys()]) results.push(this.#take(child, other, 'returned', null))
    child.kill(text)
    this.staff.replace(child)
    this.#handlers.onResults(results)
  }

  #fail(child: Child, token: number, status: Failed, error: JrError): AttemptResult {
    return failedWith(this.#take(child, token, status, null), error)
  }

  /** Takes an attempt off its child. */
  #take(child: Child, token: number, status: AttemptResult['status'], done: Done | null): AttemptResult {
    const attempt = child.attempts.get(token)
    if (attempt === undefined) throw new Error(`attempt ${token} is not on child ${child.pid}`)
    child.attempts.delete(token)
    this.#running.delete(token)
    // Interrupted by us, it may have ended well all the same; what it failed with then is not its own fault.
    const interrupted = this.#interrupting && status === 'failed'
    return resultOf(attempt, interrupted ? 'returned' : status, done, this.#clock.now(), child.pid)
  }
}
