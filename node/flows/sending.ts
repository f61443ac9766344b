import type { Answer } from '../../src/store/contract.js'
import type { NodeChange, NodeSingle, NodeTogether } from '../changes/journal.js'
import { type ComposingDeps, changesOf, type Head, renumber } from './composing.js'
import type { Flow } from './flow.js'

/** What was written together, until it is answered. */
interface Sent {
  /** Null: it is for no flow. */
  readonly flow: Flow | null
  readonly head: Head | null
  readonly durable: boolean
}

export interface SendingDeps {
  readonly composing: ComposingDeps
  /** Writes what has its notes and its place in a series already. */
  readonly again: (change: NodeChange, durable: boolean) => void
  readonly done: (flow: Flow) => void
  /** Not all is as it was thought to be. */
  readonly wrong: (flow: Flow) => void
}

/** What was written together for flows. */
export class Sending {
  readonly #deps: SendingDeps
  readonly #sent = new Map<NodeTogether, Sent>()

  constructor(deps: SendingDeps) {
    this.#deps = deps
  }

  add(sent: Sent, changes: readonly NodeSingle[]): NodeTogether {
    const change: NodeTogether = { kind: 'together', changes }
    this.#sent.set(change, sent)
    return change
  }

  /** It is done, or is not: true when another change takes its place, of which more will be told. */
  answered(change: NodeTogether, answer: Answer): boolean {
    const sent = this.#sent.get(change)
    if (sent === undefined) return false
    this.#sent.delete(change)
    const { flow, head, durable } = sent
    if (answer === 'ok') {
      if (flow !== null) this.#deps.done(flow)
      return false
    }
    const at = typeof answer === 'object' && answer.is === 'refused' ? answer.at : 0
    const culprit = change.changes[at]
    if (culprit?.kind === 'insert') {
      // It is one of a job that is there already: the others come without it.
      const others = this.#later(change.changes.filter((each) => each !== culprit))
      this.#deps.again(this.add(sent, others), durable)
      return true
    }
    const counts = head !== null && at > 0
    if (flow !== null && counts) {
      // What was thought to follow is not as it was thought to be: the end counts, and all else is found anew.
      if (!head.isWritten) renumber(head.end, this.#deps.composing.seq)
      this.#deps.again(
        { kind: 'together', changes: changesOf(flow, head, [], this.#deps.composing) },
        durable,
      )
    }
    if (flow !== null) this.#deps.wrong(flow)
    return counts
  }

  /** Others have been told meanwhile, and it would be behind them. */
  #later(changes: readonly NodeSingle[]): readonly NodeSingle[] {
    for (const change of changes) if (change.kind === 'end') renumber(change, this.#deps.composing.seq)
    return changes
  }
}
