import { packError } from '../../src/bytes/error-record.js'
import { nowOf } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { again } from '../../src/job/again.js'
import { nowFor } from '../../src/job/due.js'
import { isPast } from '../../src/job/kept.js'
import { outcomeWithoutRun } from '../../src/job/outcome.js'
import type { JobRecord, StoredJob } from '../../src/job/record.js'
import { isTerminal, transition, waitingState } from '../../src/job/states.js'
import type { ListPage, ListQuery } from '../../src/store/contract.js'
import { countTagged, listTagged, type TagCounts } from '../../src/store/tags.js'
import type { ActAnswer } from '../../src/verbs/acts.js'
import type { ParsedUpdate } from '../../src/verbs/update.js'
import { type WaitingDeps, WaitingJobs } from './waiting-jobs.js'

/** A life of a distributor. */
export interface Sender {
  readonly name: string
  readonly instance: string
}

/** What is known of a job that somebody waits for, and the edition of the one that is there; 0: none is. */
export type Watched = readonly [answer: 'watching' | 'ended' | 'not-found', edition: number]

const OUTCOMES_AT_ONCE = 500
const OUTCOME_BYTES = 4 * 1024 * 1024

/** Reaches one job by its id, wherever it is: on a child, in memory, or in the store alone. */
export class Reach {
  readonly #deps: WaitingDeps
  readonly waiting: WaitingJobs
  /** Ids of ended jobs that are being done away with. */
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(deps: WaitingDeps) {
    this.#deps = deps
    this.waiting = new WaitingJobs(deps)
  }

  /** Ends a waiting job at once, and asks a running one to stop. */
  async cancel(id: string): Promise<'cancelled' | 'cancelling' | 'not-found'> {
    // A job that is retried at once may be between two places each time it is looked for.
    for (;;) {
      if (this.#deps.runner.cancel(id)) return 'cancelling'
      const job = await this.waiting.take(id)
      if (job !== null && (await this.#end(job, true))) return 'cancelled'
      if (this.#deps.runner.cancel(id)) return 'cancelling'
      const stored = await this.load(id)
      if (stored === null || isTerminal(stored.state)) return 'not-found'
    }
  }

  /** Ends a job that waits for others, and so is in the store alone, as it is; at once, so that several end in order. False: it is not there. */
  cancelBlocked(job: JobRecord): Promise<boolean> {
    return this.#end(job, true)
  }

  /** Drops a job that has gone to another node, unless an attempt of it has begun; not one that has come back since. */
  async forget(id: string): Promise<void> {
    const { store, runner, seq } = this.#deps
    // Where nodes share a store the other node was told that the job is there already: this is the only one.
    if (store.neighbours !== undefined) return
    if (runner.running(id) !== undefined) return
    const here = seq()
    const job = await this.waiting.take(id)
    if (job === null) return
    if (job.course.attempt === 0 && job.seq < here) {
      await this.#end(job, false)
      return
    }
    this.waiting.back(job)
  }

  /**
   * Somebody waits for this job. If that is the life of the distributor that has enqueued it, its outcome is kept from now
   * on until it has been taken. Answers with the edition of the job that is there.
   */
  async watch(id: string, by: Sender): Promise<Watched> {
    const { scheduler, seq } = this.#deps
    const running = this.#watchRunning(id, by)
    if (running !== null) return running
    const there = scheduler.find(id) ?? (await this.#live(id))
    if (there !== null && (there.wanted || there.instance !== by.instance)) return ['watching', there.edition]
    const job = await this.waiting.take(id)
    const begun = this.#watchRunning(id, by)
    if (begun !== null) return begun
    if (job !== null) {
      const moved = await this.waiting.move(job, { ...job, wanted: true, seq: seq() })
      if (moved === 'ok') return ['watching', job.edition]
      const now = this.#watchRunning(id, by)
      if (now !== null) return now
    }
    return this.#outcomeOf(id, by)
  }

  async #live(id: string): Promise<JobRecord | null> {
    const stored = await this.load(id)
    return stored === null || isTerminal(stored.state) ? null : stored.job
  }

  /** Answers when it is on the disk that somebody waits. */
  #watchRunning(id: string, { instance }: Sender): Promise<Watched> | null {
    const { runner, journal } = this.#deps
    const job = runner.running(id)?.job
    if (job === undefined) return null
    const answer: Watched = ['watching', job.edition]
    if (job.instance !== instance || job.wanted) return Promise.resolve(answer)
    runner.watch(id)
    return journal.flushed().then(() => answer)
  }

  /** It is over: the word of it, if it is on its way, goes out before this answer; unless many are on their way. */
  async #outcomeOf(id: string, { name, instance }: Sender): Promise<Watched> {
    const stored = await this.load(id)
    for (let after = 0; ; ) {
      const page = await this.#deps.store.outcomes(name, after, OUTCOMES_AT_ONCE, OUTCOME_BYTES)
      const found = page.find((one) => one.id === id && one.instance === instance && !one.more)
      if (found !== undefined) return ['watching', found.edition]
      const last = page.at(-1)
      if (last === undefined) break
      after = last.seq
    }
    return stored === null ? ['not-found', 0] : ['ended', stored.job.edition]
  }

  /** One whose result was kept for a time that is over is no more, whether it has been removed yet or not. */
  async load(id: string): Promise<StoredJob | null> {
    const { journal, store, clock } = this.#deps
    await journal.flushed()
    const stored = await store.load(id)
    return stored === null || isPast(stored, clock.now()) ? null : stored
  }

  async list(query: ListQuery): Promise<ListPage> {
    await this.#deps.journal.flushed()
    const { store } = this.#deps
    const { tag } = query
    return tag === undefined ? store.list(query) : listTagged(store, { ...query, tag })
  }

  async countTagged(tag: string): Promise<TagCounts> {
    await this.#deps.journal.flushed()
    return countTagged(this.#deps.store, tag)
  }

  /** Says of jobs whether they were as they are before now: the others have been placed, and have ended, since. */
  before(): (stored: StoredJob) => boolean {
    const { clock, seq } = this.#deps
    const [number, now] = [seq(), clock.now()]
    return ({ job, finishedAt }) => job.seq < number || finishedAt < now
  }

  /** Forgets a job whatever it is: an ended one is removed, another is cancelled first. */
  async destroy(id: string): Promise<ActAnswer> {
    for (;;) {
      const cancelled = await this.cancel(id)
      if (cancelled === 'cancelling' && this.#deps.runner.discard(id)) return 'done'
      const removed = await this.#remove(id)
      if (removed === 'done' || cancelled !== 'not-found') return 'done'
      // When it is there all the same, it has been retried meanwhile.
      if ((await this.load(id)) === null) return 'not-found'
    }
  }

  #remove(id: string): Promise<ActAnswer> {
    const { journal } = this.#deps
    return this.#alone(id, async () => {
      const stored = await this.load(id)
      if (stored === null || !isTerminal(stored.state)) return 'not-found'
      journal.add({ kind: 'remove', id }, true)
      await journal.flushed()
      return 'done'
    })
  }

  /** Makes a job due at once that waits for its time, or its next attempt. */
  run(id: string): Promise<ActAnswer> {
    return this.waiting.run(id)
  }

  /** Gives a waiting job other args, terms, or another time. Rejects as `WaitingJobs.update` does. */
  update(id: string, update: ParsedUpdate): Promise<ActAnswer> {
    return this.waiting.update(id, update)
  }

  /** Ends a job that waits or runs, as one of the things that are done to jobs. */
  async end(id: string): Promise<ActAnswer> {
    if ((await this.cancel(id)) !== 'not-found') return 'done'
    return (await this.load(id)) === null ? 'not-found' : 'refused'
  }

  /** Runs an ended job again. The store puts it in the place of the ended one, in one step. */
  retry(id: string): Promise<ActAnswer> {
    const { clock, seq } = this.#deps
    return this.#alone(id, async () => {
      const stored = await this.load(id)
      if (stored === null) return 'not-found'
      if (!isTerminal(stored.state)) return 'refused'
      return (await this.#insert(again(stored.job, nowOf(clock), seq()))) ? 'done' : 'refused'
    })
  }

  /** One at a time does away with an ended job: what it has found there stays until then. */
  async #alone(id: string, work: () => Promise<ActAnswer>): Promise<ActAnswer> {
    for (let other = this.#busy.get(id); other !== undefined; other = this.#busy.get(id)) await other
    const done = work()
    this.#busy.set(
      id,
      done.catch(() => {}),
    )
    try {
      return await done
    } finally {
      this.#busy.delete(id)
    }
  }

  /** False: another job of its id waits or runs. */
  #insert(job: JobRecord): Promise<boolean> {
    return new Promise((resolve) => {
      let isNew = true
      const joined = () => {
        isNew = false
      }
      const origin = { joined, refused: joined, stored: () => resolve(isNew) }
      const own = { ownId: true, number: null, again: true }
      this.#deps.journal.add({ kind: 'insert', job, origin, started: false, ...own }, true)
    })
  }

  #end(job: JobRecord, told: boolean): Promise<boolean> {
    const { settings, journal, clock, seq } = this.#deps
    const now = nowOf(clock)
    const state = transition(waitingState(job, nowFor(job, now)), 'cancelled')
    const message = `job ${job.id} ('${job.name}') was cancelled before it ran`
    const error = packError(new JrError('JR_CANCELLED', message))
    const report = told
      ? outcomeWithoutRun(job, state, error, { seq: seq(), node: settings.name, now: now.wall })
      : null
    const kept = told && settings.keeps('cancelled')
    const keep = kept ? { job, state, startedAt: 0, finishedAt: now.wall } : null
    const outcome = job.wanted ? report : null
    return new Promise((done) => {
      journal.add({ kind: 'end', from: job, running: false, outcome, keep, report, done }, true)
    })
  }
}
