import type { Now } from '../clock.js'

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
