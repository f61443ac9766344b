import { type Clock, type Now, nowOf } from '../../src/clock.js'
import type { JrError } from '../../src/errors.js'
import { nowFor } from '../../src/job/due.js'
import { isTerminal } from '../../src/job/states.js'
import { othersTurn } from '../../src/others-turn.js'
import { decide, type Progress } from '../../src/schedules/decision.js'
import { runId } from '../../src/schedules/runs.js'
import { courseNote, type StoredSchedule } from '../../src/schedules/shelves.js'
import type { Store } from '../../src/store/contract.js'
import type { Journal, NodeInsert, Origin } from '../changes/journal.js'
import type { Executors } from '../executors/executors.js'
import { Alarm } from '../order/alarm.js'
import type { Scheduler } from '../order/scheduler.js'
import type { NodeSettings } from '../settings.js'
import { type Kept, keptOf } from './kept.js'
import { runJob } from './run-job.js'
import { Wakes } from './wakes.js'

export interface KeeperDeps {
  readonly settings: NodeSettings
  readonly store: Store
  readonly journal: Journal
  readonly executors: Pick<Executors, 'known'>
  readonly scheduler: Pick<Scheduler, 'keyFor'>
  readonly clock: Clock
  readonly seq: () => number
  readonly onError: (error: unknown) => void
}

/** Schedules that are looked at before all else that the node does has its turn. */
const AT_ONCE = 50
/** Runs of one schedule that begin at one look. */
const RUNS_AT_ONCE = 100
/** The alarm rings at least once a minute. Later than this: the machine was asleep, or the wall clock was set. */
const ABSENT_MS = 120_000
/** Of a run on another node nothing is heard. */
const LOOK_AGAIN_MS = 60_000

/** The schedules of this node: all in memory, one alarm for all of them. A run is a job that the node makes. */
export class Keeper implements Origin {
  readonly #deps: KeeperDeps
  readonly #byId = new Map<string, Kept>()
  /** By the jobs that are their runs and have not ended. */
  readonly #byRun = new Map<string, Kept>()
  readonly #wakes = new Wakes()
  readonly #alarm: Alarm
  /** When the clocks were looked at last; null: no alarm was set. */
  #seen: Now | null = null
  #status: 'new' | 'running' | 'held' | 'stopped' = 'new'

  constructor(deps: KeeperDeps) {
    this.#deps = deps
    this.#alarm = new Alarm(deps.clock, () => this.#ring())
  }

  start(stored: readonly StoredSchedule[]): void {
    this.#status = 'running'
    this.addAll(stored)
  }

  stop(): void {
    this.#status = 'stopped'
    this.#alarm.stop()
  }

  /** What the node has to store comes faster than it is stored, or no longer. */
  hold(on: boolean): void {
    if (this.#status !== 'running' && this.#status !== 'held') return
    this.#status = on ? 'held' : 'running'
    if (on) this.#alarm.stop()
    else this.arm()
  }

  find(id: string): Kept | undefined {
    return this.#byId.get(id)
  }

  /** In the order of their ids. */
  get ids(): string[] {
    return [...this.#byId.keys()].sort()
  }

  /** One that is kept from now on, in place of the one of its id. Call `arm` when all are there. */
  add(kept: Kept): void {
    const before = this.#byId.get(kept.id)
    if (before !== undefined) {
      this.#wakes.put(before, Number.POSITIVE_INFINITY)
      for (const run of before.unended) {
        kept.unended.add(run)
        this.#byRun.set(run, kept)
      }
    }
    this.#byId.set(kept.id, kept)
    this.wake(kept)
  }

  addAll(stored: readonly StoredSchedule[]): void {
    const now = nowOf(this.#deps.clock)
    for (const one of stored) this.add(keptOf(one, now))
    this.arm()
  }

  remove(kept: Kept): void {
    this.#byId.delete(kept.id)
    this.#wakes.put(kept, Number.POSITIVE_INFINITY)
    for (const run of kept.unended) this.#byRun.delete(run)
  }

  /** It is looked at as soon as there is something to decide. */
  wake(kept: Kept): void {
    const { next, behind, pausedAt } = kept.course
    const soonest = behind.length > 0 ? 0 : (next ?? Number.POSITIVE_INFINITY)
    this.#wakes.put(kept, pausedAt === undefined ? soonest : Number.POSITIVE_INFINITY)
  }

  arm(): void {
    if (this.#status !== 'running') return
    const now = nowOf(this.#deps.clock)
    const earliest = this.#wakes.earliest(now)
    if (earliest === Number.POSITIVE_INFINITY) this.#seen = null
    else this.#seen ??= now
    this.#alarm.set(earliest)
  }

  /** Begins a run: for a slot with what that changes, or beside the slots. Answers the id of its job. */
  begin(kept: Kept, slot: number, progress: Partial<Progress>): string {
    const { journal, executors, scheduler, clock, seq } = this.#deps
    const id = runId(kept.id, slot)
    const { name } = kept.definition
    const key = scheduler.keyFor({ name, agreed: kept.agreed })
    const job = runJob(id, kept, executors.known(name), nowOf(clock), seq(), key)
    kept.course = { ...kept.course, ...progress, last: id }
    kept.isKnown = true
    kept.unended.add(id)
    this.#byRun.set(id, kept)
    const notes = [courseNote(kept.id, kept.course)]
    journal.add({ kind: 'insert', job, ownId: true, number: null, origin: this, started: false, notes }, true)
    return id
  }

  /** What has changed of its course is written. */
  write(kept: Kept): void {
    const notes = [courseNote(kept.id, kept.course)]
    this.#deps.journal.add({ kind: 'note', notes, done: null }, true)
  }

  /** A job of this id is there already: then that is the run, and what was to be noted with it is noted alone. */
  joined({ job }: NodeInsert, id: string): void {
    const kept = this.#byRun.get(job.id)
    if (kept !== undefined && this.#byId.get(kept.id) === kept) this.write(kept)
    // Another job has what it is to be the only one by: this run is none.
    if (id !== job.id) this.ended(job.id)
  }

  refused(change: NodeInsert, { job = '' }: JrError): void {
    this.joined(change, job)
  }

  stored(): void {}

  /** A job has ended. */
  ended(job: string): void {
    if (this.#byRun.size === 0) return
    const kept = this.#byRun.get(job)
    if (kept === undefined) return
    this.#byRun.delete(job)
    kept.unended.delete(job)
    const waits = kept.course.behind.length > 0 || kept.wakesAt === Number.POSITIVE_INFINITY
    if (!waits || this.#status !== 'running') return
    this.#look(kept, nowOf(this.#deps.clock))
    this.arm()
  }

  #ring(): void {
    if (this.#status !== 'running') return
    const now = nowOf(this.#deps.clock)
    this.#notice(now)
    for (let left = AT_ONCE; left > 0; left--) {
      const kept = this.#wakes.next(now)
      if (kept === null) return this.arm()
      this.#look(kept, now)
    }
    othersTurn().then(() => this.#ring(), this.#deps.onError)
  }

  /** What was to come while nobody looked has been missed. */
  #notice(now: Now): void {
    const seen = this.#seen ?? now
    this.#seen = now
    for (const byWall of [true, false]) {
      const at = nowFor({ byWall }, now)
      if (at - nowFor({ byWall }, seen) < ABSENT_MS) continue
      for (const kept of this.#byId.values()) if (kept.byWall === byWall) kept.since = at
    }
  }

  #look(kept: Kept, moment: Now): void {
    if (kept.course.pausedAt !== undefined) return
    if (!kept.isKnown) return this.#findOut(kept)
    const now = nowFor(kept, moment)
    const { id, definition, times, since } = kept
    for (let left = RUNS_AT_ONCE; left > 0; left--) {
      const { course } = kept
      const busy = kept.unended.size > 0
      const { run, progress, wake } = decide(course, { id, definition, times, now, since, busy })
      if (run !== null) {
        this.begin(kept, run, progress)
        continue
      }
      if (isOther(progress, course)) {
        kept.course = { ...course, ...progress }
        this.write(kept)
      }
      return this.#wakes.put(kept, wake)
    }
    this.#wakes.put(kept, now)
  }

  /** Whether the last run, which this life of the node has not begun, has ended. */
  #findOut(kept: Kept): void {
    const { store, onError } = this.#deps
    const { last = '' } = kept.course
    store.load(last).then((stored) => {
      if (this.#byId.get(kept.id) !== kept) return
      const runs = stored !== null && !isTerminal(stored.state)
      kept.isKnown = true
      kept.unended.delete(last)
      if (runs) {
        kept.unended.add(last)
        this.#byRun.set(last, kept)
      }
      if (this.#status !== 'running') return
      const now = nowOf(this.#deps.clock)
      this.#look(kept, now)
      if (runs && store.neighbours !== undefined && kept.course.last === last) {
        // It may be another node's job.
        kept.isKnown = false
        this.#wakes.put(kept, Math.min(kept.wakesAt, nowFor(kept, now) + LOOK_AGAIN_MS))
      }
      this.arm()
    }, onError)
  }
}

function isOther(a: Progress, b: Progress): boolean {
  return a.next !== b.next || a.skipped !== b.skipped || a.runs !== b.runs || a.behind !== b.behind
}
