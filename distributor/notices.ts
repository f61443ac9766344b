import type { Clock } from '../src/clock.js'
import { CountedLines } from '../src/counted-lines.js'
import type { Emitter } from '../src/emitter.js'
import type { JrError } from '../src/errors.js'
import type { JobArgs } from '../src/job/types.js'
import type { Logger } from '../src/logger.js'
import { messageOf } from '../src/thrown.js'
import type { DistributorEvents } from './events.js'
import type { OutcomeInfo } from './told/ticket.js'

/** A job, as people are told of it. */
interface Named {
  readonly id: string
  readonly name: string
}

/** What happens in the app, as its log and its listeners are told. */
export class Notices {
  readonly #events: Emitter<DistributorEvents>
  readonly #log: Logger
  /** Nodes decide how many of these there are. */
  readonly #complaints: CountedLines
  readonly #refusals: CountedLines

  constructor(events: Emitter<DistributorEvents>, log: Logger, clock: Clock) {
    this.#events = events
    this.#log = log
    this.#complaints = new CountedLines(log, clock)
    this.#refusals = new CountedLines(log, clock)
  }

  accepted(node: string, { id, name }: Named): void {
    if (this.#events.has('job:accepted')) this.#events.emit('job:accepted', { id, name, node })
  }

  ended(args: JobArgs, info: OutcomeInfo): void {
    const event = `job:${info.state}` as const
    if (this.#events.has(event)) this.#events.emit(event, { args, info })
  }

  unclaimed(args: JobArgs, info: OutcomeInfo): void {
    this.#complaints.warn('outcome:unclaimed', { job: info.id, name: info.name, state: info.state })
    this.#events.emit('outcome:unclaimed', { args, info })
  }

  unreadable(node: string, job: string, { message }: JrError): void {
    this.#complaints.error('outcome:unreadable', { node, job, error: message })
  }

  broken(node: string, code: string, error: string): void {
    this.#complaints.error('connection:broken', { node, code, error })
  }

  /** Also of a job that nobody waits for. */
  refused({ id, name }: Named, error: JrError): void {
    const { code, message } = error
    this.#refusals.warn('job:refused', { job: id, name, code, error: message })
    this.#events.emit('job:refused', { id, name, error })
  }

  setAside(node: string, { id, name }: Named): void {
    const note =
      'the connection was lost each time that it was on its way, the last time alone: it is not sent again'
    this.#log.error('job:set-aside', { job: id, name, node, note })
    this.#events.emit('job:set-aside', { id, name, node })
  }

  /** `job`: one of those that are held, and why. */
  held(held: number, job: Named | undefined, why: string): void {
    const one = job === undefined ? {} : { job: job.id, name: job.name }
    this.#log.warn('jobs:held', { held, ...one, why })
    this.#events.emit('jobs:held', { held, why })
  }

  full(
    { id, name }: Named,
    { held, heldBytes }: { readonly held: number; readonly heldBytes: number },
  ): void {
    this.#events.emit('backlog:full', { id, name, held, heldBytes })
  }

  inDoubt(node: string, jobs: number): void {
    this.#log.warn('jobs:in-doubt', { node, jobs, note: 'they go to other nodes' })
  }

  lost(node: string, jobs: number): void {
    this.#log.warn('jobs:lost', { node, jobs, note: 'its store does not have them any more' })
    this.#events.emit('jobs:lost', { node, jobs })
  }

  feedbackThrew(error: unknown, info: OutcomeInfo): void {
    this.#log.error('feedback:error', { job: info.id, name: info.name, error: messageOf(error) })
    this.#events.emit('feedback:error', { error, info })
  }
}
