import type { Emitter } from '../../src/emitter.js'
import { duplicateOf, flowTaken, idTaken } from '../../src/errors.js'
import { idOfFlow } from '../../src/job/flow.js'
import type { JobRecord } from '../../src/job/record.js'
import { isTerminal } from '../../src/job/states.js'
import type { Logger } from '../../src/logger.js'
import type { Answer, Store } from '../../src/store/contract.js'
import { FLOWS, HEADS } from '../../src/store/flow-notes.js'
import { holderOf } from '../../src/store/unique.js'
import type { JobCounts } from '../counts/counts.js'
import type { NodeEvents } from '../events.js'
import type { Flows } from '../flows/flows.js'
import type { Replacing } from '../order/replacing.js'
import type { Scheduler } from '../order/scheduler.js'
import type { Series } from '../order/series.js'
import type { Reporter } from '../report/reporter.js'
import type { Runner } from '../run/runner.js'
import type { Keeper } from '../schedules/keeper.js'
import type { Sessions } from '../session/sessions.js'
import type { NodeChange, NodeInsert, NodeSingle } from './journal.js'
import type { LocalJobs } from './local-jobs.js'
import type { Pruner } from './pruner.js'

export interface ConsequencesDeps {
  readonly store: Store
  readonly runner: Runner
  readonly scheduler: Scheduler
  readonly series: Pick<Series, 'follow'>
  readonly flows: Pick<Flows, 'follow' | 'answered'>
  readonly replacing: Pick<Replacing, 'follow'>
  readonly sessions: Sessions
  readonly reporter: Reporter
  readonly local: LocalJobs
  readonly pruner: Pruner
  readonly keeper: Keeper
  readonly counts: Pick<JobCounts, 'follow'>
  readonly events: Emitter<NodeEvents>
  readonly log: Logger
  readonly onStoreError: (error: unknown) => void
}

/** What follows from changes being written, and being on disk: who is told, what is put in order. */
export class Consequences {
  readonly #deps: ConsequencesDeps

  constructor(deps: ConsequencesDeps) {
    this.#deps = deps
  }

  /** New jobs are on disk: whoever sent them is told. */
  accept(changes: readonly NodeChange[], answers: readonly Answer[]): void {
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]
      if (change?.kind === 'insert') {
        notNew(change, answers[i])
        change.origin?.stored(change)
      } else if (change?.kind === 'together') this.#acceptAll(change.changes, answers[i])
    }
    this.#deps.sessions.settle()
  }

  #acceptAll(changes: readonly NodeSingle[], answer: Answer | undefined): void {
    notTaken(changes, answer)
    for (const each of changes) if (each.kind === 'insert') each.origin?.stored(each)
  }

  /** All else that follows from a group of changes. */
  follow(changes: readonly NodeChange[], answers: readonly Answer[]): void {
    const { runner, scheduler } = this.#deps
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]
      const answer = answers[i]
      if (change === undefined || answer === undefined) continue
      if (change.kind !== 'together') this.#follow(change, answer)
      else {
        notTaken(change.changes, answer)
        if (this.#deps.flows.answered(change, answer)) continue
        for (const each of change.changes) this.#follow(each, answer)
      }
    }
    runner.pump()
    scheduler.settle()
  }

  /** `answer`: that to all of them, of one that was to be done together with others. */
  #follow(change: NodeSingle, answer: Answer): void {
    this.#deps.series.follow(change, answer === 'ok')
    if (answer === 'ok') this.#deps.counts.follow(change)
    this.#deps.flows.follow(change, answer === 'ok')
    if (answer === 'ok') this.#deps.replacing.follow(change)
    const { scheduler, sessions, reporter, local, pruner, keeper, events, log } = this.#deps
    switch (change.kind) {
      case 'insert':
        if (answer !== 'ok') notNew(change, answer)
        else {
          if (!change.started) scheduler.add(change.job)
          if (typeof change.job.agreed.terms.unique?.until === 'number') pruner.kept()
        }
        return
      case 'begin':
        if (answer !== 'ok') this.#notBegun(change.job)
        return
      case 'adopt':
        if (answer === 'ok') reporter.publish(change.outcome, true)
        return
      case 'move':
      case 'end':
        if (answer === 'ok') {
          if (change.kind === 'move') scheduler.add(change.to)
          else if (change.keep !== null) pruner.kept()
          if (change.report !== null) {
            const stored = change.outcome !== null
            if (change.kind === 'end' && change.into !== undefined) {
              local.merged(change.from.id, change.into)
              sessions.merged(change.from.instance, change.into)
            } else {
              const event = `job:${change.report.state}` as const
              if (events.has(event)) events.emit(event, change.report)
              local.ended(change.report, stored)
            }
            sessions.ended(change.report, stored)
            reporter.publish(change.report, stored)
          }
        } else if (change.done === null) {
          log.warn('job:stale', { job: change.from.id, name: change.from.name, change: change.kind })
        }
        if (change.kind === 'end' && answer === 'ok') keeper.ended(change.from.id)
        change.done?.(answer === 'ok', answer)
        return
      case 'note':
        change.done?.(answer)
    }
  }

  /**
   * The store did not let an attempt begin, which counts for nothing then. A job that had begun on its way to a store
   * without room may wait there all the same, now that there is room.
   */
  #notBegun(job: JobRecord): void {
    const { store, runner, scheduler, onStoreError } = this.#deps
    runner.revoke(job)
    store.load(job.id).then((stored) => {
      const waits = stored?.job.seq === job.seq && !isTerminal(stored.state) && stored.state !== 'running'
      if (!waits || scheduler.find(job.id) !== undefined || runner.running(job.id) !== undefined) return
      scheduler.add(stored.job)
      runner.pump()
      scheduler.settle()
    }, onStoreError)
  }
}

/**
 * Its id is another job's, or its key. A group is looked at when it is written and when it is stored, in either order: told
 * once.
 */
function notNew(change: NodeInsert, answer: Answer | undefined): void {
  if (answer === 'ok' || answer === undefined || change.known === true) return
  // One of several that were to come together: told as a whole.
  if (typeof answer !== 'string' && answer.is === 'refused') return
  change.known = true
  const { job, origin } = change
  if (typeof answer === 'string') return origin?.joined(change, job.id)
  // The job has made this child before.
  if (answer.shelf.name === FLOWS.name) return origin?.joined(change, job.id)
  if (answer.shelf.name === HEADS.name) return origin?.refused(change, flowTaken(idOfFlow(answer.key)))
  const there = holderOf(answer.value)
  if (job.agreed.terms.unique?.onConflict !== 'reject') return origin?.joined(change, there)
  origin?.refused(change, duplicateOf(job.name, there))
}

/** Of changes that were to be done together one could not be, so none is: whoever has sent that is told which, once. */
function notTaken(changes: readonly NodeSingle[], answer: Answer | undefined): void {
  if (answer === undefined || typeof answer === 'string' || answer.is !== 'refused') return
  const change = changes[answer.at]
  if (change?.kind !== 'insert' || change.known === true) return
  change.known = true
  const { job, origin, ownId, sentBefore = [] } = change
  const why = answer.answer
  if (typeof why !== 'string' && why.shelf.name === HEADS.name)
    return origin?.refused(change, flowTaken(idOfFlow(why.key)))
  if (typeof why !== 'string') return origin?.refused(change, duplicateOf(job.name, holderOf(why.value)))
  if (ownId && sentBefore.length === 0) return origin?.refused(change, idTaken(job))
  // They have come to a neighbour before, all of them.
  for (const each of changes) if (each.kind === 'insert') each.origin?.joined(each, each.job.id)
}
