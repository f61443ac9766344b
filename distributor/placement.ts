import type { Clock } from '../src/clock.js'
import { argsTooLarge, JrError } from '../src/errors.js'
import { HeldJobs } from './held-jobs.js'
import { chooseNode, isUnknown } from './node-choice.js'
import type { NodeLine } from './node-line.js'
import type { OutJob } from './out-job.js'
import type { Spool } from './spool.js'
import type { Ticket } from './ticket.js'

export interface PlacementDeps {
  readonly clock: Clock
  readonly spool: Spool | null
  readonly maxHeld: number
  /** The nodes that have ever connected. */
  readonly nodes: () => readonly NodeLine[]
  /** No node will take it. Not called in the middle of `place`. */
  readonly refuse: (job: OutJob, error: JrError) => void
  readonly onFull: (job: OutJob) => void
}

/**
 * A job that no connected node knows is refused after this long: at the start of an app, or of a node, the ones that
 * know it may be a moment behind.
 */
const UNKNOWN_GRACE_MS = 2000

/** Gives jobs to nodes, and holds those for which there is none. */
export class Placement {
  readonly #deps: PlacementDeps
  readonly #held = new HeldJobs()
  #turn = 0
  #unknown: { cancel(): void } | null = null

  constructor(deps: PlacementDeps) {
    this.#deps = deps
  }

  get held(): number {
    return this.#held.size
  }

  /** A new job: to a node, or held, or refused when too many are. */
  place(job: OutJob): void {
    if (this.#give(job)) return
    const { maxHeld, spool, clock } = this.#deps
    if (this.#held.size >= maxHeld) {
      const text = `${maxHeld} jobs wait for a node (option maxHeld); '${job.name}' was not taken`
      this.#deps.onFull(job)
      this.#refuseLater(job, new JrError('JR_BACKLOG_FULL', text))
      return
    }
    this.#held.add(job)
    spool?.add(job, clock.now(), clock.mono())
    if (isUnknown(job, this.#connected())) this.#awaitUnknown()
  }

  /** A job that was taken before, and needs a node once more: never refused for want of room. */
  again(job: OutJob): void {
    job.ticket.status = 'held'
    job.ticket.node = null
    if (!this.#give(job)) this.#held.add(job)
  }

  /** A node has come, or has room again. */
  release(): void {
    if (this.#held.size === 0) return
    this.#held.release((job) => this.#give(job))
    if (this.#held.size > 0) this.#awaitUnknown()
  }

  /** Takes a held job out, when it is held. */
  take(ticket: Ticket): OutJob | undefined {
    const [job] = this.#held.remove((held) => held.ticket === ticket)
    if (job !== undefined) this.#deps.spool?.remove(job.id)
    return job
  }

  /** Holds nothing from now on; answers what was held. */
  abandon(): OutJob[] {
    this.#unknown?.cancel()
    return this.#held.remove(() => true)
  }

  #give(job: OutJob): boolean {
    const line = chooseNode(job, this.#deps.nodes(), this.#turn++)
    if (line === null) return false
    if (job.bytes > line.maxArgs) {
      this.#refuseLater(job, argsTooLarge(job.name, job.bytes, line.name, line.maxArgs))
      return true
    }
    line.send(job)
    return true
  }

  #awaitUnknown(): void {
    this.#unknown ??= this.#deps.clock.setTimer(UNKNOWN_GRACE_MS, () => {
      this.#unknown = null
      const lines = this.#connected()
      const known = [...new Set(lines.flatMap((line) => line.facts.jobs))].slice(0, 20).join(', ')
      for (const job of this.#held.remove((held) => isUnknown(held, lines))) {
        this.#deps.spool?.remove(job.id)
        const text = `no connected node has a job '${job.name}'; they have: ${known}`
        this.#deps.refuse(job, new JrError('JR_NO_SUCH_JOB', text))
      }
    })
  }

  /** The caller of `enqueue` has no handle yet. */
  #refuseLater(job: OutJob, error: JrError): void {
    queueMicrotask(() => this.#deps.refuse(job, error))
  }

  #connected(): NodeLine[] {
    return this.#deps.nodes().filter((line) => line.connected)
  }
}
