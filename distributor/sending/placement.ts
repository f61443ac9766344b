import type { Clock } from '../../src/clock.js'
import { argsTooLarge, JrError } from '../../src/errors.js'
import { pinnedTo } from '../../src/job/terms/where.js'
import { fits } from '../../src/window.js'
import type { Ticket } from '../told/ticket.js'
import { refusedWith, restOf } from './bundle.js'
import { HeldJobs } from './held-jobs.js'
import { type Candidate, chooseNode, type Wish, whyNever } from './node-choice.js'
import type { OutJob } from './out-job.js'
import type { Spool } from './spool.js'

/** A node, as jobs are given to it. */
export interface Receiver extends Candidate {
  /** Bytes of args that it takes with a job. */
  readonly maxArgs: number
  readonly facts: { readonly jobs: readonly string[] }
  isDeferred(job: Wish): boolean
  send(job: OutJob): void
}

export interface PlacementDeps {
  readonly clock: Clock
  readonly spool: Spool | null
  readonly maxHeld: number
  readonly maxHeldBytes: number
  /** The nodes that have ever connected. */
  readonly nodes: () => readonly Receiver[]
  /** No node will take it. Not called in the middle of `place`. */
  readonly refuse: (job: OutJob, error: JrError) => void
  readonly onFull: (job: OutJob) => void
  /** There are jobs that are held. */
  readonly onHeld: () => void
}

/**
 * A job that no connected node will ever take is refused after this long: at the start of an app, or of a node, the ones
 * that can run it may be a moment behind.
 */
const GRACE_MS = 2000

/** So many held jobs are looked through for one, just to say why it waits: thousands may be asked for in one second. */
const FIRST_HELD = 1000

/** Gives jobs to nodes, and holds those for which there is none. */
export class Placement {
  readonly #deps: PlacementDeps
  readonly #held = new HeldJobs()
  #turn = 0
  #judging: { cancel(): void } | null = null

  constructor(deps: PlacementDeps) {
    this.#deps = deps
  }

  get held(): number {
    return this.#held.size
  }

  get heldBytes(): number {
    return this.#held.bytes
  }

  /** A new job: to a node, or held, or refused when too many are. */
  place(job: OutJob): void {
    if (this.#give(job)) return
    const { spool, clock } = this.#deps
    if (!this.#mayHold(job)) {
      const { size, bytes } = this.#held
      const held = `${size} jobs with ${bytes} bytes of args wait for a node (options maxHeld, maxHeldBytes)`
      const text = `${held}; '${job.name}', with ${job.bytes}, was not taken`
      this.#deps.onFull(job)
      this.#refuseLater(job, new JrError('JR_BACKLOG_FULL', text))
      return
    }
    spool?.add(job, clock.now(), clock.mono())
    this.#hold(job)
  }

  /** A job that was taken before, and needs a node once more: never refused for want of room. */
  again(job: OutJob): void {
    for (const { ticket } of [job, ...restOf(job)]) {
      // Of those that go together some may have ended at the node that went away.
      if (ticket.status === 'over') continue
      ticket.status = 'held'
      ticket.node = null
    }
    if (!this.#give(job)) this.#hold(job)
  }

  /** A node has come, or has room again. */
  release(): void {
    if (this.#held.size === 0) return
    const nodes = this.#deps.nodes()
    this.#held.release(
      (job) => this.#give(job),
      () => !nodes.some((node) => node.open && node.hasCredit(0)),
    )
    if (this.#held.size > 0) this.#judgeLater()
  }

  /** Takes a held job out, when it is held and stands alone. */
  take(ticket: Ticket): OutJob | undefined {
    const [job] = this.#held.remove((held) => held.ticket === ticket && held.bundle === null)
    if (job !== undefined) this.#deps.spool?.remove(job.id)
    return job
  }

  /** Takes out the held jobs that are to be taken together and have these tickets; null: they are not held. */
  takeTogether([first]: readonly Ticket[]): OutJob | null {
    const [job] = this.#held.remove(({ ticket }) => ticket === first)
    if (job === undefined) return null
    this.#deps.spool?.remove(job.id)
    return job
  }

  /** Takes out the held jobs that `isIt` answers true for: a node has them after all. */
  takeBack(isIt: (job: OutJob) => boolean): OutJob[] {
    return this.#held.remove(isIt)
  }

  /** A job that is held: that of the ticket, when it is among the first, or any. */
  find(ticket?: Ticket): OutJob | undefined {
    const isIt = (held: OutJob) => held.ticket === ticket || restOf(held).some((job) => job.ticket === ticket)
    return this.#held.find(ticket === undefined ? () => true : isIt, FIRST_HELD)
  }

  /** Holds nothing from now on; answers what was held. */
  abandon(): OutJob[] {
    this.#judging?.cancel()
    return this.#held.remove(() => true)
  }

  #mayHold(job: OutJob): boolean {
    const { maxHeld, maxHeldBytes } = this.#deps
    const others = restOf(job).length
    if (maxHeld <= others) return false
    return fits(this.#held.size, this.#held.bytes, job.bytes, {
      count: maxHeld - others,
      bytes: maxHeldBytes,
    })
  }

  #give(job: OutJob): boolean {
    const line = chooseNode(job, this.#deps.nodes(), this.#turn++)
    if (line === null) return false
    const large = tooLargeFor(line, job)
    if (large !== null) {
      const error = argsTooLarge(large.name, large.args.length, line.name, line.maxArgs)
      this.#refuseLater(job, refusedWith(job, large, error))
      return true
    }
    line.send(job)
    return true
  }

  #hold(job: OutJob): void {
    this.#held.add(job)
    this.#deps.onHeld()
    if (this.#judging === null && whyNever(job, this.#deps.nodes()) !== null) this.#judgeLater()
  }

  #judgeLater(): void {
    this.#judging ??= this.#deps.clock.setTimer(GRACE_MS, () => {
      this.#judging = null
      const lines = this.#deps.nodes()
      for (const job of this.#held.removeAlike((head) => whyNever(head, lines) !== null)) {
        this.#deps.spool?.remove(job.id)
        this.#deps.refuse(job, whyRefused(job, lines))
      }
    })
  }

  /** The caller of `enqueue` has no handle yet. */
  #refuseLater(job: OutJob, error: JrError): void {
    queueMicrotask(() => this.#deps.refuse(job, error))
  }
}

function tooLargeFor({ maxArgs }: Receiver, job: OutJob): OutJob | null {
  if (job.args.length > maxArgs) return job
  return restOf(job).find(({ args }) => args.length > maxArgs) ?? null
}

/** Of those that are to be taken together one may be why, or that no node takes all of them. */
function whyRefused(job: OutJob, lines: readonly Receiver[]): JrError {
  if (job.bundle === null) return neverTaken(job, lines)
  const why = (one: OutJob) => whyNever(one, lines) !== null
  const culprit = why({ ...job, bundle: null }) ? job : job.bundle.rest.find(why)
  if (culprit !== undefined) return refusedWith(job, culprit, neverTaken({ ...culprit, bundle: null }, lines))
  const who = lines.filter((line) => line.connected).map((line) => line.name)
  const text = `no connected node (${who.join(', ')}) may take all of them`
  return refusedWith(job, null, new JrError('JR_NO_NODE', text))
}

/** Why no node that is connected will take it, with what they have. */
export function neverTaken(job: Wish, lines: readonly Receiver[]): JrError {
  const { name, agreed } = job
  const pinned = pinnedTo(agreed.terms)
  const there = lines.filter((line) => line.connected && (pinned === null || line.name === pinned))
  const who = there.map((line) => line.name).join(', ')
  const why = whyNever(job, lines)
  switch (why) {
    case 'terms': {
      const text = `no connected node (${who}) with a job '${name}' knows all of its terms: the highest has number ${agreed.highest}`
      return new JrError('JR_UNKNOWN_TERM', `${text}; upgrade the nodes`)
    }
    case 'childless': {
      const deferred = there.find((line) => line.whyNot(job) === why)?.isDeferred(job) === true
      const [kind, option] = deferred ? ['deferred', 'deferredChildren'] : ['evented', 'children']
      const text = `no connected node (${who}) has ${kind} children, on which job '${name}' is to run`
      return new JrError('JR_NO_NODE', `${text}: set option ${option} of a node, or opts.defer`)
    }
    case 'priority': {
      const text = `no connected node (${who}) that could run '${name}' takes its priority, ${agreed.terms.priority ?? 0}`
      return new JrError('JR_NO_NODE', `${text}: see options minPriority and maxPriority of a node`)
    }
    case 'ruled-out': {
      const avoided = agreed.terms.notNode?.join(', ')
      const text = `opts.notNode (${avoided}) rules out every connected node that could run '${name}'`
      return new JrError('JR_NO_NODE', text)
    }
    default: {
      const known = [...new Set(there.flatMap((line) => line.facts.jobs))].slice(0, 20).join(', ')
      return new JrError(
        'JR_NO_SUCH_JOB',
        `no connected node (${who}) has a job '${name}'; they have: ${known}`,
      )
    }
  }
}
