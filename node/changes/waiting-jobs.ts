import { type Clock, type Now, nowOf } from '../../src/clock.js'
import { duplicateOf, JrError } from '../../src/errors.js'
import { nowFor } from '../../src/job/due.js'
import type { JobRecord } from '../../src/job/record.js'
import { isTerminal, waitingState } from '../../src/job/states.js'
import { mayRunOn } from '../../src/job/terms/where.js'
import type { Answer, Store } from '../../src/store/contract.js'
import { holderOf } from '../../src/store/unique.js'
import { ACTS, type ActAnswer } from '../../src/verbs/acts.js'
import type { ParsedUpdate } from '../../src/verbs/update.js'
import type { Executors } from '../executors/executors.js'
import type { Scheduler } from '../order/scheduler.js'
import type { Runner } from '../run/runner.js'
import { refusal } from '../session/admit.js'
import type { NodeSettings } from '../settings.js'
import { altered, dueNow } from './altered.js'
import { type Journal, moveOf } from './journal.js'

export interface WaitingDeps {
  readonly settings: NodeSettings
  readonly store: Store
  readonly journal: Journal
  readonly scheduler: Scheduler
  readonly runner: Runner
  readonly executors: Pick<Executors, 'known' | 'slots'>
  readonly clock: Clock
  readonly seq: () => number
}

/** What is to become of a waiting job; or what is answered, and nothing is done. */
type Change = (job: JobRecord, now: Now, seq: number) => JobRecord | ActAnswer

/** Reaches jobs that wait, in memory or in the store alone, and changes them. */
export class WaitingJobs {
  readonly #deps: WaitingDeps

  constructor(deps: WaitingDeps) {
    this.#deps = deps
  }

  /** A job that waits, taken out of the order in memory so that it cannot begin meanwhile. */
  async take(id: string): Promise<JobRecord | null> {
    const { scheduler, journal, store, runner } = this.#deps
    const held = scheduler.remove(id)
    if (held !== undefined) return held
    // It may be on its way to the disk, or only there.
    await journal.flushed()
    const arrived = scheduler.remove(id)
    if (arrived !== undefined) return arrived
    const stored = await store.load(id)
    if (stored === null || isTerminal(stored.state) || stored.state === 'running') return null
    if (runner.running(id) !== undefined) return null
    return scheduler.remove(id) ?? stored.job
  }

  /** Nothing has become of it: it waits as before. */
  back(job: JobRecord): void {
    const { scheduler, runner } = this.#deps
    scheduler.add(job)
    runner.pump()
    scheduler.settle()
  }

  /** It takes this other place. */
  move(job: JobRecord, to: JobRecord): Promise<Answer> {
    return new Promise((done) =>
      this.#deps.journal.add(
        moveOf(job, false, to, (_, answer) => done(answer)),
        true,
      ),
    )
  }

  /** Makes a job due at once; one that is due is. */
  run(id: string): Promise<ActAnswer> {
    return this.#change(id, (job, now, seq) => {
      const state = waitingState(job, nowFor(job, now))
      if (state === 'available') return 'done'
      const states: readonly string[] = ACTS.run.states
      return states.includes(state) ? dueNow(job, { now, seq }) : 'refused'
    })
  }

  /** Throws as `altered` does, JR_DUPLICATE, and what an `enqueue` of such a job would be refused with. */
  update(id: string, update: ParsedUpdate): Promise<ActAnswer> {
    const { settings, executors, scheduler } = this.#deps
    return this.#change(id, (job, now, seq) => {
      const known = executors.known(job.name)
      const to = altered(job, update, known, (other) => scheduler.keyFor(other), { now, seq })
      if (!mayRunOn(settings.name, to.agreed.terms)) {
        const text = `job '${id}' is on node ${settings.name}, and may not run there then: enqueue it anew`
        throw new JrError('JR_NO_NODE', text)
      }
      const refused = refusal(to, settings, known, executors.slots)
      if (refused !== null) throw refused
      return to
    })
  }

  async #change(id: string, change: Change): Promise<ActAnswer> {
    const { runner, store, journal, clock, seq } = this.#deps
    for (;;) {
      const job = runner.running(id) === undefined ? await this.take(id) : null
      if (job === null) {
        await journal.flushed()
        const stored = await store.load(id)
        if (stored === null) return 'not-found'
        if (isTerminal(stored.state) || runner.running(id) !== undefined) return 'refused'
        // Between two places.
        continue
      }
      const answer = await this.#changeTaken(job, () => change(job, nowOf(clock), seq()))
      if (answer !== null) return answer
    }
  }

  /** Null: it has begun, or gone on, meanwhile. */
  async #changeTaken(job: JobRecord, change: () => JobRecord | ActAnswer): Promise<ActAnswer | null> {
    let to: JobRecord | ActAnswer
    try {
      to = change()
    } catch (error) {
      this.back(job)
      throw error
    }
    const answer = typeof to === 'string' ? to : await this.move(job, to)
    if (answer === 'ok') return 'done'
    if (answer === 'stale' || answer === 'duplicate') return null
    this.back(job)
    if (typeof answer === 'string') return answer
    throw answer.is === 'taken'
      ? duplicateOf(job.name, holderOf(answer.value))
      : new Error('one change alone')
  }
}
