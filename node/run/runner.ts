import { type Clock, type Now, nowOf } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { isDeferred } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Logger } from '../../src/logger.js'
import type { Begin, Note } from '../../src/store/contract.js'
import { savedNote } from '../../src/store/saved.js'
import { wishNote } from '../../src/store/wishes.js'
import type { FollowUps } from '../changes/follow-ups.js'
import type { Journal } from '../changes/journal.js'
import type { Executor } from '../executors/executor.js'
import { type Executors, free } from '../executors/executors.js'
import type { NodeSettings } from '../settings.js'
import { type Attempt, type AttemptResult, attemptOf, type Brought } from './attempt.js'
import { logEnd, logStart } from './attempt-log.js'
import { asCancelled, changeAfter, endedWithoutRun, withoutFollowUp } from './conclusion.js'
import type { Counts, Due } from './due.js'
import { errorOf, pastOf } from './past.js'
import { rulesFor } from './rules.js'
import type { Sayings } from './sayings.js'
import { decide } from './verdict.js'

export interface RunnerDeps {
  readonly settings: NodeSettings
  readonly executors: Executors
  readonly due: Due
  readonly counts: Counts
  readonly journal: Pick<Journal, 'add'>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly sayings: Pick<Sayings, 'heard' | 'revoked'>
  /** The next number of the store: places and outcomes. */
  readonly seq: () => number
  /** What a job is given beside its args; null: nothing. */
  readonly brought: (job: JobRecord) => Promise<Brought> | null
  /** What attempts have enqueued to become jobs when they complete. */
  readonly followUps: Pick<FollowUps, 'take'>
}

/** A job that is run, or is on its way to what runs it. */
interface Running {
  readonly attempt: Attempt
  readonly on: Executor
  /** Somebody has asked for the outcome since the attempt began. */
  watched: boolean
  /** It was asked to end for good: whatever it says now, it is not tried again. */
  cancelled: boolean
  /** Nothing of it is kept when it has ended. */
  discarded: boolean
}

/** Claims due jobs for executors, and decides what becomes of each attempt. Owns what is running. */
export class Runner {
  readonly #deps: RunnerDeps
  readonly #running = new Map<string, Running>()
  /** A job that was taken and finds no room that is good for it, for each kind: no other goes before it. */
  readonly #next: [JobRecord | null, JobRecord | null] = [null, null]
  #token = 0
  #claiming = false

  constructor(deps: RunnerDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#running.size
  }

  /** The jobs that run. */
  *jobs(): Iterable<JobRecord> {
    for (const { attempt } of this.#running.values()) yield attempt.job
  }

  running(id: string): Attempt | undefined {
    return this.#running.get(id)?.attempt
  }

  /** Lets claims happen, or not: while starting, paused, or stopping. */
  claim(on: boolean): void {
    this.#claiming = on
    if (on) this.pump()
  }

  /** Gives due jobs to executors with room. Call after anything that may have made a job due, or room. */
  pump(): void {
    if (!this.#claiming) return
    const now = nowOf(this.#deps.clock)
    this.#fill(false, now)
    this.#fill(true, now)
  }

  /**
   * Starts a job that is on its way to the disk, when nothing waits and there is room; else false. When the node dies
   * before it is on disk, the job was not accepted: the sender still has it, and it runs again, as its first attempt.
   */
  offer(job: JobRecord, now: Now): boolean {
    const { executors, due } = this.#deps
    const deferred = isDeferred(job.lane)
    if (!this.#claiming || this.#next[deferred ? 1 : 0] !== null) return false
    if (job.due > (job.byWall ? now.wall : now.steady)) return false
    const known = executors.find(job.name)
    const on = known === undefined ? null : free(known.by, deferred, false)
    if (known === undefined || on === null || !due.passes(job, deferred, now)) return false
    this.#start(job, known.definition, on, now.wall, false)
    return true
  }

  /** Asks a running job to stop; false when it is not running. */
  cancel(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    if (running.cancelled) return true
    running.cancelled = true
    running.on.cancel(running.attempt.token)
    return true
  }

  /** This running job is not kept when it has ended, whatever the options say; false when it is not running. */
  discard(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    running.discarded = true
    return true
  }

  /** From now on the outcome of this running job is kept, also if the node is lost meanwhile; false when it is not running. */
  watch(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    if (!running.watched) this.#note({ ...wishNote(id), value: NOTHING })
    running.watched = true
    return true
  }

  /** The store says that this job was gone, or elsewhere, when its attempt began: the attempt counts for nothing. */
  revoke(job: JobRecord): void {
    const running = this.#running.get(job.id)
    if (running === undefined || running.attempt.job !== job) return
    this.#running.delete(job.id)
    this.#deps.counts.end(job)
    running.on.cancel(running.attempt.token)
    // Another job of its id would find what it has left.
    const saved = this.#deps.sayings.revoked(running.attempt) && !job.course.saved
    if (saved) this.#note({ ...savedNote(job.id), value: null })
    if (running.watched && !job.wanted) this.#note({ ...wishNote(job.id), value: null })
  }

  #note(note: Note): void {
    this.#deps.journal.add({ kind: 'note', notes: [note], done: null }, true)
  }

  conclude(results: readonly AttemptResult[]): void {
    const now = nowOf(this.#deps.clock)
    for (const result of results) this.#conclude(result, now)
    this.pump()
  }

  #fill(deferred: boolean, now: Now): void {
    const { executors, due, settings } = this.#deps
    const kind = deferred ? 1 : 0
    // Looked at anew each time: what has not read what it was given has no room, whatever slots are free.
    while (executors.hasRoom(deferred)) {
      const held = this.#next[kind]
      const job = held ?? due.take(deferred, now)
      this.#next[kind] = null
      if (job === null) return
      if (held !== null && !due.mayBegin(job, now)) {
        due.back(job)
        continue
      }
      const known = executors.find(job.name)
      if (known === undefined) {
        this.#unknown(job, now.wall)
        continue
      }
      // One loss more and it has failed: that must not be for the sake of a neighbour.
      const alone = job.course.losses >= Math.max(1, settings.poisonLimit - 1)
      const on = free(known.by, deferred, alone)
      if (on === null) {
        // Nothing more is given out until there is room for this one: otherwise it would wait for ever.
        this.#next[kind] = job
        return
      }
      this.#start(job, known.definition, on, now.wall, alone)
    }
  }

  #start(job: JobRecord, definition: JobDefinition, on: Executor, startedAt: number, alone: boolean): void {
    const { settings, counts, brought, journal, log } = this.#deps
    const begin: Begin = { kind: 'begin', job, startedAt }
    const { maxAttempts } = rulesFor(job, definition, settings)
    const timeoutMs = job.agreed.terms.timeoutMs ?? definition.timeoutMs ?? settings.timeoutMs
    const of = { maxAttempts, startedAt, timeoutMs, alone, brought: brought(job) }
    const attempt = attemptOf(++this.#token, job, of)
    this.#running.set(job.id, { attempt, on, watched: job.wanted, cancelled: false, discarded: false })
    counts.begin(job)
    // Not waited for: if the node dies before this is written, the attempt was lost with it and runs as the same one.
    journal.add(begin, false)
    on.run(attempt)
    if (settings.logJobProcessing) logStart(log, attempt)
  }

  #unknown(job: JobRecord, now: number): void {
    const { settings, due, journal, log } = this.#deps
    if (settings.unknownJob === 'wait') {
      log.warn('job:unknown', { job: job.id, name: job.name, note: 'waits for a child that knows the name' })
      due.unknown(job)
      return
    }
    const text = `no job file of node ${settings.name} defines '${job.name}' (looked in ${settings.jobs})`
    const error = new JrError('JR_NO_SUCH_JOB', text)
    log.error('job:failed', { job: job.id, name: job.name, code: error.code })
    journal.add(endedWithoutRun(job, 'available', 'failed', error, now, this.#deps), true)
  }

  #conclude(given: AttemptResult, now: Now): void {
    const { settings, executors, counts, sayings, journal, log, random, seq, followUps } = this.#deps
    const running = this.#running.get(given.attempt.job.id)
    const heard = sayings.heard(given)
    const followUp = followUps.take(given.attempt.token)
    if (running?.attempt !== given.attempt) return
    this.#running.delete(given.attempt.job.id)
    counts.end(given.attempt.job)
    const kept = followUp?.refused ? withoutFollowUp(heard, followUp.refused) : heard
    const result = running.cancelled ? asCancelled(kept) : kept
    const { attempt, status, retryAfterMs } = result
    const { job } = attempt
    const error = errorOf(result)
    const past = error === null ? null : pastOf(result, settings.name, error)
    const end = { status, attempt: attempt.attempt, retryAfterMs, past }
    const wanted = running.watched
    const record = wanted === job.wanted ? job : { ...job, wanted }
    const rules = rulesFor(job, executors.known(job.name), settings)
    const verdict = decide(record, end, rules, now.steady, seq(), random, now.steady - now.wall)
    if (settings.logJobProcessing) logEnd(log, result, verdict, error)
    // Written before anybody hears of it, so that it outlives the node; but nobody waits for the disk: if the machine
    // loses its power just then, the store still says that this attempt had begun, and the job runs again.
    const after = changeAfter(result, past, record, verdict, running.discarded, this.#deps)
    const wish = { ...wishNote(job.id), value: null }
    const change = wanted === job.wanted ? after : { ...after, notes: [wish] }
    if (followUp === null || verdict.ended !== 'completed') return journal.add(change, false)
    journal.add({ kind: 'together', changes: [change, ...followUp.inserts] }, false)
  }
}

const NOTHING = Buffer.alloc(0)
