import { pack } from '../../src/bytes/codec.js'
import { packError } from '../../src/bytes/error-record.js'
import { type Clock, type Now, nowOf } from '../../src/clock.js'
import type { CountedLines } from '../../src/counted-lines.js'
import { JrError } from '../../src/errors.js'
import type { Outcome } from '../../src/job/record.js'
import type { Logger } from '../../src/logger.js'
import { messageOf } from '../../src/thrown.js'
import type { Channel } from '../../src/wire/channel.js'
import type {
  LinkMessage,
  NodeState,
  OutcomeMessage,
  Peer,
  Request,
  Unreadable,
  Welcome,
} from '../../src/wire/messages.js'
import type { NodeInsert, Origin } from '../changes/journal.js'
import type { Delivery } from '../report/delivery.js'
import type { Runner } from '../run/runner.js'
import { Acceptance } from './acceptance.js'
import { Answers } from './answers.js'
import { Errands } from './errands.js'
import { Intake, type IntakeDeps } from './intake.js'
import { type JobProgress, Progressing } from './progressing.js'
import { type Ask, askOf, type Subjects } from './requests.js'
import { Watching, type WatchingDeps } from './watching.js'

export interface SessionDeps extends Subjects, IntakeDeps, Omit<WatchingDeps, 'reach'> {
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Logger
  /** What a distributor can make this node say as often as it likes. */
  readonly complaints: CountedLines
  /** That this node's name is taken. */
  readonly duplicates: CountedLines
  /** What running jobs have told so far. */
  readonly told: () => Iterable<JobProgress>
  /** Something was stored for this session; `settle` is wanted once the group is done. */
  readonly touched: (session: Session) => void
}

/** One connected distributor, from welcome to close. */
export class Session implements Origin {
  readonly peer: Peer
  readonly channel: Channel<LinkMessage>
  readonly delivery: Delivery
  /** When it was connected, epoch ms. */
  readonly since: number
  /** The distributor said that it will not come back under this instance. */
  over = false
  readonly #deps: SessionDeps
  readonly #errands: Errands
  readonly #answers: Answers
  #open = false
  readonly #intake: Intake
  readonly #acceptance: Acceptance
  readonly #watching: Watching
  readonly progressing: Progressing

  constructor(peer: Peer, channel: Channel<LinkMessage>, delivery: Delivery, deps: SessionDeps) {
    this.peer = peer
    this.channel = channel
    this.delivery = delivery
    this.#deps = deps
    this.since = deps.clock.now()
    this.#acceptance = new Acceptance(deps.clock, (number) => channel.send({ type: 'accepted', number }))
    this.#errands = new Errands({
      writable: () => channel.writable,
      onFull: (full) => (full ? channel.pause('errands') : channel.resume('errands')),
    })
    this.#intake = new Intake(peer, channel, this, () => this.#errands.add(0, async () => {}), deps)
    this.#answers = new Answers(peer, channel, this.#errands)
    this.#watching = new Watching(peer, (outcome) => delivery.copy(outcome), deps)
    this.progressing = new Progressing(peer, channel, (id) => this.#watching.has(id))
  }

  welcome(message: Welcome): void {
    for (const refused of this.#deps.refusals.of(this.peer.instance, message.taken))
      this.channel.send(refused)
    this.#intake.begin(message.taken)
    this.#acceptance.begin(message.taken)
    this.#open = true
    this.#say(message)
  }

  tell(state: NodeState): void {
    if (this.#open) this.#say(state)
  }

  /** There is no connection with an app that can't be told what this node can do. */
  #say(message: Welcome | NodeState): void {
    if (this.channel.send(message)) return
    const text = `the names of this node's jobs are too many for the app, which takes frames of ${this.peer.maxFrame} bytes (its option maxFrame)`
    this.#deps.log.error('connection:refused', { distributor: this.peer.name, error: text })
    this.channel.destroy(new JrError('JR_BAD_CONFIG', text))
  }

  /** May throw JR_PROTOCOL: the channel then closes with it. */
  receive(messages: readonly LinkMessage[]): void {
    // Delays are counted from when a job was heard of, not from when its turn among many comes.
    const now = nowOf(this.#deps.clock)
    for (const message of messages) this.#handle(message, now)
  }

  /** There is room in the channel again. */
  drained(): void {
    this.progressing.drained()
    this.delivery.resume()
    this.#errands.go()
  }

  close(): void {
    this.#watching.close()
    this.#errands.close()
  }

  joined({ number }: NodeInsert, id: string): void {
    this.#watching.add(id)
    this.channel.send({ type: 'joined', number: number ?? 0, id })
  }

  /** Its app is told of the end of this job. */
  watch(id: string): void {
    this.#watching.add(id)
  }

  refused({ number }: NodeInsert, error: JrError): void {
    this.#intake.refuse(number ?? 0, error)
  }

  stored(change: NodeInsert): void {
    this.#intake.stored(change)
    this.#acceptance.stored(change.number, change.started ? this.#deps.runner.running(change.job.id) : null)
    this.#deps.touched(this)
  }

  /** Says what has been stored since the last time. Of what has ended the outcome has been sent: nobody waits for more. */
  settle(): void {
    this.#acceptance.settle()
  }

  /** What was stored before is said first. */
  send(message: OutcomeMessage): void {
    this.#acceptance.tell()
    if (this.channel.send(message)) return
    this.#deps.log.error('outcome:too-large', { job: message.outcome.id, distributor: this.peer.name })
    this.channel.send({ ...message, outcome: tooLargeFor(this.peer, message.outcome) })
  }

  #handle(message: LinkMessage, now: Now): void {
    if (message.type === 'bye') {
      this.over = true
      return
    }
    if (message.type === 'broken') {
      const { code, message: error } = message
      const facts = { distributor: this.peer.name, code, error }
      // It dials again and again.
      if (code === 'JR_DUPLICATE_NODE') this.#deps.duplicates.error('node:duplicate', facts)
      else this.#deps.complaints.error('connection:broken', facts)
      return
    }
    if (!this.#open) throw new JrError('JR_PROTOCOL', `'${message.type}' came before this node's welcome`)
    switch (message.type) {
      case 'enqueue':
        return this.#intake.take(message, now)
      case 'outcomes-taken':
        if (this.delivery.taken(message.first, message.count)) return
        throw new JrError(
          'JR_PROTOCOL',
          `outcomes-taken ${message.first}, ${message.count}: one of these is not on its way`,
        )
      case 'forget':
        return this.#forget(message.ids)
      case 'cancel':
        return this.#answers.give(message.request, 1, () => this.#deps.reach.cancel(message.id))
      case 'listen':
        return this.progressing.listen(message.on, this.#deps.told())
      case 'watch':
        return this.#answers.give(message.request, 1, () => this.#watching.ask(message.id, message.key))
      case 'request':
        return this.#request(message)
      case 'unreadable':
        return this.#unreadable(message)
      default:
        throw new JrError('JR_PROTOCOL', `a distributor does not send '${message.type}'`)
    }
  }

  /** It fails by itself: what else comes on this connection has nothing to do with it. */
  #unreadable({ about, error }: Unreadable): void {
    if (about.what === 'outcome') throw error
    this.#deps.complaints.error('message:unreadable', {
      distributor: this.peer.name,
      what: about.what,
      error: error.message,
    })
    if (about.what === 'request') return this.#answers.give(about.number, 1, () => Promise.reject(error))
    this.#intake.unreadable(about.number, about.more, error)
  }

  #forget(ids: readonly string[]): void {
    const { reach, complaints } = this.#deps
    const forget = () =>
      Promise.all(ids.map((id) => reach.forget(id))).catch((error) =>
        complaints.error('session:error', { distributor: this.peer.name, error: messageOf(error) }),
      )
    this.#errands.add(ids.length, forget, ids.length)
  }

  #request({ request, verb, body }: Request): void {
    let ask: Ask
    try {
      ask = askOf(verb, body)
    } catch (error) {
      return this.#answers.give(request, 1, () => Promise.reject(error))
    }
    this.#answers.give(request, ask.weight, () => ask.run(this.#deps, this.peer))
  }
}

/** The outcome for an app that can't take all of it: what it can be told is that. */
function tooLargeFor({ maxFrame }: Peer, outcome: Outcome): Outcome {
  const size = outcome.args.length + outcome.error.length
  const text = `job ${outcome.id} ('${outcome.name}') ended as ${outcome.state}, and its outcome takes ${size} bytes; the app takes frames of ${maxFrame} (its option maxFrame)`
  const error = packError(new JrError('JR_RESULT_TOO_LARGE', text))
  return { ...outcome, state: 'failed', args: pack({}), error }
}
