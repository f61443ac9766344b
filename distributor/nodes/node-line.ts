import { unpackChecked } from '../../src/bytes/codec.js'
import { unpackError } from '../../src/bytes/error-record.js'
import type { Clock, Timer } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { pinnedTo } from '../../src/job/terms/where.js'
import { fits, type Limits } from '../../src/window.js'
import { MAX_SENT_BEFORE } from '../../src/wire/job-fields.js'
import { MAX_FORGET } from '../../src/wire/link-messages.js'
import type { Link } from '../../src/wire/links.js'
import type {
  FromDistributor,
  KnownJob,
  LinkMessage,
  NodeState,
  OutcomeMessage,
  Reply,
  Welcome,
} from '../../src/wire/messages.js'
import type { Candidate, Never, Wish } from '../sending/node-choice.js'
import { enqueueMessage, type Moment, type OutJob } from '../sending/out-job.js'
import { Queue } from '../sending/queue.js'
import type { Waiter } from '../told/ticket.js'
import { GivenUp } from './given-up.js'
import { type KnownStore, lostAbove } from './known-store.js'
import { Receipts } from './receipts.js'

export interface NodeLineHandlers {
  readonly onOpen: (line: NodeLine) => void
  /** About to be sent, its number settled. */
  readonly onSend: (line: NodeLine, job: OutJob) => void
  readonly onAccepted: (line: NodeLine, job: OutJob) => void
  readonly onRefused: (line: NodeLine, job: OutJob, code: string, message: string) => void
  /** The outcomes of one read. Answers when the feedback of each is done, which it is when that is null: it counts as taken then. */
  readonly onOutcomes: (
    line: NodeLine,
    messages: readonly OutcomeMessage[],
  ) => readonly (Promise<unknown> | null)[]
  /** The outcome of this job came, and can't be read. */
  readonly onUnreadable: (line: NodeLine, id: string, error: JrError) => void
  /** The node closes the connection because of something that this app has sent. */
  readonly onBroken: (line: NodeLine, code: string, message: string) => void
  /** It was on its way each time that the connection was lost, the last time alone: it is not sent again. */
  readonly onSetAside: (line: NodeLine, job: OutJob) => void
  /**
   * There is a job of this one's id already, or, as the node was away when it was accepted, there may be: whose outcome
   * will come has to be asked.
   */
  readonly onJoined: (line: NodeLine, job: OutJob) => void
  /** There may be room for more jobs. */
  readonly onCredit: (line: NodeLine) => void
  /** The node did not come back in time: these may go elsewhere. */
  readonly onDoubt: (line: NodeLine, jobs: readonly OutJob[]) => void
  /** The node is back, and has jobs that had been given up. Takes out, and answers, those of them that wait for a node still. */
  readonly onReturn: (line: NodeLine, isIt: (job: OutJob) => boolean) => readonly OutJob[]
  /** The node is back, and does not have the jobs any more that it had accepted above this number. */
  readonly onLost: (line: NodeLine, above: number) => void
  readonly onClose: (line: NodeLine, error: JrError | null) => void
}

const FLUSH_JOBS = 500
/**
 * What was on its way when the connection was lost may be why: the more so when the node said that it can't take what came.
 * From so much suspicion on, jobs are sent one at a time.
 */
const SUSPECT = 5
const LOST = 1
const BROKEN = 3
/** Somebody between has changed a frame: no fault of what was on its way. */
const INNOCENT = 0

interface Asked {
  readonly message: Asking
  readonly waiter: Waiter<unknown>
  readonly patient: boolean
  /** Grows each time that the connection is lost while it is on its way. */
  suspicion: number
}

type Asking = Extract<FromDistributor, { request: number }>

/** One node, by its name, over all connections that it has had in the life of this app. */
export class NodeLine implements Candidate {
  readonly name: string
  readonly #clock: Clock
  readonly #doubtMs: number
  readonly #handlers: NodeLineHandlers
  #link: Link | null = null
  #welcomed = false
  #status: NodeState['status'] = 'running'
  #jobs = new Map<string, KnownJob>()
  /** How many jobs it can run at once, on each kind of children. */
  #evented = 0
  #deferred = 0
  /** Jobs sent and not ended, as far as can be known here. */
  #busy = 0
  /** The number of the last job that was given to this node. */
  #last = 0
  /** As of the last connection. */
  #store: KnownStore | null = null
  readonly #unaccepted = new Queue<OutJob>()
  #unacceptedBytes = 0
  #outbox: OutJob[] = []
  /** Something that is sent may be what ends the connection: one job at a time, until all of these are accepted. */
  #careful = false
  /** There may be room for more jobs, which nobody was told yet. */
  #roomier = false
  /** How much what is on its way will be suspected if the connection ends: more when the node has said that it closes it because of what came. */
  #blame = LOST
  /** What may be on its way, as the node has said. */
  #credit: Limits = { count: 0, bytes: 0 }
  /** Not waited for while this node was away. */
  readonly #givenUp = new GivenUp()
  readonly #asked = new Map<number, Asked>()
  #requests = 0
  /** Of the present connection. */
  #receipts: Receipts | null = null
  #doubt: Timer | null = null
  connectedAt = 0
  unknownJob: 'fail' | 'wait' = 'fail'
  maxArgs = 0
  /** The highest number of a term that it knows. */
  #terms = 0

  constructor(name: string, clock: Clock, doubtMs: number, handlers: NodeLineHandlers) {
    this.name = name
    this.#clock = clock
    this.#doubtMs = doubtMs
    this.#handlers = handlers
  }

  get connected(): boolean {
    return this.#welcomed
  }

  get open(): boolean {
    return this.#welcomed && this.#status !== 'stopping'
  }

  get status(): NodeState['status'] | 'disconnected' {
    return this.#welcomed ? this.#status : 'disconnected'
  }

  get free(): number {
    // A node that is paused keeps what it is sent; one that runs jobs comes first, however busy.
    return this.#status === 'paused' ? Number.NEGATIVE_INFINITY : this.#evented + this.#deferred - this.#busy
  }

  get unaccepted(): number {
    return this.#unaccepted.size
  }

  /** No other node has its store: of a job that it does not have, nothing more will be heard. */
  get alone(): boolean {
    return this.#store?.alone === true
  }

  /** Sent, and neither accepted nor over. */
  get inFlight(): number {
    let count = 0
    for (const job of this.#unaccepted) if (!isOver(job)) count++
    return count
  }

  get link(): Link | null {
    return this.#link
  }

  get facts(): { jobs: string[]; slots: number; busy: number } {
    return {
      jobs: [...this.#jobs.keys()],
      slots: this.#evented + this.#deferred,
      busy: Math.max(0, this.#busy),
    }
  }

  whyNot(job: Wish): Exclude<Never, 'ruled-out'> | null {
    if (!this.#jobs.has(job.name) && this.unknownJob !== 'wait') return 'unknown'
    if (job.agreed.highest > this.#terms) return 'terms'
    return (this.isDeferred(job) ? this.#deferred : this.#evented) > 0 ? null : 'childless'
  }

  /** Whether it would run on a deferred child there. */
  isDeferred({ name, agreed }: Wish): boolean {
    return agreed.terms.defer ?? this.#jobs.get(name)?.defer ?? false
  }

  hasCredit(bytes: number): boolean {
    if (this.#careful || !fits(this.#unaccepted.size, this.#unacceptedBytes, bytes, this.#credit))
      return false
    return this.#link?.channel.writable ?? false
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
    for (const [request, asked] of this.#asked) {
      asked.suspicion += blame
      if (asked.patient && asked.suspicion < SUSPECT) continue
      this.#asked.delete(request)
      asked.waiter.reject(this.#away())
    }
    this.#accept(isOver)
    if (blame !== INNOCENT) this.#suspect(blame)
    if (this.#unaccepted.size > 0) {
      this.#doubt = this.#clock.setTimer(this.#doubtMs, () => this.#giveUp())
    }
    this.#handlers.onClose(this, error)
  }

  /** The jobs that were on their way. One that was alone is what ended the connection, as often as it could be tried. */
  #suspect(blame: number): void {
    if (this.#careful) {
      const job = this.#unaccepted.shift()
      if (job === undefined) return
      this.#unacceptedBytes -= job.bytes
      this.#givenUp.add(job)
      this.#handlers.onSetAside(this, job)
      return
    }
    const waiting = new Set(this.#outbox)
    for (const job of this.#unaccepted) if (!waiting.has(job)) job.suspicion += blame
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
    job.ticket.node = this.name
    job.ticket.number = ++this.#last
    this.#unaccepted.push(job)
    this.#unacceptedBytes += job.bytes
    if (job.runAt === null && (job.delayMs ?? 0) === 0) this.#busy++
    this.#handlers.onSend(this, job)
    this.#outbox.push(job)
    if (this.#outbox.length === 1) queueMicrotask(this.#flush)
    // Of many at once the node can begin with the first while the last are being enqueued.
    else if (this.#outbox.length >= FLUSH_JOBS && job.ticket.wanted) this.#flushNow()
  }

  readonly #flush = (): void => {
    const jobs = this.#outbox
    this.#outbox = []
    // Without a connection they are sent when there is one again.
    if (!this.#welcomed || this.#careful) return
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
    job.ticket.status = 'sent'
    job.ticket.node = this.name
    this.#unaccepted.push(job)
    this.#unacceptedBytes += job.bytes
    this.#last = Math.max(this.#last, job.ticket.number)
    this.#doubt ??= this.#clock.setTimer(this.#doubtMs, () => this.#giveUp())
  }

  /**
   * Asks the node. `patient`: waits for its connection when it is away, and asks again when it was lost; else rejects
   * with JR_CONNECTION. Rejects with what the node answers.
   */
  ask(make: (request: number) => Asking, patient = true): Promise<unknown> {
    if (!patient && !this.#welcomed) return Promise.reject(this.#away())
    const message = make(++this.#requests)
    // What is asked may be about a job that was enqueued a moment ago.
    this.#flush()
    return new Promise((resolve, reject) => {
      this.#asked.set(message.request, { message, waiter: { resolve, reject }, patient, suspicion: 0 })
      if (!this.#welcomed || this.#link === null || this.#link.channel.send(message)) return
      this.#asked.delete(message.request)
      const text = `what is asked is larger than a frame that node ${this.name} takes (its option maxFrame)`
      reject(new JrError('JR_ARGS_TOO_LARGE', text))
    })
  }

  /** Gives up everything that is not accepted; the jobs are the caller's now. */
  abandon(): OutJob[] {
    this.#doubt?.cancel()
    this.#accept(isOver)
    const error = new JrError('JR_STOPPED', 'the distributor was stopped')
    for (const { waiter } of this.#asked.values()) waiter.reject(error)
    this.#asked.clear()
    this.#unacceptedBytes = 0
    this.#outbox = []
    return this.#unaccepted.remove(() => true)
  }

  /** Outcomes whose feedbacks are at work count as taken. */
  settle(): void {
    this.#receipts?.settle()
  }

  #accept(test: (job: OutJob) => boolean): OutJob[] {
    const jobs = this.#unaccepted.remove(test)
    for (const job of jobs) {
      this.#unacceptedBytes -= job.bytes
      this.#handlers.onAccepted(this, job)
    }
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
        for (let job = this.#unaccepted.peek(); job !== undefined && isUpTo(job, message.number); ) {
          this.#unaccepted.shift()
          this.#unacceptedBytes -= job.bytes
          this.#handlers.onAccepted(this, job)
          job = this.#unaccepted.peek()
        }
        this.#sendNext()
        this.#roomier = true
        return
      }
      case 'joined':
        for (const job of this.#unaccepted) {
          if (job.ticket.number !== message.number) continue
          return this.#handlers.onJoined(this, job)
        }
        return
      case 'refused':
        return this.#refused(message.number, message.code, message.message)
      case 'welcome':
        if (this.#welcomed) throw new JrError('JR_PROTOCOL', 'a node says welcome once')
        this.#credit = { count: message.creditJobs, bytes: message.creditBytes }
        this.maxArgs = message.maxArgs
        this.unknownJob = message.unknownJob
        this.#terms = message.terms
        this.#learn(message)
        this.#status = 'running'
        this.#busy = 0
        return this.#resume(message)
      case 'node-state':
        this.#status = message.status
        this.#learn(message)
        this.#roomier = true
        return
      case 'reply':
        return this.#reply(message)
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
      ...this.#accept((job) => isUpTo(job, taken)),
      // Another store has none of these.
      ...this.#takeBack(before === null || before.id === store.id ? taken : 0),
    ]
    this.#outbox = []
    const now = this.#now()
    this.#careful = false
    this.#blame = LOST
    for (const { suspicion } of this.#unaccepted) this.#careful ||= suspicion >= SUSPECT
    if (this.#careful) this.#sendFirst(now)
    else for (const job of this.#unaccepted) this.#sendJob(job, now)
    for (const { message } of this.#asked.values()) channel.send(message)
    this.#handlers.onOpen(this)
    for (const job of accepted) if (job.edition > 0 && !isOver(job)) this.#handlers.onJoined(this, job)
    if (lost !== null) this.#handlers.onLost(this, lost)
  }

  /** Of what was given up: what waits for a node has been accepted by this one; it is told to forget the rest. */
  #takeBack(taken: number): readonly OutJob[] {
    const { back, forget } = this.#givenUp.settle(taken, (isIt) => this.#handlers.onReturn(this, isIt))
    for (let at = 0; at < forget.length; at += MAX_FORGET)
      this.#link?.channel.send({ type: 'forget', ids: forget.slice(at, at + MAX_FORGET) })
    for (const job of back) {
      job.ticket.node = this.name
      this.#handlers.onAccepted(this, job)
    }
    return back
  }

  #now(): Moment {
    return { mono: this.#clock.mono(), wall: this.#clock.now() }
  }

  #sendFirst(now: Moment): void {
    const job = this.#unaccepted.peek()
    if (job !== undefined) this.#sendJob(job, now)
  }

  #sendJob(job: OutJob, now: Moment): void {
    if (this.#link === null || this.#link.channel.send(enqueueMessage(job, now))) return
    const { maxFrame } = this.#link.peer
    const text = `job '${job.name}' takes ${job.bytes} bytes of args; node ${this.name} takes frames of ${maxFrame} bytes (its option maxFrame)`
    // Not in the middle of what is sent.
    queueMicrotask(() => {
      this.#refused(job.ticket.number, 'JR_ARGS_TOO_LARGE', text)
      this.#tellRoom()
    })
  }

  /** Before the welcome, too: the word may have been lost with the last connection. */
  #refused(number: number, code: string, message: string): void {
    this.#givenUp.refused(number)
    for (const job of this.#unaccepted.remove(({ ticket }) => ticket.number === number)) {
      this.#unacceptedBytes -= job.bytes
      this.#handlers.onRefused(this, job, code, message)
    }
    this.#sendNext()
    this.#roomier = true
  }

  /** Of those that are sent one by one the one before is accepted or refused. */
  #sendNext(): void {
    if (!this.#careful || !this.#welcomed) return
    this.#careful = this.#unaccepted.size > 0
    this.#sendFirst(this.#now())
  }

  #learn({ jobs, evented, deferred }: Pick<NodeState, 'jobs' | 'evented' | 'deferred'>): void {
    this.#jobs = new Map(jobs.map((job) => [job.name, job]))
    this.#evented = evented
    this.#deferred = deferred
  }

  #reply({ request, ok, body }: Reply): void {
    const asked = this.#asked.get(request)
    this.#asked.delete(request)
    if (ok) asked?.waiter.resolve(unpackChecked(body))
    else asked?.waiter.reject(unpackError(body))
  }

  #away(): JrError {
    return new JrError('JR_CONNECTION', `node '${this.name}' is not connected`)
  }

  #giveUp(): void {
    this.#doubt = null
    const jobs = this.#unaccepted.remove(({ agreed }) => pinnedTo(agreed.terms) !== this.name)
    let kept = 0
    for (const { ticket } of this.#unaccepted) kept = Math.max(kept, ticket.number)
    for (const job of jobs) {
      this.#unacceptedBytes -= job.bytes
      this.#givenUp.add(job)
      // A number up to which the node has taken jobs says that it has this one: unless one after it is still to come.
      const { number } = job.ticket
      if (number < kept) continue
      const before = job.sentBefore.slice(1 - MAX_SENT_BEFORE)
      job.sentBefore = [...before, { node: this.name, number, last: this.#last }]
    }
    this.#handlers.onDoubt(this, jobs)
  }
}

/** Its outcome came before the word that it is accepted: it is not in doubt, whatever the node says when it is back. */
function isOver({ ticket }: OutJob): boolean {
  return ticket.status === 'over'
}

function isUpTo({ ticket }: OutJob, number: number): boolean {
  return ticket.number <= number
}
