import type { Clock } from '../../src/clock.js'
import { packError } from '../../src/error-record.js'
import { JrError } from '../../src/errors.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Logger } from '../../src/logger.js'
import { Child } from './child.js'
import { Deadlines } from './deadlines.js'
import type { AbortReason, ChildEnqueue, Done, EnqueueReply, FromChild, LoadedJob } from './messages.js'
import { ALARMING, respawnDelay, SHORT_LIFE_MS } from './respawn.js'

export type { ChildEnqueue, LoadedJob } from './messages.js'

/** One run of a job on a child. */
export interface Attempt {
  /** Unique in the life of the node: a late result of an earlier attempt is not taken for this one's. */
  readonly token: number
  /** As it waits in the store. */
  readonly job: JobRecord
  /** From 1. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly startedAt: number
  /** 0: none. */
  readonly timeoutMs: number
  readonly deferred: boolean
  /** Suspected of killing children: on a child with nothing else on it. */
  readonly alone: boolean
}

export interface AttemptResult {
  readonly attempt: Attempt
  /** `returned`: interrupted by us and through no fault of the job's; no attempt is spent. The others spend one. */
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timeout' | 'lost' | 'returned'
  readonly args: Buffer
  readonly error: Buffer
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | null
  readonly finishedAt: number
  /** Process id of the child. */
  readonly child: number
}

export interface PoolOptions {
  readonly name: string
  readonly jobs: string
  readonly dir: string
  readonly children: number
  readonly deferredChildren: number
  /** Jobs at once on an evented child. */
  readonly concurrency: number
  readonly standbyChildren: number
  readonly maxJobsPerChild: number
  readonly maxMemoryPerChild: number
  readonly timeoutGraceMs: number
  readonly maxResult: number
  readonly mergeJobItselfToArgs: boolean
  readonly env: Readonly<Record<string, string>>
}

export interface PoolHandlers {
  readonly onJobs: (jobs: readonly LoadedJob[]) => void
  readonly onResults: (results: readonly AttemptResult[]) => void
  /** A slot became free, or a child ready. */
  readonly onCapacity: () => void
  /** Children do not live; the node goes on trying. */
  readonly onFailure: (error: JrError) => void
  readonly onEnqueue: (request: ChildEnqueue, by: Attempt, reply: (message: EnqueueReply) => void) => void
}

const START_TIMEOUT_MS = 30_000
const STALL_CHECK_MS = 1000
/** What is beside the args in the largest frame of a child. */
const FRAME_SLACK = 1024 * 1024
const NOTHING = Buffer.alloc(0)

/** The children of a node: which of them gets what, and what becomes of it when one is lost. */
export class Pool {
  readonly #options: PoolOptions
  readonly #handlers: PoolHandlers
  readonly #clock: Clock
  readonly #log: Logger
  readonly #deadlines: Deadlines
  readonly #children = new Set<Child>()
  readonly #byToken = new Map<number, Child>()
  #wanted: { evented: number; deferred: number; standby: number }
  #failures = 0
  #respawning = false
  #status: 'idle' | 'running' | 'stopping' | 'stopped' = 'idle'
  #started: { resolve(): void; reject(error: JrError): void } | null = null
  #onEmpty: () => void = () => {}
  #hasten: (() => void) | null = null
  #stopping: Promise<void> | null = null
  /** Attempts that were asked to end because the node stops. */
  #interrupting = false

  constructor(
    options: PoolOptions,
    handlers: PoolHandlers,
    deps: { clock: Clock; log: Logger; random: () => number },
  ) {
    this.#options = options
    this.#handlers = handlers
    this.#clock = deps.clock
    this.#log = deps.log
    this.#deadlines = new Deadlines(deps.clock)
    const { children, deferredChildren, standbyChildren } = options
    this.#wanted = { evented: children, deferred: deferredChildren, standby: standbyChildren }
  }

  /** Resolves when the first child is ready and its jobs are known. Rejects with JR_CHILD_START. */
  start(): Promise<void> {
    this.#status = 'running'
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject }
      this.#fill()
    })
  }

  get running(): number {
    return this.#byToken.size
  }

  /** How many more attempts can be given out. */
  free(deferred: boolean): number {
    if (this.#status !== 'running') return 0
    let free = 0
    for (const child of this.#children) if (child.deferred === deferred) free += this.#room(child)
    return free
  }

  canRunAlone(deferred: boolean): boolean {
    for (const child of this.#children) if (child.deferred === deferred && isEmpty(child)) return true
    return false
  }

  /** Only when there is room. What is given out in a tick travels in one frame. */
  run(attempt: Attempt): void {
    const child = this.#choose(attempt)
    if (child === null) throw new Error(`no child has room for job ${attempt.job.id}`)
    const { token, job, startedAt, maxAttempts, timeoutMs } = attempt
    child.attempts.set(token, attempt)
    child.begun++
    this.#byToken.set(token, child)
    const { id, name, slot, enqueuedAt, args } = job
    child.send({
      type: 'run',
      token,
      id,
      name,
      attempt: attempt.attempt,
      maxAttempts,
      slot,
      enqueuedAt,
      startedAt,
      args,
    })
    if (timeoutMs > 0) this.#deadlines.in(timeoutMs, () => this.#timeOut(token))
    if (!attempt.deferred) this.#watch(child)
  }

  /** Asks an attempt to end: its signal aborts, and after the grace its child is killed. */
  abort(token: number, reason: 'cancel' | 'shutdown'): void {
    const child = this.#byToken.get(token)
    if (child === undefined) return
    child.send({ type: 'abort', token, reason })
    if (reason === 'cancel')
      this.#deadlines.in(this.#options.timeoutGraceMs, () => this.#guilty(token, 'cancelled'))
  }

  /** Kills all children; what ran on them is lost and retried, and new ones take their place. */
  killAll(): void {
    for (const child of this.#children) child.kill('all children of the node were killed')
  }

  /** Another number of children. Those that are too many end when what runs on them has ended. */
  resize(deferred: boolean, children: number): void {
    this.#wanted = deferred ? { ...this.#wanted, deferred: children } : { ...this.#wanted, evented: children }
    const has = [...this.#children].filter(
      (child) => child.deferred === deferred && child.status !== 'retiring',
    )
    for (const child of has.slice(children)) this.#retire(child)
    this.#fill()
    this.#handlers.onCapacity()
  }

  /**
   * Gives out nothing more, waits up to `timeoutMs` (may be Infinity) for what runs, gives back the rest, ends all
   * children. Resolves when their processes are gone. A second call with less patience hastens the first.
   */
  stop(timeoutMs: number): Promise<void> {
    if (this.#stopping !== null) {
      if (timeoutMs === 0) this.#hasten?.()
      return this.#stopping
    }
    this.#status = 'stopping'
    this.#stopping = this.#end(timeoutMs)
    return this.#stopping
  }

  async #end(timeoutMs: number): Promise<void> {
    if (this.#byToken.size > 0 && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
        this.#hasten = resolve
        if (timeoutMs !== Number.POSITIVE_INFINITY)
          this.#deadlines.in(timeoutMs, () => this.#interrupt(resolve))
      })
    }
    this.#giveBack()
    await new Promise<void>((resolve) => {
      this.#onEmpty = () => {
        if (this.#children.size === 0) resolve()
      }
      for (const child of this.#children) child.kill('the node stopped')
      this.#onEmpty()
    })
    this.#deadlines.stop()
    this.#status = 'stopped'
  }

  /** The time is up: jobs that listen to their signal get a moment to end well. */
  #interrupt(resolve: () => void): void {
    this.#interrupting = true
    for (const token of this.#byToken.keys()) this.abort(token, 'shutdown')
    this.#deadlines.in(Math.min(this.#options.timeoutGraceMs, 1000), resolve)
  }

  #giveBack(): void {
    const results: AttemptResult[] = []
    for (const [token, child] of this.#byToken) results.push(this.#ended(child, token, 'returned', null))
    if (results.length > 0) this.#handlers.onResults(results)
  }

  #room(child: Child): number {
    if (!child.usable) return 0
    const size = child.attempts.size
    if (child.deferred === true) return size === 0 ? 1 : 0
    if (size === 1) for (const { alone } of child.attempts.values()) if (alone) return 0
    const { maxJobsPerChild, concurrency } = this.#options
    const most =
      maxJobsPerChild > 0 ? Math.min(concurrency, maxJobsPerChild - child.begun + size) : concurrency
    return Math.max(0, most - size)
  }

  #choose(attempt: Attempt): Child | null {
    let best: Child | null = null
    let most = 0
    for (const child of this.#children) {
      if (child.deferred !== attempt.deferred || (attempt.alone && !isEmpty(child))) continue
      const room = this.#room(child)
      if (room > most) {
        most = room
        best = child
      }
    }
    return best
  }

  /** Brings the number of children to what is wanted: first from those that stand by, then by new processes. */
  #fill(): void {
    if (this.#status !== 'running' || this.#respawning) return
    for (const deferred of [false, true]) {
      const wanted = deferred ? this.#wanted.deferred : this.#wanted.evented
      let has = 0
      for (const child of this.#children)
        if (child.deferred === deferred && child.status !== 'retiring') has++
      for (; has < wanted; has++) {
        const standby = this.#standby(true) ?? this.#standby(false) ?? this.#spawn()
        standby.deferred = deferred
      }
    }
    let standing = 0
    for (const child of this.#children) if (child.deferred === null) standing++
    // The spare ones come after the first is ready, so that they do not slow it down.
    if (this.#started !== null) return
    for (; standing < this.#wanted.standby; standing++) this.#spawn()
  }

  #standby(ready: boolean): Child | null {
    for (const child of this.#children) if (child.deferred === null && child.usable === ready) return child
    return null
  }

  #spawn(): Child {
    const { jobs, dir, name, maxResult, mergeJobItselfToArgs, env } = this.#options
    const child = new Child(
      {
        init: {
          type: 'init',
          jobs,
          dataDir: dir,
          node: name,
          maxResult,
          mergeJobItself: mergeJobItselfToArgs,
        },
        env,
        maxFrame: maxResult + FRAME_SLACK,
        startTimeoutMs: START_TIMEOUT_MS,
      },
      {
        onReady: (ready, loaded) => this.#ready(ready, loaded),
        onMessages: (from, messages) => this.#receive(from, messages),
        onGone: (gone, why) => this.#gone(gone, why),
      },
      this.#clock,
      this.#log,
    )
    this.#children.add(child)
    return child
  }

  #ready(child: Child, jobs: readonly LoadedJob[]): void {
    this.#log.debug('child:ready', { pid: child.pid, jobs: jobs.length })
    this.#handlers.onJobs(jobs)
    const started = this.#started
    this.#started = null
    started?.resolve()
    this.#fill()
    this.#handlers.onCapacity()
  }

  #receive(child: Child, messages: readonly FromChild[]): void {
    const results: AttemptResult[] = []
    for (const message of messages) {
      switch (message.type) {
        case 'done': {
          // Not known: the attempt was given up before.
          if (child.attempts.has(message.token))
            results.push(this.#ended(child, message.token, message.status, message))
          break
        }
        case 'log':
          this.#log[message.level]('job:log', { job: message.id, name: message.name, text: message.text })
          break
        case 'blocked':
          if (child.deferred === false) this.#tellBlocked(message)
          break
        case 'stray': {
          const note = 'a promise of a job was rejected and nobody caught it; the child is replaced'
          this.#log.warn('child:stray-rejection', { pid: child.pid, error: message.message, note })
          this.#retire(child)
          this.#fill()
          break
        }
        case 'enqueue': {
          const by = child.attempts.get(message.token)
          if (by !== undefined) this.#handlers.onEnqueue(message, by, (reply) => child.send(reply))
        }
      }
    }
    if (results.length === 0) return
    this.#failures = 0
    this.#handlers.onResults(results)
    this.#recycle(child)
    if (this.#byToken.size === 0) this.#onEmpty()
  }

  #ended(child: Child, token: number, status: AttemptResult['status'], done: Done | null): AttemptResult {
    const attempt = child.attempts.get(token)
    if (attempt === undefined) throw new Error(`attempt ${token} is not on child ${child.pid}`)
    child.attempts.delete(token)
    this.#byToken.delete(token)
    // Interrupted by us, it may have ended well all the same; what it failed with then is not its own fault.
    const interrupted = this.#interrupting && status === 'failed'
    return {
      attempt,
      status: interrupted ? 'returned' : status,
      args: done?.args ?? attempt.job.args,
      error: done?.error ?? NOTHING,
      code: done?.code ?? '',
      message: done?.message ?? '',
      retryAfterMs: done?.retryAfterMs ?? null,
      finishedAt: this.#clock.now(),
      child: child.pid,
    }
  }

  #gone(child: Child, why: string): void {
    this.#children.delete(child)
    const short =
      child.readyAt === 0 || (child.begun === 0 && this.#clock.mono() - child.readyAt < SHORT_LIFE_MS)
    if (this.#status === 'running') {
      this.#log.warn('child:lost', { pid: child.pid, why, jobs: child.attempts.size })
      if (short) this.#failures++
    }
    const results: AttemptResult[] = []
    for (const [token, { job, attempt }] of child.attempts) {
      const text = `child ${child.pid} ended while attempt ${attempt} of '${job.name}' ran on it: ${why}`
      results.push(this.#failed(child, token, 'lost', new JrError('JR_CHILD_LOST', text)))
    }
    const started = this.#started
    if (started !== null && child.readyAt === 0 && this.#status === 'running') {
      this.#started = null
      started.reject(new JrError('JR_CHILD_START', `a child did not start: ${why}`))
      return
    }
    this.#replace()
    if (results.length > 0) this.#handlers.onResults(results)
    this.#handlers.onCapacity()
    this.#onEmpty()
  }

  #replace(): void {
    if (this.#status !== 'running' || this.#respawning) return
    const delay = respawnDelay(this.#failures)
    if (this.#failures === ALARMING) {
      const text = `${ALARMING} children in a row ended before they could do anything; the node goes on trying`
      this.#handlers.onFailure(new JrError('JR_CHILD_START', text))
    }
    if (delay === 0) return this.#fill()
    // A spare one takes the place at once; only new processes wait.
    this.#respawning = true
    this.#deadlines.in(delay, () => {
      this.#respawning = false
      this.#fill()
    })
  }

  #timeOut(token: number): void {
    const child = this.#byToken.get(token)
    if (child === undefined) return
    child.send({ type: 'abort', token, reason: 'timeout' })
    this.#deadlines.in(this.#options.timeoutGraceMs, () => this.#guilty(token, 'timeout'))
  }

  /** It did not end when it was asked to: its child is killed, and what else ran there is given back. */
  #guilty(token: number, status: 'timeout' | 'cancelled'): void {
    const child = this.#byToken.get(token)
    const attempt = child?.attempts.get(token)
    if (child === undefined || attempt === undefined) return
    const { name } = attempt.job
    const text = `attempt ${attempt.attempt} of '${name}' did not end when its signal was aborted; its child was killed`
    const error = new JrError(status === 'timeout' ? 'JR_TIMEOUT' : 'JR_CANCELLED', text)
    const results = [this.#failed(child, token, status, error)]
    for (const other of [...child.attempts.keys()]) results.push(this.#ended(child, other, 'returned', null))
    child.status = 'retiring'
    child.kill(text)
    this.#handlers.onResults(results)
    this.#fill()
  }

  #failed(
    child: Child,
    token: number,
    status: 'timeout' | 'cancelled' | 'lost',
    error: JrError,
  ): AttemptResult {
    const { code, message } = error
    return { ...this.#ended(child, token, status, null), status, code, message, error: packError(error) }
  }

  /** A child that has done its share, or has grown too large, is replaced between two jobs. */
  #recycle(child: Child): void {
    const { maxJobsPerChild, maxMemoryPerChild } = this.#options
    const worn = maxJobsPerChild > 0 && child.begun >= maxJobsPerChild
    if (child.status === 'ready' && (worn || (maxMemoryPerChild > 0 && child.memory() > maxMemoryPerChild))) {
      this.#log.debug('child:retired', { pid: child.pid, begun: child.begun })
      this.#retire(child)
      this.#fill()
    } else if (child.status === 'retiring' && child.attempts.size === 0) child.kill('it was retired')
  }

  #retire(child: Child): void {
    child.status = 'retiring'
    if (child.attempts.size === 0) child.kill('it was retired')
  }

  #tellBlocked({ id, name, ms }: { id: string; name: string; ms: number }): void {
    const note = 'other jobs on the child had to wait; run it with defer: true'
    this.#log.warn('job:blocked-loop', { job: id, name, ms, note })
  }

  /** While jobs run on an evented child, it is asked for a sign of life when it has given none for a while. */
  #watch(child: Child): void {
    if (child.watched) return
    child.watched = true
    this.#deadlines.in(STALL_CHECK_MS, () => this.#look(child))
  }

  #look(child: Child): void {
    child.watched = false
    if (child.status === 'gone' || child.attempts.size === 0) return
    const silent = this.#clock.mono() - child.heardAt
    if (child.pinged && silent >= STALL_CHECK_MS * 2) {
      const jobs = [...child.attempts.values()].slice(-10).map(({ job }) => `${job.name} (${job.id})`)
      const note = 'its event loop is blocked by one of these; run such jobs with defer: true'
      this.#log.warn('child:stalled', { pid: child.pid, silentMs: Math.round(silent), jobs, note })
      // Said once for a stall: it is looked at again when something else is given to it.
      return
    }
    if (!child.pinged && silent >= STALL_CHECK_MS) {
      child.pinged = true
      child.send({ type: 'ping' })
    }
    this.#watch(child)
  }
}

export type { AbortReason }

function isEmpty(child: Child): boolean {
  return child.usable && child.attempts.size === 0
}
