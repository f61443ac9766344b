import { membershipOf, parentOf } from '../../src/job/flow.js'
import type { JobRecord } from '../../src/job/record.js'
import { inFront } from '../../src/job/series.js'
import type { Answer } from '../../src/store/contract.js'
import { flowNote, headNote } from '../../src/store/flow-notes.js'
import type { NodeChange, NodeEnd, NodeMove, NodeSingle, NodeTogether } from '../changes/journal.js'
import {
  type ComposingDeps,
  cancelAll,
  changesOf,
  type Following,
  type Head,
  isForgotten,
  isSmall,
  renumber,
  stateOf,
} from './composing.js'
import { type Flow, isAt, type Part, type Queued } from './flow.js'
import { type Follows, hasEnded } from './graph.js'
import type { HeldFlows } from './held-flows.js'
import { addBlocked, type FlowStore, isThere, PARENT, readFlow, readRecords } from './reading.js'
import { Sending } from './sending.js'
import { sweep } from './sweeping.js'
import { Work } from './work.js'

export interface DecidingDeps extends Omit<ComposingDeps, 'keepResult'> {
  readonly store: FlowStore
  /** Writes what was decided here. */
  readonly write: (change: NodeChange, durable: boolean) => void
  /** The same, of what has its notes and its place in a series already. */
  readonly again: (change: NodeChange, durable: boolean) => void
  /** All that was written before is in the store. */
  readonly written: () => Promise<void>
  /** Ends a job that is no part of what can be ended here: it waits to run, or runs. */
  readonly cancel: (id: string) => Promise<unknown>
  readonly onError: (error: unknown) => void
}

/** What becomes of changes of flows: one after the other for each, and behind what has to be read for that. */
export class Deciding {
  readonly #deps: DecidingDeps
  readonly #composing: ComposingDeps
  readonly #held: HeldFlows
  readonly #sending: Sending
  readonly work: Work

  constructor(deps: DecidingDeps, held: HeldFlows) {
    this.#deps = deps
    this.#held = held
    this.work = new Work(deps.onError)
    this.#composing = { ...deps, keepResult: (part, result) => held.cache.keepResult(part, result) }
    this.#sending = new Sending({
      composing: this.#composing,
      again: deps.again,
      done: (flow) => this.#cancelOpen(flow),
      wrong: (flow) => this.read(flow),
    })
  }

  /** The change with all that follows from it; null: it is written later. */
  inTurn(name: string, queued: Queued): NodeChange | null {
    let flow = this.#held.get(name)
    if (flow === undefined) {
      flow = this.#held.make(name)
      this.read(flow)
    }
    if (flow.status === 'busy') {
      flow.queue.push(queued)
      return null
    }
    return this.#decide(flow, queued)
  }

  #decide(flow: Flow, { change, more, durable }: Queued): NodeChange | null {
    if (change.kind === 'move') return this.#waitsOrNot(flow, change)
    const key = membershipOf(change.from)?.key ?? ''
    const part = flow.part(key)
    // One that was retried by hand after its end is of the flow no more; and one that is elsewhere does not end.
    if (part === undefined || hasEnded(part) || !isAt(part, change.from, change.running))
      return more.length === 0 ? change : this.#sending.add({ flow, head: null, durable }, [change, ...more])
    this.#held.cache.drop(part)
    if (isForgotten(change)) return this.#forget(flow, part, change)
    const follows = flow.graph.end(part, stateOf(change))
    return this.#compose(flow, { part, end: change, more, isWritten: false }, follows, durable)
  }

  /** It is at another node, and so are the others of its flow: nothing follows here. */
  #forget(flow: Flow, part: Part, change: NodeEnd): NodeEnd {
    flow.graph.remove(part)
    const notes = [...(change.notes ?? []), { ...flowNote(flow.name, part.key), value: null }]
    if (flow.graph.isOver) {
      this.#held.drop(flow)
      if (!flow.isFamily) notes.push({ ...headNote(flow.name), value: null })
    }
    return Object.assign(change, { notes })
  }

  #waitsOrNot(flow: Flow, change: NodeMove): NodeChange {
    const { to } = change
    if (!flow.graph.isOver) {
      addBlocked(flow, to, this.#held.cache)
      return change
    }
    // All have ended meanwhile.
    return Object.assign(change, { to: inFront(to, to.seq) })
  }

  /** `known`: records that had to be read. */
  #compose(
    flow: Flow,
    head: Head | null,
    follows: readonly Follows<Part>[],
    durable: boolean,
    known: ReadonlyMap<Part, JobRecord> = NOTHING_READ,
  ): NodeChange | null {
    const following: Following[] = []
    for (const follow of follows) {
      const record = follow.member.record ?? known.get(follow.member)
      if (record !== undefined) following.push({ ...follow, record })
    }
    if (following.length < follows.length && known === NOTHING_READ) {
      flow.status = 'busy'
      this.work.add(this.#readThenWrite(flow, head, follows, durable))
      return null
    }
    for (const { member, becomes } of following) {
      this.#held.cache.drop(member)
      // It runs again, and may wait for others.
      if (member.key === PARENT && becomes === 'released') flow.graph.remove(member)
    }
    const changes = changesOf(flow, head, following, this.#composing)
    if (flow.graph.isOver && (!flow.isFamily || flow.parentGone)) this.over(flow, !isSmall(flow))
    const [only] = changes
    if (changes.length === 1 && only !== undefined && !flow.graph.isCancelled) return only
    return this.#sending.add({ flow, head, durable }, changes)
  }

  async #readThenWrite(
    flow: Flow,
    head: Head | null,
    follows: readonly Follows<Part>[],
    durable: boolean,
  ): Promise<void> {
    const { store, written, write } = this.#deps
    const wanted = follows.map(({ member }) => member)
    const known = await readRecords(store, wanted, written)
    if (head !== null) renumber(head.end, this.#deps.seq)
    const change = this.#compose(flow, head, follows, durable, known)
    if (change !== null) write(change, durable)
    if (flow.isUnread) return this.#readAll(flow)
    flow.status = 'ready'
    this.#next(flow)
  }

  /** What was to be done together is, or is not: true when another change takes its place, of which more will be told. */
  answered(change: NodeTogether, answer: Answer): boolean {
    return this.#sending.answered(change, answer)
  }

  /** Changes of which some may not be done, and then the others are. */
  together(changes: readonly NodeSingle[], durable: boolean): NodeTogether {
    return this.#sending.add({ flow: null, head: null, durable }, changes)
  }

  /** What came while the flow was busy. */
  #next(flow: Flow): void {
    for (const job of flow.come.splice(0)) this.#held.add(flow, membershipOf(job)?.key ?? '', job)
    while (flow.status === 'ready') {
      const queued = flow.queue.shift()
      if (queued === undefined) return
      if (queued.change.kind === 'end') renumber(queued.change, this.#deps.seq)
      const change = this.#decide(flow, queued)
      if (change !== null) this.#deps.write(change, queued.durable)
    }
  }

  /** Anew when it is being read: what it was read for may have come behind that. */
  read(flow: Flow): void {
    this.#held.keep(flow)
    flow.isUnread = true
    if (flow.status === 'busy') return
    flow.status = 'busy'
    this.work.add(this.#readAll(flow))
  }

  async #readAll(flow: Flow): Promise<void> {
    const { store, written, write } = this.#deps
    while (flow.isUnread) {
      flow.isUnread = false
      await this.#held.reread(flow, async () => {
        await written()
        await readFlow(store, flow, this.#held.cache)
      })
      const parent = parentOf(flow.name)
      if (parent !== null) flow.parentGone = !(await isThere(store, parent))
    }
    flow.isCancelling = false
    const follows = flow.graph.settle()
    if (follows.length > 0) {
      const change = this.#compose(flow, null, follows, false)
      if (change === null) return
      write(change, false)
    }
    flow.status = 'ready'
    this.#cancelOpen(flow)
    this.#next(flow)
    if (flow.graph.isOver && (!flow.isFamily || flow.parentGone)) this.over(flow, true)
  }

  /** With `failFast`: those that wait to run, or run. What follows from their ends is a change for each. */
  #cancelOpen(flow: Flow): void {
    if (!flow.graph.isCancelled || flow.isCancelling) return
    flow.isCancelling = true
    cancelAll(flow, this.#deps.cancel).catch(this.#deps.onError)
  }

  /** `notes`: there are notes of it that have to go. */
  over(flow: Flow, notes: boolean): void {
    this.#held.drop(flow)
    if (notes) sweep(flow, this.#deps).catch(this.#deps.onError)
  }

  /** Not as it was expected: what was to follow is found anew. */
  ended(change: NodeEnd, done: boolean): void {
    const of = membershipOf(change.from)
    const flow = of === null ? undefined : this.#held.get(of.flow)
    const part = flow?.part(of?.key ?? '')
    if (flow === undefined || part === undefined || flow.status === 'busy' || hasEnded(part) === done) return
    if (!done) return this.read(flow)
    const follows = flow.graph.end(part, stateOf(change))
    const next = this.#compose(flow, { part, end: change, more: [], isWritten: true }, follows, false)
    if (next !== null) this.#deps.write(next, false)
  }
}

const NOTHING_READ: ReadonlyMap<Part, JobRecord> = new Map()
