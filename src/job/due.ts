import type { Now } from '../clock.js'
import { LONGEST_MS } from '../options/duration.js'

/** The last millisecond that a Date can name. */
const LAST_TIME = 8.64e15

/**
 * When a wait of `ms` that begins now is over, on the clock that reads `now`. A clock that reads whole milliseconds may
 * be almost one behind: that one is waited for too, so that nothing begins early, by whatever clock it is measured.
 */
export function dueAfter(now: number, ms: number): number {
  if (ms <= 0) return checkedTime(now)
  return checkedTime(now + Math.ceil(ms) + 1)
}

/** A computed time that may be stored: whole, and one that a Date can name. Throws a RangeError when it is no number. */
export function checkedTime(time: number): number {
  if (Number.isNaN(time)) throw new RangeError('a time was computed that is no number')
  return Math.min(Math.max(Math.ceil(time), 0), LAST_TIME)
}

/** What the clock reads that a job waits for. */
export function nowFor({ byWall }: { readonly byWall: boolean }, { steady, wall }: Now): number {
  return byWall ? wall : steady
}

/** When a job may run, as its sender keeps it: after a delay, at a time of the wall clock, or, when both are null, at once. */
export interface When {
  readonly delayMs: number | null
  /** Epoch milliseconds. */
  readonly runAt: number | null
}

/** The same as it travels: what is left to wait. */
export interface Wait {
  readonly delayMs: number | null
  readonly byWall: boolean
}

/** What is left of a job that has been held for `heldMs`, when the wall clock reads `wall`: that may have been set meanwhile. */
export function waitLeft({ delayMs, runAt }: When, heldMs: number, wall: number): Wait {
  if (runAt !== null) return { delayMs: Math.min(Math.max(0, runAt - wall), LONGEST_MS), byWall: true }
  return { delayMs: delayMs === null ? null : Math.max(0, delayMs - heldMs), byWall: false }
}

/** What `waitLeft` was made of, when the wall clock read `wall`. */
export function whenOf({ delayMs, byWall }: Wait, wall: number): When {
  return byWall && delayMs !== null ? { delayMs: null, runAt: wall + delayMs } : { delayMs, runAt: null }
}
