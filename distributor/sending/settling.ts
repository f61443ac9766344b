import { unpack } from '../../src/bytes/codec.js'
import { ERROR_CODES, type ErrorCode, JrError } from '../../src/errors.js'
import type { JobArgs } from '../../src/job/types.js'
import type { Why } from '../nodes/line-handlers.js'
import type { Notices } from '../notices.js'
import type { Feedbacks } from '../told/feedbacks.js'
import { memberOf, refusedWith, restOf } from './bundle.js'
import type { OutJob } from './out-job.js'
import type { Placement } from './placement.js'
import type { Spool } from './spool.js'

export interface SettlingDeps {
  readonly feedbacks: Pick<Feedbacks, 'refuse'>
  readonly notices: Notices
  readonly spool: Spool | null
  readonly placement: Pick<Placement, 'again'>
  /** Something may be over that was waited for. */
  readonly onOver: () => void
}

/** Refusals that somebody has asked for. */
const WANTED: ReadonlySet<string> = new Set(['JR_CANCELLED', 'JR_STOPPED', 'JR_DUPLICATE'])

/** How the way of a job to a node ends: one has it, or none will. */
export class Settling {
  readonly #deps: SettlingDeps

  constructor(deps: SettlingDeps) {
    this.#deps = deps
  }

  accepted(node: string, job: OutJob): void {
    this.#deps.spool?.remove(job.id)
    this.#acceptedOne(node, job)
    for (const each of restOf(job)) this.#acceptedOne(node, each)
  }

  /** No node will have it, nor those that were to be taken together with it. */
  refuse(job: OutJob, error: JrError): void {
    this.#refuseOne(job, error)
    for (const each of restOf(job)) this.#refuseOne(each, error)
    this.#deps.onOver()
  }

  /** A node does not take it. */
  refusedBy(job: OutJob, { number, code, message, job: there }: Why): void {
    // The node stops, or has lost its children of the job's kind: the job is as good as never sent.
    if (code === 'JR_STOPPED' || code === 'JR_NO_NODE') return this.#deps.placement.again(job)
    this.#deps.spool?.remove(job.id)
    const known = code in ERROR_CODES ? (code as ErrorCode) : 'JR_PROTOCOL'
    const error = new JrError(known, message, there === '' ? {} : { job: there })
    this.refuse(job, refusedWith(job, memberOf(job, number), error))
  }

  /** Whatever it is about this job: the others are not to wait for it any longer. */
  setAside(node: string, job: OutJob): void {
    const { id, name } = job
    this.#deps.notices.setAside(node, job)
    this.#deps.spool?.remove(id)
    const text = `the connection to node '${node}' was lost each time that job ${id} ('${name}') was on its way, the last time alone`
    const error = new JrError('JR_PROTOCOL', `${text}. The node may have it: it is told to forget it`)
    this.refuse(job, refusedWith(job, null, error))
  }

  #acceptedOne(node: string, job: OutJob): void {
    job.ticket.accepted()
    this.#deps.notices.accepted(node, job)
  }

  #refuseOne(job: OutJob, error: JrError): void {
    const { feedbacks, notices } = this.#deps
    if (!WANTED.has(error.code)) notices.refused(job, error)
    feedbacks.refuse(job.ticket, error, unpack(job.args) as JobArgs, job.ticket.node ?? '')
  }
}
