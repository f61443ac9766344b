import type { Clock } from '../../src/clock.js'
import type { DoneArgs, JobArgs } from '../../src/job/types.js'
import { type HandleOwner, type JobHandle, type WaitOptions, wait } from '../told/handle.js'
import { JobHandles } from '../told/handles.js'
import type { Ticket } from '../told/ticket.js'
import type { FlowCounts } from './counts.js'
import { FlowError } from './flow-error.js'
import type { FlowNames } from './given.js'

/** What the handle of a flow needs of its distributor. */
export interface FlowOwner {
  /** Answers how many jobs it has ended, or is about to end. */
  cancel(id: string, tickets: readonly Ticket[]): Promise<number>
  count(id: string, tickets: readonly Ticket[]): Promise<FlowCounts>
}

/** Jobs that wait for each other. */
export class Flow<Names extends FlowNames = FlowNames> {
  readonly id: string
  /** A handle for each job, by its key. */
  readonly jobs: { readonly [Key in keyof Names]: JobHandle<Names[Key]> }
  readonly #keys: readonly string[]
  readonly #tickets: readonly Ticket[]
  readonly #all: JobHandles
  readonly #clock: Clock
  readonly #owner: FlowOwner

  /** `tickets`: those of the jobs of these keys, in order. */
  constructor(
    id: string,
    keys: readonly string[],
    tickets: readonly Ticket[],
    { handles: of, flows }: { readonly handles: HandleOwner; readonly flows: FlowOwner },
  ) {
    this.id = id
    this.#keys = keys
    this.#tickets = tickets
    this.#all = new JobHandles(tickets, of)
    this.#clock = of.clock
    this.#owner = flows
    const handles = [...this.#all]
    const jobs = Object.fromEntries(keys.map((key, i) => [key, handles[i]]))
    this.jobs = jobs as { readonly [Key in keyof Names]: JobHandle<Names[Key]> }
  }

  /**
   * Resolves when a node has all of its jobs on disk. Rejects when no node will have them, with the code of the first that is why
   * (see `JobHandle.accepted`); JR_DUPLICATE also when a flow of its id has not ended.
   */
  get accepted(): Promise<void> {
    return this.#all.accepted
  }

  /**
   * When all of its jobs have ended: what `JobHandle.result` answers for each, by key. If some have not completed, rejects with a
   * `FlowError` (code JR_FLOW_FAILED), which has their errors by key, and the results of the others.
   */
  result(options: WaitOptions = {}): Promise<{ [Key in keyof Names]: DoneArgs<Names[Key]> }> {
    return resultsOf(this.id, this.#keys, this.#all, this.#clock, options) as Promise<{
      [Key in keyof Names]: DoneArgs<Names[Key]>
    }>
  }

  /**
   * Ends all of its jobs that have not ended: those that wait at once, those that run by their signal. Answers how many these are. Waits
   * for its node when that is away.
   */
  cancel(): Promise<number> {
    return this.#owner.cancel(this.id, this.#tickets)
  }

  /**
   * How many of its jobs are in each state now. Waits for its node when that is away. Rejects with JR_OUTCOME_UNKNOWN when
   * all have ended, nobody here had asked how, and the word of it was lost with a connection.
   */
  counts(): Promise<FlowCounts> {
    return this.#owner.count(this.id, this.#tickets)
  }
}

/** By key, when all have ended. */
export function resultsOf(
  flow: string,
  keys: readonly string[],
  all: JobHandles,
  clock: Clock,
  options: WaitOptions,
): Promise<Record<string, JobArgs>> {
  return wait(clock, options, `the results of flow ${flow}`, ({ resolve, reject }) => {
    const given = new AbortController()
    const { signal } = given
    const ends = Promise.allSettled(Array.from(all, (handle) => handle.result({ signal })))
    const tell = (settled: Awaited<typeof ends>) => {
      const results: [string, JobArgs][] = []
      const errors: [string, Error][] = []
      for (const [i, one] of settled.entries()) {
        const key = keys[i] ?? ''
        if (one.status === 'fulfilled') results.push([key, one.value])
        else errors.push([key, one.reason])
      }
      if (errors.length === 0) resolve(Object.fromEntries(results))
      else reject(new FlowError(flow, Object.fromEntries(errors), Object.fromEntries(results)))
    }
    // Of one that no node takes, why is what `accepted` says.
    all.accepted.then(() => ends.then(tell), reject)
    return () => given.abort()
  })
}
