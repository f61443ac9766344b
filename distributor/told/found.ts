import { JrError } from '../../src/errors.js'
import type { JobState } from '../../src/job/states.js'
import type { DoneArgs, JobArgs, JobFailure } from '../../src/job/types.js'
import type { LoadedJob } from '../monitor/monitored-job.js'
import { type CancelAnswer, type HandleOwner, JobHandle, type WaitOptions } from './handle.js'
import type { Ticket } from './ticket.js'

/** What a job that was found needs of the app's distributor. */
export interface FoundOwner extends HandleOwner {
  /** Of a job that a node has, whoever has enqueued it. */
  ticketOf(job: Pick<LoadedJob, 'id' | 'name' | 'node'>): Ticket
  cancelById(id: string, node: string | undefined): Promise<CancelAnswer>
}

/** The job of an id; null: no connected node has it. */
export type Look = (id: string) => Promise<LoadedJob | null>

/** A job as its node had it when it was looked for, whichever app has enqueued it. */
export class FoundJob<Name extends string = string> {
  /** All that its node says of it, as a monitor shows it. */
  readonly facts: LoadedJob
  readonly #owner: FoundOwner
  readonly #look: Look

  constructor(facts: LoadedJob, owner: FoundOwner, look: Look) {
    this.facts = facts
    this.#owner = owner
    this.#look = look
  }

  get id(): string {
    return this.facts.id
  }

  get name(): Name {
    return this.facts.name as Name
  }

  /** The node that has it. */
  get node(): string {
    return this.facts.node
  }

  get state(): JobState {
    return this.facts.state
  }

  /** What it was enqueued with; of one that has completed with `keepResult`, also everything that it added. */
  get args(): JobArgs {
    return this.facts.result ?? this.facts.args
  }

  /** What it has told last with `ctx.progress`, while it ran; undefined: nothing. */
  get progress(): unknown {
    return this.facts.progress
  }

  /** Why it has failed, or was cancelled; null in all other states. */
  get error(): JobFailure | null {
    return errorOf(this.facts)
  }

  /**
   * The job's args with everything that it added, when it has completed: at once if it had when it was found, else when it
   * does. Rejects with its error when it has failed, with JR_CANCELLED, with JR_OUTCOME_UNKNOWN when it has completed and its
   * node does not keep the result (`keepResult`), and with JR_TIMEOUT.
   */
  async result(options: WaitOptions = {}): Promise<DoneArgs<Name>> {
    const known = resultOf(this.facts)
    if (known !== null) return known as DoneArgs<Name>
    const handle = new JobHandle<Name>(this.#owner.ticketOf(this.facts), this.#owner)
    try {
      return await handle.result(options)
    } catch (error) {
      // It had ended before its node could be asked to tell of that.
      if (!(error instanceof JrError) || error.code !== 'JR_OUTCOME_UNKNOWN') throw error
      const now = await this.#look(this.id)
      const kept = now === null ? null : resultOf(now)
      if (kept === null) throw error
      return kept as DoneArgs<Name>
    }
  }

  /** Ends the job, as `JobHandle.cancel` does. `not-found`: it had ended already, or is lost. */
  cancel(): Promise<CancelAnswer> {
    return this.#owner.cancelById(this.id, undefined)
  }
}

/** Null: it has not ended. Throws what it has ended with. */
function resultOf(facts: LoadedJob): JobArgs | null {
  const { id, name, state, result } = facts
  const error = errorOf(facts)
  if (error !== null) throw error
  if (state !== 'completed' || result !== null) return result
  const text = `job ${id} ('${name}') has completed, and its result was not kept`
  throw new JrError('JR_OUTCOME_UNKNOWN', `${text}: enqueue it with keepResult`)
}

function errorOf({ id, name, state, lastError, lastCode, lastStack }: LoadedJob): JobFailure | null {
  if (state !== 'failed' && state !== 'cancelled') return null
  if (lastError === null) {
    const text = `job ${id} ('${name}') was cancelled before it ran`
    return new JrError('JR_CANCELLED', text)
  }
  const error = Object.assign(new Error(lastError), { code: lastCode })
  if (lastStack !== '') error.stack = lastStack
  return error
}

/** The job of an id, as the connected nodes have it now. Rejects as `Monitor.load` does. */
export async function findJob<Name extends string>(
  id: string,
  owner: FoundOwner,
  monitor: { readonly load: Look },
): Promise<FoundJob<Name> | null> {
  const look: Look = (of) => monitor.load(of)
  const found = await look(id)
  return found === null ? null : new FoundJob<Name>(found, owner, look)
}
