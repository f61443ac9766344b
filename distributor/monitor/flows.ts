import { countStates, type JobState } from '../../src/job/states.js'
import type { FlowFacts } from '../../src/verbs/flows.js'
import type { FlowCounts } from '../flows/counts.js'
import { type Ask, request } from './request.js'

/** A job of a flow, as its node shows it. */
export interface MonitoredFlowJob {
  readonly key: string
  readonly id: string
  readonly name: string
  readonly state: JobState
  /** Of one that has not ended: the keys of those that it needs; null: all others. */
  readonly needs: readonly (string | null)[]
}

/** A flow that has not ended, as its node shows it. */
export interface MonitoredFlow {
  readonly id: string
  readonly node: string
  readonly counts: FlowCounts
  /** In the order of their keys. */
  readonly jobs: readonly MonitoredFlowJob[]
}

/** Where a page of flows begins, and how long it is. */
export interface FlowQuery {
  /** Flows a page, 100 at most. Default 20. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
}

export interface FlowPage {
  /** In the order of their ids. */
  readonly flows: readonly { readonly id: string; readonly counts: FlowCounts }[]
  /** For `after` of the next page; null at the end. */
  readonly next: string | null
}

/** Null: it has ended, or the node has none of this id. */
export async function flowOn(ask: Ask, node: string, id: string): Promise<MonitoredFlow | null> {
  const facts: FlowFacts | null = await request(ask, node, 'flow', { id })
  if (facts === null) return null
  const { jobs } = facts
  return { id, node, counts: countStates(jobs.map(({ state }) => state)), jobs }
}
