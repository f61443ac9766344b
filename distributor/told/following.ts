import { duplicateOf, JrError } from '../../src/errors.js'
import type { Found, Nodes } from '../nodes/nodes.js'
import type { Feedbacks } from './feedbacks.js'
import type { Ticket } from './ticket.js'

/** Jobs that others have enqueued, or that nobody waited for at first: their nodes are asked to tell of their ends. */
export class Following {
  readonly #nodes: Pick<Nodes, 'find' | 'watch'>
  readonly #feedbacks: Pick<Feedbacks, 'lose' | 'joined' | 'become' | 'refuse'>
  readonly #onAnswer: () => void

  /** `onAnswer`: something may be over that was waited for. */
  constructor(
    nodes: Pick<Nodes, 'find' | 'watch'>,
    feedbacks: Pick<Feedbacks, 'lose' | 'joined' | 'become' | 'refuse'>,
    onAnswer: () => void,
  ) {
    this.#nodes = nodes
    this.#feedbacks = feedbacks
    this.#onAnswer = onAnswer
  }

  /** Asks the node that has the job. `sent`: as a job whose outcome is wanted. */
  ask(ticket: Ticket, sent: boolean): void {
    const line = ticket.node === null ? undefined : this.#nodes.find(ticket.node)
    if (line === undefined) return
    this.#nodes
      .watch(line, ticket)
      .then(
        (found) => {
          if (found !== null) this.#is(ticket, found)
          // Where nodes share a store a lost one may have it, until another takes it over.
          else if (!sent || line.alone) this.#feedbacks.lose(ticket, unknownOutcome(ticket))
        },
        (error) => this.#feedbacks.lose(ticket, error),
      )
      .finally(this.#onAnswer)
  }

  /**
   * It is one with the job of this id. Which one that is, is the node's to say: until then the next outcome of the id is its
   * own.
   */
  joined(ticket: Ticket, id: string): void {
    if (ticket.status === 'over' || ticket.into !== null) return
    if (id !== ticket.id) {
      const { there, newly } = this.#feedbacks.become(ticket, id)
      if (newly) this.ask(there, true)
      return
    }
    ticket.edition = null
    ticket.joined = true
    if (ticket.wanted) this.ask(ticket, true)
  }

  /** What a node has, where this job was looked for. */
  #is(ticket: Ticket, { id, edition }: Found): void {
    if (ticket.status === 'over') return
    if (id === ticket.id) ticket.edition = edition
    else if (ticket.rejects)
      this.#feedbacks.refuse(ticket, duplicateOf(ticket.name, id), {}, ticket.node ?? '')
    else this.#feedbacks.become(ticket, id)
  }

  /** A node tells of the ends of other senders' jobs as long as it is connected: this one is again. */
  again(node: string): void {
    for (const ticket of this.#feedbacks.joined(node)) this.ask(ticket, true)
  }
}

function unknownOutcome(ticket: Ticket): JrError {
  const text = `job ${ticket.id} ('${ticket.name}') has ended, and nobody had asked for its outcome`
  return new JrError(
    'JR_OUTCOME_UNKNOWN',
    `${text}: give enqueue a feedback function, or call result() at once`,
  )
}
