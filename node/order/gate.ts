import type { Now } from '../../src/clock.js'
import type { Owner } from '../../src/job/lane.js'
import type { Limits } from '../../src/job/limits.js'
import type { Wait } from '../../src/job/waits.js'
import type { RateWindow } from './rate-window.js'

export const UNTIL_TOLD = Number.POSITIVE_INFINITY

/** Why none may begin, and until when on the steady clock at least; Infinity: until `onOpen` says so. */
export interface Closed {
  readonly wait: Wait
  readonly until: number
}

/** What is counted of a name, or of a group of it. */
export interface Count {
  readonly owner: Owner
  running: number
  rate: RateWindow | null
}

/** A name for which something holds. */
export interface Gate extends Count {
  readonly key: string
  limits: Limits
  pausedSince: number | null
  /** One of its jobs was to run, and nothing here knew it. */
  unknown: boolean
  /** Of groups of which something is to be counted. */
  readonly groups: Map<string, Count>
}

/** All of the name wait for something now and then. */
export function holdsForAll({ limits: { concurrency, rate }, pausedSince, unknown }: Gate): boolean {
  return concurrency !== undefined || rate !== undefined || pausedSince !== null || unknown
}

export function areCounted({ limits: { groupConcurrency, groupRate } }: Gate): boolean {
  return groupConcurrency !== undefined || groupRate !== undefined
}

export function closedAll(gate: Gate, now: Now): Closed | null {
  if (gate.pausedSince !== null) return paused(null, gate.pausedSince)
  if (gate.unknown) return { wait: { reason: 'unknown' }, until: UNTIL_TOLD }
  return closedBy(gate, gate.limits.concurrency, now)
}

export function closedBy(
  { owner: { group }, running, rate }: Count,
  concurrency: number | undefined,
  { steady, wall }: Now,
): Closed | null {
  if (concurrency !== undefined && running >= concurrency) {
    return { wait: { reason: 'concurrency', group, limit: concurrency, running }, until: UNTIL_TOLD }
  }
  if (rate === null || rate.isOpen(steady)) return null
  const until = rate.asksAt(steady)
  const opensAt = until === UNTIL_TOLD ? wall : until - steady + wall
  return { wait: { reason: 'rate', group, rate: rate.rate, opensAt }, until }
}

export function paused(group: string | null, since: number): Closed {
  return { wait: { reason: 'paused', group, since }, until: UNTIL_TOLD }
}
