import type { Clock } from '../../../src/clock.js'
import { JrError } from '../../../src/errors.js'
import type { JobDefinition } from '../../../src/job/definition.js'
import type { Logger } from '../../../src/logger.js'
import type { FromChild } from '../../../src/pipe/messages.js'
import { FRAME_SLACK } from '../../../src/rules.js'
import type { Child, ChildHandlers, ChildOptions } from './child.js'
import type { Deadlines } from './deadlines.js'
import { Respawn, SHORT_LIFE_MS } from './respawn.js'

export interface StaffOptions {
  readonly name: string
  readonly jobs: string
  readonly dir: string
  readonly children: number
  readonly deferredChildren: number
  readonly standbyChildren: number
  readonly maxJobsPerChild: number
  readonly maxMemoryPerChild: number
  readonly maxArgs: number
  readonly maxResult: number
  readonly mergeJobItselfToArgs: boolean
  readonly env: Readonly<Record<string, string>>
  readonly imports: readonly string[]
  readonly withheld: readonly string[]
}

export interface StaffHandlers {
  /** A child is ready, and knows these jobs. */
  readonly onReady: (jobs: readonly JobDefinition[]) => void
  readonly onMessages: (child: Child, messages: readonly FromChild[]) => void
  /** A child has read what it was sent, and can be given more. */
  readonly onRoom: (child: Child) => void
  /** A process is gone; its place has been taken already, where one stood by. */
  readonly onGone: (child: Child, why: string) => void
  readonly onFailure: (error: JrError) => void
}

/** Starts a child. */
export type Spawn = (options: ChildOptions, handlers: ChildHandlers) => Child

const START_TIMEOUT_MS = 30_000
/** Long enough to read what children had to say while they were not read. */
export const CATCH_UP_MS = 1000

/** Which child processes there are: started, put to work, replaced, retired. Knows nothing of what runs on them. */
export class Staff {
  readonly #options: StaffOptions
  readonly #handlers: StaffHandlers
  readonly #clock: Clock
  readonly #log: Logger
  readonly #make: Spawn
  readonly #respawn: Respawn
  readonly #children = new Set<Child>()
  readonly #retired = new WeakSet<Child>()
  #wanted: { evented: number; deferred: number; standby: number }
  /** Variables whose absence is in the log already. */
  readonly #missed = new Set<string>()
  #held = false
  #heldUntil = Number.NEGATIVE_INFINITY
  #status: 'running' | 'stopped' = 'running'
  #started: { resolve(): void; reject(error: JrError): void } | null = null
  #onEmpty: () => void = () => {}

  constructor(
    options: StaffOptions,
    handlers: StaffHandlers,
    deps: { clock: Clock; log: Logger; deadlines: Deadlines; spawn: Spawn },
  ) {
    this.#options = options
    this.#handlers = handlers
    this.#clock = deps.clock
    this.#log = deps.log
    this.#make = deps.spawn
    this.#respawn = new Respawn(deps.deadlines, () => this.fill(), handlers.onFailure)
    const { children, deferredChildren, standbyChildren } = options
    this.#wanted = { evented: children, deferred: deferredChildren, standby: standbyChildren }
  }

  [Symbol.iterator](): IterableIterator<Child> {
    return this.#children.values()
  }

  /** Resolves when the first child is ready. Rejects with JR_CHILD_START. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject }
      this.fill()
    })
  }

  /** How many children are to work. */
  wanted(deferred: boolean): number {
    return deferred ? this.#wanted.deferred : this.#wanted.evented
  }

  /** Another number of children. Those that are too many end when what runs on them has ended. */
  resize(deferred: boolean, children: number): void {
    this.#wanted = deferred ? { ...this.#wanted, deferred: children } : { ...this.#wanted, evented: children }
    for (const child of this.#working(deferred).slice(children)) this.#retire(child)
    this.fill()
  }

  /** Brings the number of children to what is wanted: first from those that stand by, then by new processes. */
  fill(): void {
    if (this.#status !== 'running' || this.#respawn.waits) return
    for (const deferred of [false, true]) {
      for (let has = this.#working(deferred).length; has < this.wanted(deferred); has++) {
        const child = this.#standby('ready') ?? this.#standby('starting') ?? this.#spawn()
        child.deferred = deferred
      }
    }
    // The spare ones come after the first is ready, so that they do not slow it down.
    if (this.#started !== null) return
    for (let has = this.#working(null).length; has < this.#wanted.standby; has++) this.#spawn()
  }

  /** Whether what children say is not read for now. Those that are to end are heard to their end. */
  hold(on: boolean): void {
    const held = on && this.#status === 'running'
    if (this.#held && !held) this.#heldUntil = this.#clock.mono()
    this.#held = held
    for (const child of this.#children) child.hold(held)
  }

  /** Something that children have said may not have been read. */
  get held(): boolean {
    return this.#held || this.#clock.mono() - this.#heldUntil < CATCH_UP_MS
  }

  /** Something has ended well on a child, which may have done its share by now, or have grown too large. */
  worked(child: Child): void {
    this.#respawn.lived()
    const { maxJobsPerChild, maxMemoryPerChild } = this.#options
    const worn = maxJobsPerChild > 0 && child.begun >= maxJobsPerChild
    if (child.status === 'ready' && (worn || (maxMemoryPerChild > 0 && child.memory() > maxMemoryPerChild))) {
      this.#log.debug('child:retired', { pid: child.pid, begun: child.begun })
      this.replace(child)
    } else if (child.status === 'retiring' && child.attempts.size === 0) child.kill('it was retired')
  }

  /** Begins nothing more on this child, which ends when what runs on it has; another takes its place now. */
  replace(child: Child): void {
    this.#retire(child)
    this.fill()
  }

  /** Replaces this child, or all that are ready, as `replace` does. Answers how many. */
  recycle(pid?: number): number {
    const worn = [...this.#children].filter((one) => one.usable && (pid === undefined || one.pid === pid))
    for (const child of worn) this.#retire(child)
    this.fill()
    return worn.length
  }

  /** Ends all processes; resolves when they are gone. */
  stop(): Promise<void> {
    this.#status = 'stopped'
    this.hold(false)
    return new Promise((resolve) => {
      this.#onEmpty = () => {
        if (this.#children.size === 0) resolve()
      }
      for (const child of this.#children) child.kill('the node stopped')
      this.#onEmpty()
    })
  }

  #working(deferred: boolean | null): Child[] {
    return [...this.#children].filter((child) => child.deferred === deferred && child.status !== 'retiring')
  }

  #standby(status: 'ready' | 'starting'): Child | null {
    for (const child of this.#children) if (child.deferred === null && child.status === status) return child
    return null
  }

  #spawn(): Child {
    const { jobs, dir, name, maxArgs, maxResult, mergeJobItselfToArgs, env, imports, withheld } =
      this.#options
    const child = this.#make(
      {
        init: {
          type: 'init',
          jobs,
          imports: imports.length > 0,
          withheld,
          dataDir: dir,
          node: name,
          maxArgs,
          maxResult,
          mergeJobItself: mergeJobItselfToArgs,
        },
        env,
        imports,
        maxFrame: Math.max(maxArgs, maxResult) + FRAME_SLACK,
        startTimeoutMs: START_TIMEOUT_MS,
      },
      {
        onReady: (ready, loaded) => this.#ready(ready, loaded),
        onWithheld: (variable) => this.#withheld(variable),
        onMessages: this.#handlers.onMessages,
        onRoom: this.#handlers.onRoom,
        onGone: (gone, why) => this.#gone(gone, why),
      },
    )
    child.hold(this.#held)
    this.#children.add(child)
    return child
  }

  #withheld(variable: string): void {
    if (this.#missed.has(variable)) return
    this.#missed.add(variable)
    const note =
      'job code reads a variable that the node has and does not pass on; see option env (--env NAME)'
    this.#log.warn('env:withheld', { variable, note })
  }

  #ready(child: Child, jobs: readonly JobDefinition[]): void {
    this.#log.debug('child:ready', { pid: child.pid, jobs: jobs.length })
    this.#handlers.onReady(jobs)
    this.#started?.resolve()
    this.#started = null
    this.fill()
  }

  #retire(child: Child): void {
    child.status = 'retiring'
    this.#retired.add(child)
    if (child.attempts.size === 0) child.kill('it was retired')
  }

  #gone(child: Child, why: string): void {
    this.#children.delete(child)
    if (this.#status === 'running') {
      this.#log.warn('child:lost', { pid: child.pid, why, jobs: child.attempts.size })
      const started = this.#started
      if (started !== null && child.readyAt === 0) {
        this.#started = null
        started.reject(new JrError('JR_CHILD_START', `a child did not start: ${why}`))
        return
      }
      const isYoung = this.#clock.mono() - child.readyAt < SHORT_LIFE_MS
      this.#respawn.ended(child.readyAt === 0 || (isYoung && child.begun === 0 && !this.#retired.has(child)))
    }
    this.#handlers.onGone(child, why)
    this.#onEmpty()
  }
}
