import type { EndedJob, StoredJob } from './record.js'
import { TERMINAL_STATES } from './states.js'

/** By what ended jobs are forgotten: those of each state by age and number, and those whose result is kept by its time alone. */
export const KEPT_AS = [...TERMINAL_STATES, 'result'] as const
export type KeptAs = (typeof KEPT_AS)[number]

export function keptAs({ state, result }: EndedJob): KeptAs {
  return result === undefined ? state : 'result'
}

/** The time by which those that are kept alike stand in order. */
export function keptBy({ finishedAt, result }: EndedJob): number {
  return result?.until ?? finishedAt
}

/** Its result was to be kept, and its time is over: it only waits to be removed. */
export function isPast({ result }: StoredJob, now: number): boolean {
  return result !== undefined && result.until < now
}
