import type { ScheduleCourse } from './course.js'
import type { Definition } from './definition.js'
import { latest, type Timetable } from './timetable.js'

/** Slots of one schedule that wait behind a run; of more the next is looked at when one of these has begun. */
export const MOST_BEHIND = 1000

export interface Situation {
  readonly id: string
  readonly definition: Pick<Definition, 'missed' | 'overlap' | 'times' | 'jitter'>
  readonly times: Timetable
  /** What the clock reads that the schedule follows. */
  readonly now: number
  /** Since when the node has been looking: what was to come before has been missed. */
  readonly since: number
  /** A run of before has not ended. */
  readonly busy: boolean
}

/** The part of a course that slots change. */
export type Progress = Pick<ScheduleCourse, 'next' | 'behind' | 'runs' | 'skipped'>

export interface Decision {
  /** The slot whose run begins; null: none does, and there is nothing more to decide for now. */
  readonly run: number | null
  readonly progress: Progress
  /** When to look again, beside the end of a run; Infinity: not by itself. */
  readonly wake: number
}

/** What is to be done now, one run at a time: to be asked again until there is none. */
export function decide(progress: Progress, situation: Situation): Decision {
  const { id, definition, times, now, since, busy } = situation
  const { missed, overlap, jitter = 0 } = definition
  let { next, behind, skipped } = progress
  const { runs } = progress
  const may = (slots: number) => definition.times === undefined || slots < definition.times
  const [first, ...others] = behind
  if (first !== undefined && (!busy || overlap === 'allow')) {
    return { run: first, progress: { next, behind: others, runs: runs + 1, skipped }, wake: now }
  }
  while (next !== undefined) {
    const isMissed = next < since
    if (isMissed && missed === 'skip') {
      next = times.after(since - 1) ?? undefined
      continue
    }
    if (isMissed && missed === 'once') next = latest(times, next - 1, since - 1) ?? next
    if (dueOf(id, next, jitter) > now) break
    const slot: number = next
    const free = overlap === 'allow' || (!busy && behind.length === 0)
    if (!free && (overlap === 'queue' || (isMissed && missed === 'all'))) {
      if (behind.length >= MOST_BEHIND)
        return settled({ next, behind, runs, skipped }, Number.POSITIVE_INFINITY)
      behind = [...behind, slot]
    } else if (!free) skipped++
    const planned = runs + behind.length + (free ? 1 : 0)
    next = may(planned) ? (times.after(slot) ?? undefined) : undefined
    if (free) return { run: slot, progress: { next, behind, runs: runs + 1, skipped }, wake: now }
  }
  const wake = next === undefined ? Number.POSITIVE_INFINITY : dueOf(id, next, jitter)
  return settled({ next, behind, runs, skipped }, wake)
}

function settled(progress: Progress, wake: number): Decision {
  return { run: null, progress, wake }
}

/** When the run of a slot is due: the same part of the jitter wherever it is asked. */
export function dueOf(id: string, slot: number, jitter: number): number {
  if (jitter === 0) return slot
  let value = 0x811c9dc5
  for (const unit of `${id}\0${slot}`) value = Math.imul(value ^ (unit.codePointAt(0) ?? 0), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  return slot + Math.floor((((value ^ (value >>> 15)) >>> 0) / 2 ** 32) * (jitter + 1))
}
