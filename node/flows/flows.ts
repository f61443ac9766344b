import { familyOf, isFamily, membershipOf } from '../../src/job/flow.js'
import { flowOf, isBlocked } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { inFront } from '../../src/job/series.js'
import type { Answer } from '../../src/store/contract.js'
import { flowBytes, flowNote, hasFamilies, headNote } from '../../src/store/flow-notes.js'
import type { Note } from '../../src/store/notes.js'
import type {
  NodeChange,
  NodeEnd,
  NodeInsert,
  NodeMove,
  NodeSingle,
  NodeTogether,
} from '../changes/journal.js'
import { Deciding, type DecidingDeps } from './deciding.js'
import { givenOf, readGivenFor } from './giving.js'
import { HeldFlows } from './held-flows.js'
import { PARENT } from './reading.js'
import { unfinished } from './sweeping.js'

export interface FlowsDeps extends DecidingDeps {
  /** The least number of a waiting job that is taken up; 0: any. */
  readonly oldest: () => number
}

/**
 * Flows that have not ended, in memory as far as they are looked at: a flow is read from its notes and its lane when a job of it
 * ends, unless it has come in this life. An end and all that follows from it are one change, so there is nothing between the two.
 */
export class Flows {
  readonly #deps: FlowsDeps
  readonly #held = new HeldFlows()
  readonly #deciding: Deciding
  #stopped = false
  /** There may be jobs that have children. */
  #hasFamilies = false
  /** Of flows of which jobs of a lost neighbour have come here. */
  readonly #adopted = new Set<string>()

  constructor(given: FlowsDeps) {
    // What is read behind the back of a node that stops may be read from a store that is closed.
    const onError = (error: unknown) => {
      if (!this.#stopped) given.onError(error)
    }
    const deps = { ...given, onError }
    this.#deps = deps
    this.#deciding = new Deciding(deps, this.#held)
  }

  /** What earlier lives of the node have not finished is found while it works; unless it takes up nothing of them. */
  async start(): Promise<void> {
    const { store, oldest, onError } = this.#deps
    this.#hasFamilies = await hasFamilies(store)
    if (oldest() === 0) unfinished(store, this).catch(onError)
  }

  stop(): void {
    this.#stopped = true
  }

  /** The change with all that follows from it; null: it is written later, as what follows has to be read first. */
  place(change: NodeChange, durable: boolean): NodeChange | null {
    switch (change.kind) {
      case 'insert':
        opened(change, null)
        if (needsNone(change)) Object.assign(change, { job: inFront(change.job, change.job.seq) })
        return change
      case 'begin':
        this.#held.goes(change.job, false, change.job, true)
        return change
      case 'move':
        this.#held.goes(change.from, change.running, change.to, false)
        return isBlocked(change.to.lane) && !isBlocked(change.from.lane)
          ? this.#waits(change, durable)
          : change
      case 'end':
        return this.#ends(change, [], durable)
      case 'together':
        return this.#together(change, durable)
      default:
        return change
    }
  }

  /** What follows from a change: it is written, or was not done. */
  follow(change: NodeSingle, done: boolean): void {
    if (change.kind === 'insert') {
      if (done && change.again !== true) this.#came(change.job)
    } else if (change.kind === 'end') {
      if (this.#held.size === 0) return
      this.#deciding.ended(change, done)
      if (done && this.#held.families > 0) this.#parentEnded(change.from)
    }
  }

  /** What was to be done together is, or is not: true when another change takes its place, of which more will be told. */
  answered(change: NodeTogether, answer: Answer): boolean {
    return this.#deciding.answered(change, answer)
  }

  /** What a job is given beside its args, which has to be read; null: nothing. */
  given(job: JobRecord): Promise<Buffer> | null {
    const { course, agreed } = job
    // What an attempt has made is not known in its record.
    const hasTried = course.attempt > 0 || course.losses > 0 || course.waited
    const children = hasTried && this.#hasFamilies
    if (agreed.terms.needs === undefined && !children) return null
    const { store, onError } = this.#deps
    const flow = children ? undefined : this.#held.get(membershipOf(job)?.flow ?? '')
    const known = flow?.status === 'ready' ? givenOf(flow, job) : null
    if (known !== null) return Promise.resolve(known)
    return readGivenFor(store, job, children).catch((error) => {
      onError(error)
      return NOTHING
    })
  }

  /** Jobs of these flows have come, of a lost neighbour. */
  adopted(flows: readonly string[]): void {
    for (const flow of flows) this.#adopted.add(flow)
    this.#hasFamilies ||= flows.some(isFamily)
  }

  /** When all of them have come: what they waited for may have ended before. */
  settle(): void {
    for (const name of this.#adopted) this.#deciding.read(this.#held.get(name) ?? this.#held.make(name))
    this.#adopted.clear()
  }

  /** Resolves when all ends that came before have been written. */
  idle(): Promise<void> {
    return this.#deciding.work.idle()
  }

  get isIdle(): boolean {
    return this.#deciding.work.isIdle
  }

  /** A flow that has blocked jobs is looked at, should something that was to follow not have followed. */
  look(name: string): void {
    if (this.#held.get(name) === undefined) this.#deciding.read(this.#held.make(name))
  }

  #came(job: JobRecord): void {
    const of = membershipOf(job)
    if (of === null) return
    const { flow: term, parent } = job.agreed.terms
    this.#hasFamilies ||= parent !== undefined
    let flow = this.#held.get(of.flow)
    if (flow === undefined) {
      // It is read when a job of it ends.
      if (this.#held.isFull && term !== undefined) return
      flow = this.#held.make(of.flow, term?.failFast === true)
      // The job may have had others before.
      if (parent !== undefined) this.#deciding.read(flow)
    }
    if (flow.status === 'busy') flow.come.push(job)
    else this.#held.add(flow, of.key, job)
  }

  #together(change: NodeTogether, durable: boolean): NodeChange | null {
    const [first, ...more] = change.changes
    let last: string | null = null
    for (const each of change.changes) if (each.kind === 'insert') last = opened(each, last)
    if (first === undefined || first.kind === 'insert') return change
    if (first.kind !== 'end') return this.#deciding.together(change.changes, durable)
    return this.#ends(first, more as NodeInsert[], durable)
  }

  #ends(end: NodeEnd, more: readonly NodeInsert[], durable: boolean): NodeChange | null {
    const of = membershipOf(end.from)
    if (of === null) {
      if (more.length === 0) return end
      return this.#deciding.together([end, ...more], durable)
    }
    return this.#deciding.inTurn(of.flow, { change: end, more, durable })
  }

  /** A job waits for its children. */
  #waits(change: NodeMove, durable: boolean): NodeChange | null {
    return this.#deciding.inTurn(flowOf(change.to.lane), { change, more: [], durable })
  }

  #parentEnded(job: JobRecord): void {
    const family = this.#held.get(familyOf(job))
    if (family === undefined) return
    // The parent may have been found a moment ago.
    if (family.status === 'busy') return this.#deciding.read(family)
    family.parentGone = true
    const waiter = family.part(PARENT)
    if (waiter !== undefined) family.graph.remove(waiter)
    if (family.graph.isOver) this.#deciding.over(family, true)
  }
}

const NOTHING = Buffer.alloc(0)

/** A job that needs all others of its flow, and comes alone. */
function needsNone({ job }: NodeInsert): boolean {
  return isBlocked(job.lane) && job.agreed.terms.needs?.every(({ key }) => key === null) === true
}

/**
 * A new job of a flow: there is no other flow of its name until that is over, and of children none of its key. `last`: the flow of
 * the one before, which comes with it. Answers its own.
 */
function opened(change: NodeInsert, last: string | null): string | null {
  const { job } = change
  const of = membershipOf(job)
  if (of === null || change.again === true) return last
  const { flow: term } = job.agreed.terms
  const { id, name } = job
  const value = flowBytes({ stands: 'open', id, name, failFast: term?.failFast === true, result: null })
  const note = flowNote(of.flow, of.key)
  const notes: Note[] = change.notes === undefined ? [] : [...change.notes]
  if (term === undefined) notes.push({ ...note, value, unless: 'taken' })
  else {
    if (of.flow !== last) notes.push({ ...headNote(of.flow), value: NOTHING, unless: 'taken' })
    notes.push({ ...note, value, isNew: true })
  }
  Object.assign(change, { notes })
  return of.flow
}
