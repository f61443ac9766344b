import { type Clock, type Now, nowOf } from '../../src/clock.js'
import { unpackError } from '../../src/error-record.js'
import { JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { isDeferred } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Logger } from '../../src/logger.js'
import type { Begin } from '../../src/store/contract.js'
import type { Journal } from '../journal.js'
import type { NodeSettings } from '../settings.js'
import type { Attempt, AttemptResult } from './attempt.js'
import { asCancelled, changeAfter, failedWithoutRun } from './conclusion.js'
import { rulesFor } from './rules.js'
import { decide, type Verdict } from './verdict.js'

/** What the runner needs of the pool. */
export interface Children {
  hasRoom(deferred: boolean): boolean
  canRunAlone(deferred: boolean): boolean
  run(attempt: Attempt): void
  abort(token: number, reason: 'cancel' | 'shutdown'): void
}

/** What the runner needs of the scheduler. */
export interface Due {
  /** This job, which is not stored yet, may begin: nothing that waits is in front of it. */
  passes(job: JobRecord, deferred: boolean, now: Now): boolean
  take(deferred: boolean, now: Now): JobRecord | null
}

export interface RunnerDeps {
  readonly settings: NodeSettings
  readonly children: Children
  readonly due: Due
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** The next number of the store: places and outcomes. */
  readonly seq: () => number
}

/** A job on a child, or on its way there. */
interface Running {
  readonly attempt: Attempt
  /** Somebody has asked for the outcome since the attempt began. */
  watched: boolean
  /** It was asked to end for good: whatever it says now, it is not tried again. */
  cancelled: boolean
  /** Nothing of it is kept when it has ended. */
  discarded: boolean
}

/** Claims due jobs for children, and decides what becomes of each attempt. Owns what is running. */
export class Runner {
  readonly #deps: RunnerDeps
  readonly #running = new Map<string, Running>()
  /** A suspect of killing children that waits for a child of its own, for each kind of child. */
  readonly #suspects: [JobRecord | null, JobRecord | null] = [null, null]
  #jobs = new Map<string, JobDefinition>()
  #token = 0
  #claiming = false

  constructor(deps: RunnerDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#running.size
  }

  know(jobs: readonly JobDefinition[]): void {
    this.#jobs = new Map(jobs.map((job) => [job.name, job]))
  }

  known(name: string): JobDefinition | undefined {
    return this.#jobs.get(name)
  }

  running(id: string): Attempt | undefined {
    return this.#running.get(id)?.attempt
  }

  /** Lets claims happen, or not: while starting, paused, or stopping. */
  claim(on: boolean): void {
    this.#claiming = on
    if (on) this.pump()
  }

  /** Fills the free children with due jobs. Call after anything that may have made a job due or a child free. */
  pump(): void {
    if (!this.#claiming) return
    const now = nowOf(this.#deps.clock)
    this.#fill(false, now)
    this.#fill(true, now)
  }

  /**
   * Starts a job that is on its way to the disk, when nothing waits and a child is free; else false. When the node dies
   * before it is on disk, the job was not accepted: the sender still has it, and it runs again, as its first attempt.
   */
  offer(job: JobRecord, now: Now): boolean {
    const { children, due } = this.#deps
    const deferred = isDeferred(job.lane)
    if (
      !this.#claiming ||
      job.due > (job.byWall ? now.wall : now.steady) ||
      this.#suspects[deferred ? 1 : 0] !== null
    )
      return false
    if (!this.#jobs.has(job.name) || !children.hasRoom(deferred) || !due.passes(job, deferred, now))
      return false
    return this.#start(job, now.wall, false)
  }

  /** Asks a running job to stop; false when it is not running. */
  cancel(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    if (running.cancelled) return true
    running.cancelled = true
    this.#deps.children.abort(running.attempt.token, 'cancel')
    return true
  }

  /** This running job is not kept when it has ended, whatever the options say; false when it is not running. */
  discard(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    running.discarded = true
    return true
  }

  /** From now on the outcome of this running job is kept; false when it is not running. */
  watch(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    running.watched = true
    return true
  }

  /** The store says that this job was gone, or elsewhere, when its attempt began: the attempt counts for nothing. */
  revoke(job: JobRecord): void {
    const running = this.#running.get(job.id)
    if (running === undefined || running.attempt.job !== job) return
    this.#running.delete(job.id)
    this.#deps.children.abort(running.attempt.token, 'cancel')
  }

  conclude(results: readonly AttemptResult[]): void {
    const now = nowOf(this.#deps.clock)
    for (const result of results) this.#conclude(result, now)
    this.pump()
  }

  #fill(deferred: boolean, now: Now): void {
    const { children, due } = this.#deps
    const kind = deferred ? 1 : 0
    // Looked at anew each time: a child that has not read what it was given has no room, whatever slots are free.
    while (children.hasRoom(deferred)) {
      const job = this.#suspects[kind] ?? due.take(deferred, now)
      this.#suspects[kind] = null
      if (job === null) return
      // One loss more and it has failed: that must not be for the sake of a neighbour.
      const alone = job.losses > 0 && job.losses >= this.#deps.settings.poisonLimit - 1
      if (alone && !children.canRunAlone(deferred)) {
        // Nothing more is given out until a child has run dry: otherwise the suspect would wait for ever.
        this.#suspects[kind] = job
        return
      }
      this.#start(job, now.wall, alone)
    }
  }

  #start(job: JobRecord, now: number, alone: boolean): boolean {
    const { settings, journal, children, log } = this.#deps
    const loaded = this.#jobs.get(job.name)
    if (loaded === undefined) {
      this.#unknown(job, now)
      return false
    }
    const begin: Begin = { kind: 'begin', job, startedAt: now }
    const attempt: Attempt = {
      token: ++this.#token,
      job,
      attempt: job.attempt + 1,
      maxAttempts: rulesFor(job, loaded, settings).maxAttempts,
      startedAt: now,
      timeoutMs: job.timeoutMs ?? loaded.timeoutMs ?? settings.timeoutMs,
      deferred: isDeferred(job.lane),
      alone,
    }
    this.#running.set(job.id, { attempt, watched: job.wanted, cancelled: false, discarded: false })
    // Not waited for: if the node dies before this is written, the attempt was lost with it and runs as the same one.
    journal.add(begin, false)
    children.run(attempt)
    if (settings.logJobProcessing)
      log.debug('job:started', { job: job.id, name: job.name, attempt: attempt.attempt })
    return true
  }

  #unknown(job: JobRecord, now: number): void {
    const { settings, journal, log } = this.#deps
    if (settings.unknownJob === 'wait') {
      log.warn('job:unknown', { job: job.id, name: job.name, note: 'waits for a child that knows the name' })
      return
    }
    log.error('job:failed', { job: job.id, name: job.name, code: 'JR_NO_SUCH_JOB' })
    const text = `no job file of node ${settings.name} defines '${job.name}' (looked in ${settings.jobs})`
    journal.add(failedWithoutRun(job, new JrError('JR_NO_SUCH_JOB', text), now, this.#deps), true)
  }

  #conclude(given: AttemptResult, now: Now): void {
    const { settings, journal, random, seq } = this.#deps
    const { attempt } = given
    const { job } = attempt
    const running = this.#running.get(job.id)
    if (running?.attempt !== attempt) return
    this.#running.delete(job.id)
    const result = running.cancelled ? asCancelled(given) : given
    const stack = stackOf(result)
    const end = {
      status: result.status,
      attempt: attempt.attempt,
      retryAfterMs: result.retryAfterMs,
      message: result.message,
      code: result.code,
      stack,
    }
    const wanted = running.watched
    const record = wanted === job.wanted ? job : { ...job, wanted }
    const rules = rulesFor(job, this.#jobs.get(job.name), settings)
    const verdict = decide(record, end, rules, now.steady, seq(), random, now.steady - now.wall)
    this.#tell(result, verdict, stack)
    // Written before anybody hears of it, so that it outlives the node; but nobody waits for the disk: if the machine
    // loses its power just then, the store still says that this attempt had begun, and the job runs again.
    journal.add(changeAfter(result, stack, record, verdict, running.discarded, this.#deps), false)
  }

  #tell(result: AttemptResult, { ended, next }: Verdict, stack: string): void {
    const { settings, log } = this.#deps
    if (!settings.logJobProcessing) return
    const { job, attempt } = result.attempt
    const facts = { job: job.id, name: job.name, attempt }
    if (ended === 'completed' || ended === 'cancelled' || result.status === 'returned') {
      log.debug(`job:${ended ?? 'returned'}`, facts)
    } else if (ended === null) {
      log.warn('job:retryable', {
        ...facts,
        code: result.code,
        error: result.message,
        stack,
        dueAt: next?.due,
      })
    } else {
      log.error('job:failed', { ...facts, code: result.code, error: result.message, stack })
    }
  }
}

/** Where an attempt failed, as its child has told it. */
function stackOf({ status, error }: AttemptResult): string {
  if (error.length === 0 || (status !== 'failed' && status !== 'timeout')) return ''
  try {
    return unpackError(error).stack ?? ''
  } catch {
    // Whoever is told of the outcome unpacks it too, and says so.
    return ''
  }
}
