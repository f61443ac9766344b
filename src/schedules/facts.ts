import { BYTES, NAME, WHOLE } from '../rules.js'
import { type FormOf, listOf, one, oneOf, optional, record } from '../verbs/form.js'
import type { ScheduleCourse } from './course.js'
import { dueOf } from './decision.js'
import { type Definition, WHEN } from './definition.js'
import { nextTimes, type Timetable } from './timetable.js'

/** Slots that are shown. */
const SHOWN = 5
export const SCHEDULE_STATES = ['active', 'paused', 'ended'] as const

export const SCHEDULE_FACTS = record({
  id: one(NAME),
  app: one(NAME),
  state: one(oneOf(SCHEDULE_STATES)),
  ...WHEN,
  name: one(NAME),
  terms: one(BYTES),
  /** When its next runs are due. */
  next: listOf(one(WHOLE)),
  behind: one(WHOLE),
  runs: one(WHOLE),
  skipped: one(WHOLE),
  pausedAt: optional(one(WHOLE)),
  last: optional(one(NAME)),
})

/** A schedule as monitors show it. */
export type ScheduleFacts = FormOf<typeof SCHEDULE_FACTS>

export function scheduleFacts(
  {
    id,
    definition,
    course,
    times,
  }: {
    readonly id: string
    readonly definition: Definition
    readonly course: ScheduleCourse
    readonly times: Timetable
  },
  now: number,
): ScheduleFacts {
  const { args: _, ...shown } = definition
  const { app, behind, runs, skipped, pausedAt, last, next } = course
  const isOver = next === undefined && behind.length === 0
  const from = next === undefined ? null : pausedAt === undefined ? next - 1 : now
  const most =
    definition.times === undefined ? SHOWN : Math.min(SHOWN, definition.times - runs - behind.length)
  const slots = from === null ? [] : nextTimes(times, from, most)
  return {
    id,
    app,
    state: pausedAt !== undefined ? 'paused' : isOver ? 'ended' : 'active',
    ...shown,
    next: slots.map((slot) => dueOf(id, slot, definition.jitter ?? 0)),
    behind: behind.length,
    runs,
    skipped,
    pausedAt,
    last,
  }
}
