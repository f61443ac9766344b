import { checkedTime } from './due.js'

/** What happens to slots of a period that passed while the job could not run. As bytes it is the place here. */
export const MISSED = ['once', 'skip', 'all'] as const
export type Missed = (typeof MISSED)[number]

export interface Slot {
  /** Counts from 0; slot k is due at `firstDue + k * periodMs`. */
  readonly slot: number
  readonly due: number
}

/**
 * The slot after `slot`, whose run has ended at `now`. Slots are a fixed grid counted from the first due time; two
 * runs never overlap, so a run that took longer than the period has missed slots, as has a node that was down.
 * `once`: the latest missed slot is run, late; `skip`: none of them; `all`: each of them, one after the other.
 */
export function nextSlot(schedule: {
  readonly firstDue: number
  readonly periodMs: number
  readonly slot: number
  /** Default `'once'`. */
  readonly missed: Missed | undefined
  readonly now: number
}): Slot {
  const { firstDue, periodMs, slot, missed = 'once', now } = schedule
  // Slots of which the time has come, the last of them: may be before the next one.
  const latest = pointAfter(firstDue, periodMs, now) - 1
  let next = slot + 1
  if (missed === 'once') next = Math.max(next, latest)
  if (missed === 'skip') next = Math.max(next, latest + 1)
  return { slot: next, due: checkedTime(firstDue + next * periodMs) }
}

/** Which point of a grid is the first behind `time`: counted from 0, which is at `first`. */
export function pointAfter(first: number, stepMs: number, time: number): number {
  return Math.max(0, Math.floor((time - first) / stepMs) + 1)
}
