import type { Clock, Timer } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { pinnedTo } from '../../src/job/terms/where.js'
import type { Limits } from '../../src/window.js'
import { MAX_SENT_BEFORE } from '../../src/wire/job-fields.js'
import { MAX_FORGET } from '../../src/wire/link-messages.js'
import type { Link } from '../../src/wire/links.js'
import type { LinkMessage, NodeState, OutcomeMessage, Welcome } from '../../src/wire/messages.js'
import { lastNumberOf, memberOf, renumber, restOf } from '../sending/bundle.js'
import type { Candidate, Never, Wish } from '../sending/node-choice.js'
import { type Moment, mayBeOne, type OutJob } from '../sending/out-job.js'
import { Abilities } from './abilities.js'
import { Asking, away, type Question } from './asking.js'
import { GivenUp } from './given-up.js'
import { type KnownStore, lostAbove } from './known-store.js'
import { Ledger } from './ledger.js'
import type { LineHandlers, Why } from './line-handlers.js'
import { Receipts } from './receipts.js'
import { sendJob } from './send-job.js'
import { BROKEN, INNOCENT, LOST } from './suspicion.js'

export type NodeLineHandlers = LineHandlers<NodeLine>

const FLUSH_JOBS = 500

/** One node, by its name, over all connections that it has had in the life of this app. */
export class NodeLine implements Candidate {
  readonly name: string
  readonly #clock: Clock
  readonly #doubtMs: number
  readonly #handlers: NodeLineHandlers
  #link: Link | null = null
  #welcomed = false
  #status: NodeState['status'] = 'running'
  readonly #abilities = new Abilities()
  /** Jobs sent and not ended, as far as can be known here. */
  #busy = 0
  /** The number of the last job that was given to this node. */
  #last = 0
  /** As of the last connection. */
  #store: KnownStore | null = null
  readonly #ledger = new Ledger()
  #outbox: OutJob[] = []
  /** There may be room for more jobs, which nobody was told yet. */
  #roomier = false
  /** How much what is on its way will be suspected if the connection ends: more when the node has said that it closes it because of what came. */
  #blame = LOST
  /** What may be on its way, as the node has said. */
  #credit: Limits = { count: 0, bytes: 0 }
  /** Not waited for while this node was away. */
  readonly #givenUp = new GivenUp()
  readonly #asking: Asking
  /** Of the present connection. */
  #receipts: Receipts | null = null
  #doubt: Timer | null = null
  connectedAt = 0
  maxArgs = 0

  constructor(name: string, clock: Clock, doubtMs: number, handlers: NodeLineHandlers) {
    this.name = name
    this.#asking = new Asking(name)
    this.#clock = clock
    this.#doubtMs = doubtMs
    this.#handlers = handlers
  }

  get connected(): boolean {
    return this.#welcomed
  }

  get open(): boolean {
    return this.#welcomed && (this.#status === 'running' || this.#status === 'paused')
  }

  get status(): NodeState['status'] | 'disconnected' {
    return this.#welcomed ? this.#status : 'disconnected'
  }

  get free(): number {
    // A node that is paused keeps what it is sent; one that runs jobs comes first, however busy.
    return this.#status === 'paused' ? Number.NEGATIVE_INFINITY : this.#abilities.slots - this.#busy
  }

  get unaccepted(): number {
    return this.#ledger.size
  }

  /** No other node has its store: of a job that it does not have, nothing more will be heard. */
  get alone(): boolean {
    return this.#store?.alone === true
  }

  /** Sent, and neither accepted nor over. */
  get inFlight(): number {
    return this.#ledger.count(({ ticket }) => ticket.status !== 'over')
  }

  get link(): Link | null {
    return this.#link
  }

  get facts(): { jobs: string[]; slots: number; busy: number } {
    const { jobs, slots } = this.#abilities
    return { jobs, slots, busy: Math.max(0, this.#busy) }
  }

  whyNot(job: Wish): Exclude<Never, 'ruled-out'> | null {
    return this.#abilities.whyNot(job)
  }

  isDeferred(job: Wish): boolean {
    return this.#abilities.isDeferred(job)
  }

  hasCredit(bytes: number): boolean {
    return this.#ledger.fits(bytes, this.#credit) && this.#link?.channel.writable === true
  }

  /** A new connection of this node; one that was there before has been given up. */
  attach(link: Link): void {
    this.#link = link
    this.#welcomed = false
    this.#receipts = new Receipts((first, count) =>
      link.channel.send({ type: 'outcomes-taken', first, count }),
    )
    this.#doubt?.cancel()
    this.#doubt = null
  }

  detach(link: Link, error: JrError | null): void {
    if (this.#link !== link) return
    this.#link = null
    const blame = this.#welcomed && error?.code !== 'JR_AUTH' ? this.#blame : INNOCENT
    this.#welcomed = false
    this.#asking.lost(blame)
    this.#accept(isOver)
    if (blame !== INNOCENT) this.#suspect(blame)
    if (this.#ledger.size > 0) {
      this.#doubt = this.#clock.setTimer(this.#doubtMs, () => this.#giveUp())
    }
    this.#handlers.onClose(this, error)
  }

  #suspect(blame: number): void {
    const culprit = this.#ledger.suspect(blame, new Set(this.#outbox))
    if (culprit === null) return
    this.#givenUp.add(culprit)
    this.#handlers.onSetAside(this, culprit)
  }

  receive(messages: readonly LinkMessage[]): void {
    const outcomes: OutcomeMessage[] = []
    for (const message of messages) {
      if (message.type === 'outcome') outcomes.push(message)
      else if (message.type === 'unreadable' && message.about.what === 'outcome') {
        this.#takeOutcomes(outcomes)
        this.#handlers.onUnreadable(this, message.about.id, message.error)
        this.#receipts?.add(null)
      } else {
        this.#takeOutcomes(outcomes)
        this.#handle(message)
      }
    }
    this.#takeOutcomes(outcomes)
    this.#tellRoom()
  }

  #tellRoom(): void {
    if (!this.#roomier) return
    this.#roomier = false
    this.#handlers.onCredit(this)
  }

  /** Goes out at the end of what is being done now: until then it may still be said that its outcome is wanted. */
  send(job: OutJob): void {
    renumber(job, this.#last + 1)
    this.#last = lastNumberOf(job)
    this.#ledger.add(job)
    this.#comes(job)
    for (const each of restOf(job)) this.#comes(each)
    this.#handlers.onSend(this, job)
    this.#outbox.push(job)
    if (this.#outbox.length === 1) queueMicrotask(this.#flush)
    // Of many at once the node can begin with the first while the last are being enqueued.
    else if (this.#outbox.length >= FLUSH_JOBS && job.ticket.wanted) this.#flushNow()
  }

  #comes({ ticket, runAt, delayMs }: OutJob): void {
    ticket.node = this.name
    if (runAt === null && (delayMs ?? 0) === 0) this.#busy++
  }

  readonly #flush = (): void => {
    const jobs = this.#outbox
    this.#outbox = []
    // Without a connection they are sent when there is one again.
    if (!this.#welcomed || this.#ledger.careful) return
    const now = this.#now()
    for (const job of jobs) this.#sendJob(job, now)
  }

  /** What is said about times holds for the moment at which it is said: it is not to lie here until the app is done. */
  #flushNow(): void {
    this.#flush()
    this.#link?.channel.flush()
  }

  /** A job that an earlier life of the app has sent to this node under its number: only the node knows whether it came. */
  adopt(job: OutJob): void {
    for (const { ticket } of [job, ...restOf(job)]) {
      ticket.status = 'sent'
      ticket.node = this.name
    }
    this.#ledger.add(job)
    this.#last = Math.max(this.#last, lastNumberOf(job))
    this.#doubt ??= this.#clock.setTimer(this.#doubtMs, () => this.#giveUp())
  }

  /**
   * Asks the node. `patient`: waits for its connection when it is away, and asks again when it was lost; else rejects
   * with JR_CONNECTION. Rejects with what the node answers.
   */
  ask(make: (request: number) => Question, patient = true): Promise<unknown> {
    if (!patient && !this.#welcomed) return Promise.reject(away(this.name))
    // What is asked may be about a job that was enqueued a moment ago.
    this.#flush()
    return this.#asking.ask(make, patient, this.#welcomed ? (this.#link?.channel ?? null) : null)
  }

  /** Gives up everything that is not accepted; the jobs are the caller's now. */
  abandon(): OutJob[] {
    this.#doubt?.cancel()
    this.#accept(isOver)
    this.#asking.abandon(new JrError('JR_STOPPED', 'the distributor was stopped'))
    this.#outbox = []
    return this.#ledger.remove(() => true)
  }

  /** Outcomes whose feedbacks are at work count as taken. */
  settle(): void {
    this.#receipts?.settle()
  }

  #accept(test: (job: OutJob) => boolean): OutJob[] {
    const jobs = this.#ledger.remove(test)
    for (const job of jobs) this.#handlers.onAccepted(this, job)
    return jobs
  }

  #takeOutcomes(outcomes: OutcomeMessage[]): void {
    if (outcomes.length === 0) return
    for (const { outcome } of outcomes) if (!outcome.more && this.#busy > 0) this.#busy--
    for (const told of this.#handlers.onOutcomes(this, outcomes)) this.#receipts?.add(told)
    outcomes.length = 0
  }

  #handle(message: LinkMessage): void {
    switch (message.type) {
      case 'accepted': {
        if (this.#store !== null) this.#store.accepted = message.number
        const { number } = message
        for (let job = this.#ledger.take(number); job !== undefined; job = this.#ledger.take(number))
          this.#handlers.onAccepted(this, job)
        this.#sendNext()
        this.#roomier = true
        return
      }
      case 'joined':
        for (const job of this.#ledger) {
          const member = memberOf(job, message.number)
          if (member !== null) return this.#handlers.onJoined(this, member, message.id)
        }
        return
      case 'refused':
        return this.#refused(message)
      case 'welcome':
        if (this.#welcomed) throw new JrError('JR_PROTOCOL', 'a node says welcome once')
        this.#credit = { count: message.creditJobs, bytes: message.creditBytes }
        this.maxArgs = message.maxArgs
        this.#abilities.begin(message)
        this.#abilities.learn(message)
        this.#status = 'running'
        this.#busy = 0
        return this.#resume(message)
      case 'node-state':
        this.#status = message.status
        this.#abilities.learn(message)
        this.#roomier = true
        return
      case 'reply':
        return this.#asking.answer(message)
      case 'progress':
        return this.#handlers.onProgress(this, message)
      case 'bye':
        this.#status = 'stopping'
        return
      case 'broken':
        this.#blame = message.code === 'JR_AUTH' ? INNOCENT : BROKEN
        return this.#handlers.onBroken(this, message.code, message.message)
      default:
        throw new JrError('JR_PROTOCOL', `a node does not send '${message.type}'`)
    }
  }

  /** What the node has taken is accepted, whatever became of the word of it; the rest is sent again. */
  #resume({ taken, alone }: Welcome): void {
    if (this.#link === null) return
    const { channel, peer } = this.#link
    const store = { id: peer.instance, alone, accepted: taken }
    const before = this.#store
    const lost = lostAbove(before, store)
    this.#store = store
    this.#welcomed = true
    this.#last = Math.max(this.#last, taken)
    this.connectedAt = this.#clock.now()
    const accepted = [
      ...this.#accept((job) => lastNumberOf(job) <= taken),
      // Another store has none of these.
      ...this.#takeBack(before === null || before.id === store.id ? taken : 0),
    ]
    this.#outbox = []
    const now = this.#now()
    this.#blame = LOST
    if (this.#ledger.begin()) this.#sendFirst(now)
    else for (const job of this.#ledger) this.#sendJob(job, now)
    this.#asking.again(channel)
    this.#handlers.onOpen(this)
    for (const job of accepted.flatMap((first) => [first, ...restOf(first)]))
      if (mayBeOne(job) && job.ticket.status !== 'over') this.#handlers.onJoined(this, job, job.id)
    if (lost !== null) this.#handlers.onLost(this, lost)
  }

  /** Of what was given up: what waits for a node has been accepted by this one; it is told to forget the rest. */
  #takeBack(taken: number): readonly OutJob[] {
    const { back, forget } = this.#givenUp.settle(taken, (isIt) => this.#handlers.onReturn(this, isIt))
    for (let at = 0; at < forget.length; at += MAX_FORGET)
      this.#link?.channel.send({ type: 'forget', ids: forget.slice(at, at + MAX_FORGET) })
    for (const job of back) {
      for (const { ticket } of [job, ...restOf(job)]) ticket.node = this.name
      this.#handlers.onAccepted(this, job)
    }
    return back
  }

  #now(): Moment {
    return { mono: this.#clock.mono(), wall: this.#clock.now() }
  }

  #sendFirst(now: Moment): void {
    const job = this.#ledger.first
    if (job !== undefined) this.#sendJob(job, now)
  }

  #sendJob(job: OutJob, now: Moment): void {
    if (this.#link === null) return
    const { channel, peer } = this.#link
    const large = sendJob(channel, job, now)
    if (large === null) return
    const message = `job '${large.name}' takes ${large.args.length} bytes of args; node ${this.name} takes frames of ${peer.maxFrame} bytes (its option maxFrame)`
    const { number } = large.ticket
    // Of those that are to be taken together some have come by now: with the connection they are forgotten.
    if (large !== job) channel.destroy(new JrError('JR_ARGS_TOO_LARGE', message))
    // Not in the middle of what is sent.
    queueMicrotask(() => {
      this.#refused({ number, code: 'JR_ARGS_TOO_LARGE', message, job: '' })
      this.#tellRoom()
    })
  }

  /** Before the welcome, too: the word may have been lost with the last connection. */
  #refused(why: Why): void {
    this.#givenUp.refused(why.number)
    for (const job of this.#ledger.remove((one) => memberOf(one, why.number) !== null))
      this.#handlers.onRefused(this, job, why)
    this.#sendNext()
    this.#roomier = true
  }

  /** Of those that are sent one by one the one before is accepted or refused. */
  #sendNext(): void {
    if (!this.#welcomed || !this.#ledger.careful) return
    this.#ledger.goOn()
    this.#sendFirst(this.#now())
  }

  #giveUp(): void {
    this.#doubt = null
    const jobs = this.#ledger.remove(({ agreed }) => pinnedTo(agreed.terms) !== this.name)
    let kept = 0
    for (const job of this.#ledger) kept = Math.max(kept, lastNumberOf(job))
    for (const job of jobs) {
      this.#givenUp.add(job)
      // A number up to which the node has taken jobs says that it has this one: unless one after it is still to come.
      const { number } = job.ticket
      if (number < kept) continue
      const before = job.sentBefore.slice(1 - MAX_SENT_BEFORE)
      const sentBefore = [...before, { node: this.name, number, last: this.#last }]
      for (const each of [job, ...restOf(job)]) each.sentBefore = sentBefore
    }
    this.#handlers.onDoubt(this, jobs)
  }
}

/** Its outcome came before the word that it is accepted: it is not in doubt, whatever the node says when it is back. */
function isOver(job: OutJob): boolean {
  return job.ticket.status === 'over' && restOf(job).every(({ ticket }) => ticket.status === 'over')
}
