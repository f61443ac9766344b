import { isFamily } from '../../src/job/flow.js'
import { bytesOfJob, type JobRecord } from '../../src/job/record.js'
import type { NodeEnd, NodeInsert, NodeMove } from '../changes/journal.js'
import { Graph, type Member } from './graph.js'

/** A job of a flow, as its node knows it. */
export interface Part extends Member {
  readonly id: string
  readonly name: string
  /** Where it waits or runs, when that is known; 0: it is not. */
  seq: number
  running: boolean
  /** While it is blocked, and there is room for it in memory. */
  record: JobRecord | null
  /** Others need what it has left: that is in its note, or `apart`, in one of its own. */
  hasResult: boolean
  isApart: boolean
  /** The same in memory, while there is room for it. */
  result: Buffer | null
}

/** A change that waits until its flow is known, or what was before it is decided. */
export interface Queued {
  readonly change: NodeEnd | NodeMove
  /** Jobs that come with its end. */
  readonly more: readonly NodeInsert[]
  readonly durable: boolean
}

/** One flow that has not ended. */
export class Flow {
  readonly name: string
  graph: Graph<Part>
  /** `busy`: it is being read, or records of its jobs are. What changes it waits in `queue`. */
  status: 'ready' | 'busy' = 'ready'
  readonly queue: Queued[] = []
  /** What is known of it may be wrong: it is read before anything else. */
  isUnread = false
  /** Jobs that have come while it was being read. */
  readonly come: JobRecord[] = []
  /** Of the children of a job: that has ended. */
  parentGone = false
  /** What can still run is being cancelled. */
  isCancelling = false

  constructor(name: string, failFast: boolean) {
    this.name = name
    this.graph = new Graph(failFast)
  }

  /** Of the children of a job. */
  get isFamily(): boolean {
    return isFamily(this.name)
  }

  part(key: string): Part | undefined {
    return this.graph.members.get(key)
  }
}

/** As far as it is known where it is. */
export function isAt({ seq, running }: Part, from: JobRecord, runs: boolean): boolean {
  return seq === 0 || (seq === from.seq && running === runs)
}

/** Records of blocked jobs, and what ended ones have left, in memory, so that most are not read again. */
export class Cache {
  readonly #most: number
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  put(part: Part, record: JobRecord): void {
    this.drop(part)
    const bytes = sizeOf(record)
    if (this.#bytes + bytes > this.#most) return
    this.#bytes += bytes
    part.record = record
  }

  /** What a job has left for those that need it. */
  keepResult(part: Part, result: Buffer): void {
    if (this.#bytes + result.length > this.#most) return
    this.#bytes += result.length
    part.result = result
  }

  /** Nothing of a flow is held any more. */
  dropAll(flow: Flow): void {
    for (const part of flow.graph.members.values()) {
      this.drop(part)
      this.#bytes -= part.result?.length ?? 0
      part.result = null
    }
  }

  drop(part: Part): void {
    if (part.record !== null) this.#bytes -= sizeOf(part.record)
    part.record = null
  }
}

/** With about what a record takes beside what it carries. */
function sizeOf(record: JobRecord): number {
  return bytesOfJob(record) + 512
}
