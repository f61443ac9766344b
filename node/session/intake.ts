import type { Now } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { WINDOWS, Window } from '../../src/window.js'
import type { Channel } from '../../src/wire/channel.js'
import type { Enqueue, LinkMessage, Peer } from '../../src/wire/messages.js'
import type { Journal, NodeInsert, Origin } from '../changes/journal.js'
import type { Runner } from '../run/runner.js'
import type { NodeSettings } from '../settings.js'
import { type Admitting, admit, refusal } from './admit.js'
import { Bundle } from './bundle.js'
import type { Refusals } from './refusals.js'

export interface IntakeDeps extends Admitting {
  readonly settings: NodeSettings
  readonly journal: Journal
  readonly runner: Pick<Runner, 'offer'>
  readonly seq: () => number
  /** False while the node stops: what comes then is refused, and the distributor keeps it. */
  readonly admitting: () => boolean
  readonly refusals: Refusals
}

/** Jobs as one distributor sends them: numbered, one by one or several that are taken together. */
export class Intake {
  readonly #peer: Peer
  readonly #channel: Pick<Channel<LinkMessage>, 'send' | 'writable'>
  readonly #origin: Origin
  readonly #onUnread: () => void
  readonly #deps: IntakeDeps
  /** The highest number received. */
  #received = 0
  /** Come and not yet stored: never more than the distributor may have on their way. */
  readonly #pending = new Window(WINDOWS.jobs)
  /** Of which the last has not come. */
  #bundle: Bundle | null = null

  /** `onUnread`: the distributor does not read what it is told of its jobs. */
  constructor(
    peer: Peer,
    channel: Pick<Channel<LinkMessage>, 'send' | 'writable'>,
    origin: Origin,
    onUnread: () => void,
    deps: IntakeDeps,
  ) {
    this.#peer = peer
    this.#channel = channel
    this.#origin = origin
    this.#onUnread = onUnread
    this.#deps = deps
  }

  /** The distributor knows that all up to this number is stored. */
  begin(taken: number): void {
    this.#received = taken
  }

  /** May throw JR_PROTOCOL. */
  take(message: Enqueue, now: Now): void {
    this.#number(message.number)
    if (message.more === true || this.#bundle !== null) return this.#gather(message, now)
    const refused = this.#admitted(message)
    if (refused !== null) return this.refuse(message.number, refused)
    this.#expect(message.job.args.length)
    this.#pending.add(message.job.args.length)
    const insert = this.#insertOf(message, now)
    const { job, ownId } = insert
    this.#deps.journal.add(insert, true)
    // Of a job with an id or a key of the user's own, or one sent elsewhere before, it is not known yet whether it is a new one; of
    // one of a series, whether it is the first.
    const { unique, serial } = job.agreed.terms
    const mayBegin = !ownId && message.sentBefore.length === 0 && unique === undefined && serial === undefined
    if (mayBegin) insert.started = this.#deps.runner.offer(job, now)
  }

  /** A job that can't be read: it is refused, and all that were to be taken with it. */
  unreadable(number: number, more: boolean, error: JrError): void {
    this.#number(number)
    if (!more && this.#bundle === null) return this.refuse(number, error)
    const bundle = this.#begun()
    bundle.refuse(number, error)
    if (!more) this.#end(bundle)
  }

  /** It is on the disk, or was refused there. */
  stored({ job }: NodeInsert): void {
    this.#pending.remove(job.args.length)
  }

  refuse(number: number, { code, message, job = '' }: JrError): void {
    const refused = { type: 'refused', number, code, message, job } as const
    this.#deps.refusals.add(this.#peer.instance, refused)
    this.#channel.send(refused)
    // Who does not read why is not listened to.
    if (!this.#channel.writable) this.#onUnread()
  }

  /** Nothing of them is taken before the last has come: a connection that is lost before leaves nothing. */
  #gather(message: Enqueue, now: Now): void {
    const { number, job, more } = message
    const bundle = this.#begun()
    bundle.count(job.args.length + job.agreed.bytes.length)
    const refused = bundle.reason === null ? this.#admitted(message) : null
    if (refused !== null) bundle.refuse(number, refused)
    if (bundle.reason === null) bundle.inserts.push(this.#insertOf(message, now))
    if (more !== true) this.#end(bundle)
  }

  #begun(): Bundle {
    if (this.#bundle !== null) return this.#bundle
    // What has been sent and not accepted may be more by as much as is taken together.
    this.#expect(0)
    this.#bundle = new Bundle()
    return this.#bundle
  }

  #end({ reason, inserts }: Bundle): void {
    this.#bundle = null
    if (reason !== null) return this.refuse(reason.number, reason.error)
    for (const { job } of inserts) this.#pending.add(job.args.length)
    this.#deps.journal.add({ kind: 'together', changes: inserts }, true)
  }

  #admitted({ job }: Enqueue): JrError | null {
    const { admitting, settings, executors } = this.#deps
    if (!admitting()) return new JrError('JR_STOPPED', `node ${settings.name} is stopping`)
    return refusal(job, settings, executors.known(job.name), executors.slots)
  }

  #insertOf(message: Enqueue, now: Now): NodeInsert {
    const { executors, scheduler, seq } = this.#deps
    const { number, job: asked, sentBefore } = message
    const key = scheduler.keyFor(asked)
    const job = admit(message, this.#peer, executors.known(asked.name), now, seq(), key)
    const ownId = job.edition > 0
    return { kind: 'insert', job, ownId, number, sentBefore, origin: this.#origin, started: false }
  }

  #number(number: number): void {
    if (number <= this.#received)
      throw new JrError('JR_PROTOCOL', `job number ${number} came after ${this.#received}`)
    this.#received = number
  }

  #expect(bytes: number): void {
    if (this.#pending.fits(bytes)) return
    const { count, bytes: most } = WINDOWS.jobs
    throw new JrError('JR_PROTOCOL', `more than ${count} jobs, or ${most} bytes of args, not accepted yet`)
  }
}
