import { membershipOf } from '../../src/job/flow.js'
import { flowOf, isBlocked, waitsForChildren } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { Cache, Flow, isAt, type Part } from './flow.js'
import { hasEnded } from './graph.js'
import { addBlocked, newPart, PARENT } from './reading.js'

const RECORDS_BYTES = 64 * 1024 * 1024
/** With more jobs in memory a new flow is not kept there: each takes about 300 bytes. */
const MOST_PARTS = 500_000

/** The flows that are in memory, and where their jobs are as far as changes have said. */
export class HeldFlows {
  readonly cache = new Cache(RECORDS_BYTES)
  readonly #flows = new Map<string, Flow>()
  /** Jobs of all of them. */
  #parts = 0
  /** How many are those of children of a job. */
  families = 0

  get size(): number {
    return this.#flows.size
  }

  /** A new flow is read when a job of it ends. */
  get isFull(): boolean {
    return this.#parts > MOST_PARTS
  }

  get(name: string): Flow | undefined {
    return this.#flows.get(name)
  }

  make(name: string, failFast = false): Flow {
    const flow = new Flow(name, failFast)
    this.keep(flow)
    return flow
  }

  keep(flow: Flow): void {
    if (this.#flows.has(flow.name)) return
    this.#flows.set(flow.name, flow)
    this.#parts += flow.graph.members.size
    if (flow.isFamily) this.families++
  }

  drop(flow: Flow): void {
    if (this.#flows.get(flow.name) !== flow) return
    this.#flows.delete(flow.name)
    this.cache.dropAll(flow)
    this.#parts -= flow.graph.members.size
    if (flow.isFamily) this.families--
  }

  /** What is known of its jobs is read anew. */
  async reread(flow: Flow, read: () => Promise<void>): Promise<void> {
    this.cache.dropAll(flow)
    this.#parts -= flow.graph.members.size
    await read()
    this.#parts += flow.graph.members.size
  }

  add(flow: Flow, key: string, job: JobRecord): void {
    if (flow.part(key) !== undefined) return
    this.#parts++
    if (isBlocked(job.lane)) addBlocked(flow, job, this.cache)
    else {
      const part = newPart(key, job.id, job.name, 'open', [])
      part.seq = job.seq
      flow.graph.add(part)
    }
  }

  /** `ran`: before. */
  goes(from: JobRecord, ran: boolean, to: JobRecord, running: boolean): void {
    if (this.#flows.size === 0) return
    const of = membershipOf(from)
    const own = of === null ? undefined : this.#flows.get(of.flow)?.part(of.key)
    if (own !== undefined) this.#partGoes(own, from, ran, to, running)
    if (!waitsForChildren(from.lane)) return
    const parent = this.#flows.get(flowOf(from.lane))?.part(PARENT)
    if (parent !== undefined) this.#partGoes(parent, from, ran, to, running)
  }

  #partGoes(part: Part, from: JobRecord, ran: boolean, to: JobRecord, running: boolean): void {
    // From elsewhere it will not go.
    if (hasEnded(part) || !isAt(part, from, ran)) return
    part.seq = to.seq
    part.running = running
    if (part.record !== null) this.cache.put(part, to)
  }
}
