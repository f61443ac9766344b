import { pack, unpackChecked } from '../src/codec.js'
import { JrError } from '../src/errors.js'
import type { JobState } from '../src/job/states.js'
import type { JobArgs } from '../src/job/types.js'
import type { NodeLine } from './node-line.js'

/** A job as its node keeps it. */
export interface MonitoredJob {
  readonly id: string
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  /** When it is, or was, due. */
  readonly due: Date
  readonly enqueuedAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly lastError: string | null
  /** 0: it runs once. */
  readonly periodMs: number
  /** Which run of a schedule is next or under way, from 1. */
  readonly run: number
  /** The name of the app that enqueued it. */
  readonly distributor: string
}

export interface JobQuery {
  readonly state?: JobState
  readonly name?: string
  /** Jobs a page, 1000 at most. Default 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

/** The jobs in the store of one node. Every call rejects with JR_CONNECTION when the node is not connected. */
export class Monitor {
  readonly node: string
  readonly #line: (node: string) => NodeLine | undefined

  constructor(node: string, line: (node: string) => NodeLine | undefined) {
    this.node = node
    this.#line = line
  }

  /** A page of jobs; `next` is null at the end. A page may have fewer jobs than asked for and not be the last. */
  async jobsFor(query: JobQuery = {}): Promise<{ jobs: MonitoredJob[]; next: string | null }> {
    const { jobs, next } = (await this.#ask('jobs', query)) as { jobs: RawJob[]; next: string | null }
    return { jobs: jobs.map(jobOf), next }
  }

  /** One job, with its args; null when the node has none of this id. */
  async load(id: string): Promise<(MonitoredJob & { readonly args: JobArgs }) | null> {
    const raw = (await this.#ask('load', { id })) as (RawJob & { args: Buffer }) | null
    return raw === null ? null : { ...jobOf(raw), args: unpackChecked(raw.args) as JobArgs }
  }

  /** Forgets one job: cancels it when it has not ended. False when the node has none of this id. */
  async destroy(id: string): Promise<boolean> {
    return (await this.#ask('destroy', { id })) === true
  }

  /** Forgets all jobs that the query meets (all of the node's without one). Answers how many. */
  async destroyAll(query: Pick<JobQuery, 'state' | 'name'> = {}): Promise<number> {
    return (await this.#ask('destroy-all', query)) as number
  }

  #ask(verb: string, body: object): Promise<unknown> {
    const line = this.#line(this.node)
    if (line === undefined || !line.connected) {
      throw new JrError('JR_CONNECTION', `node '${this.node}' is not connected`)
    }
    return line.ask((request) => ({ type: 'request', request, verb, body: pack(body) }))
  }
}

interface RawJob {
  readonly id: string
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  readonly due: number
  readonly enqueuedAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly lastError: string | null
  readonly periodMs: number
  readonly slot: number
  readonly distributor: string
}

function jobOf(raw: RawJob): MonitoredJob {
  const { id, name, state, attempt, lastError, periodMs, distributor } = raw
  return {
    id,
    name,
    state,
    attempt,
    due: new Date(raw.due),
    enqueuedAt: new Date(raw.enqueuedAt),
    startedAt: timeOf(raw.startedAt),
    finishedAt: timeOf(raw.finishedAt),
    lastError,
    periodMs,
    run: raw.slot + 1,
    distributor,
  }
}

function timeOf(ms: number): Date | null {
  return ms === 0 ? null : new Date(ms)
}
