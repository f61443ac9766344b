import { JrError } from '../../src/errors.js'
import { countStates, type JobState } from '../../src/job/states.js'
import type { AnswerOf } from '../../src/verbs/table.js'
import { request } from '../monitor/request.js'
import type { Nodes } from '../nodes/nodes.js'
import type { OutJob } from '../sending/out-job.js'
import type { Placement } from '../sending/placement.js'
import type { Ticket } from '../told/ticket.js'
import type { FlowCounts } from './counts.js'
import type { FlowOwner } from './flow.js'

export interface FlowReachDeps {
  readonly nodes: Pick<Nodes, 'find' | 'all'>
  readonly placement: Pick<Placement, 'takeTogether'>
  /** Asks a node; waits for it when it is away. */
  readonly ask: (node: string, verb: string, body: Buffer) => Promise<unknown>
  readonly refuse: (job: OutJob, error: JrError) => void
  /** Its end will be heard of. */
  readonly watch: (ticket: Ticket) => void
  /** The process stays as long as somebody may wait for this. */
  readonly keep: <T>(answer: Promise<T>) => Promise<T>
}

/** Reaches a flow of this app as a whole, wherever it is. */
export class FlowReach implements FlowOwner {
  readonly #deps: FlowReachDeps

  constructor(deps: FlowReachDeps) {
    this.#deps = deps
  }

  cancel(id: string, tickets: readonly Ticket[]): Promise<number> {
    return this.#deps.keep(this.#cancel(id, tickets))
  }

  count(id: string, tickets: readonly Ticket[]): Promise<FlowCounts> {
    return this.#deps.keep(this.#count(id, tickets))
  }

  async #cancel(id: string, tickets: readonly Ticket[]): Promise<number> {
    const { placement, refuse } = this.#deps
    const held = placement.takeTogether(tickets)
    if (held !== null) {
      refuse(held, new JrError('JR_CANCELLED', `flow ${id} was cancelled before it was sent`))
      return tickets.length
    }
    const node = nodeOf(tickets)
    if (node === null) return 0
    for (const name of this.#places(node)) {
      const ended = await request(this.#deps.ask, name, 'cancel-flow', { id })
      if (ended > 0) return ended
    }
    return 0
  }

  async #count(id: string, tickets: readonly Ticket[]): Promise<FlowCounts> {
    await Promise.all(tickets.map(isSettled))
    const node = nodeOf(tickets)
    if (node !== null && tickets.some(({ status }) => status !== 'over')) {
      const facts = await this.#facts(id, node)
      if (facts !== null) return countStates(facts.jobs.map(({ state }) => state))
    }
    await Promise.all(tickets.map((ticket) => this.#end(ticket)))
    return countStates(tickets.map(endOf))
  }

  #end(ticket: Ticket): Promise<void> {
    if (ticket.status === 'over') return Promise.resolve()
    this.#deps.watch(ticket)
    return new Promise((resolve) => {
      ticket.whenEnded({ resolve: () => resolve(), reject: () => resolve() })
    })
  }

  async #facts(id: string, node: string): Promise<AnswerOf<'flow'>> {
    for (const name of this.#places(node)) {
      const facts = await request(this.#deps.ask, name, 'flow', { id })
      if (facts !== null) return facts
    }
    return null
  }

  /** Where nodes share a store another one may have taken the flow over. */
  #places(node: string): string[] {
    const { nodes } = this.#deps
    if (nodes.find(node)?.alone === true) return [node]
    return [node, ...nodes.all.filter((line) => line.connected && line.name !== node).map(({ name }) => name)]
  }
}

/** The node that has them; null: none has had them. */
function nodeOf(tickets: readonly Ticket[]): string | null {
  return tickets[0]?.node ?? null
}

/** A node has it, or none will. */
function isSettled(ticket: Ticket): Promise<void> {
  return new Promise((resolve) => {
    ticket.whenAccepted({ resolve, reject: () => resolve() })
  })
}

/** How it has ended, once that is heard of. */
function endOf(ticket: Ticket): JobState {
  if (ticket.result !== null) return 'completed'
  const { code } = ticket.error as { readonly code?: unknown }
  if (code === 'JR_OUTCOME_UNKNOWN') throw ticket.error
  return code === 'JR_CANCELLED' ? 'cancelled' : 'failed'
}
