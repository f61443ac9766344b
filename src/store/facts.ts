import { isDeferred } from '../job/lane.js'
import type { JobState } from '../job/states.js'
import type { StoredJob } from './contract.js'

/** A job as monitors show it. Times are epoch ms, 0 for what has not happened. */
export interface JobFacts {
  readonly id: string
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  readonly due: number
  readonly enqueuedAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly lastError: string | null
  /** Of the last attempt that failed; empty where there was none. */
  readonly lastCode: string
  readonly lastStack: string
  readonly periodMs: number
  readonly slot: number
  readonly distributor: string
  readonly defer: boolean
  /** Packed; left out of lists, which would have no bound otherwise. */
  readonly args?: Buffer
}

export function factsOf({ job, state, startedAt, finishedAt }: StoredJob): JobFacts {
  const { id, name, attempt, due, enqueuedAt, lastError, lastCode, lastStack, periodMs, slot, distributor } =
    job
  const times = { due, enqueuedAt, startedAt, finishedAt }
  const defer = isDeferred(job.lane)
  return {
    id,
    name,
    state,
    attempt,
    ...times,
    lastError,
    lastCode,
    lastStack,
    periodMs,
    slot,
    distributor,
    defer,
  }
}
