import type { Now } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { nowFor } from '../../src/job/due.js'
import { type Agreed, termsOf } from '../../src/job/terms/agreed.js'
import type { ScheduleCourse } from '../../src/schedules/course.js'
import { type Definition, isByWall, timetableOf } from '../../src/schedules/definition.js'
import type { StoredSchedule } from '../../src/schedules/shelves.js'
import type { Timetable } from '../../src/schedules/timetable.js'

/** A schedule of this node, in memory. */
export interface Kept {
  readonly id: string
  definition: Definition
  agreed: Agreed
  times: Timetable
  /** It follows the wall clock, which may be set; else the steady one. */
  byWall: boolean
  course: ScheduleCourse
  /** Since when this node looks at it, on its clock. */
  since: number
  /** When it is to be looked at, on its clock; Infinity: not by itself. */
  wakesAt: number
  /** Runs of it that have not ended, as far as is known. */
  readonly unended: Set<string>
  /** Whether it is known what has become of the last run: not of one that another life, or another node, has begun. */
  isKnown: boolean
}

export function keptOf({ id, definition, course }: StoredSchedule, now: Now): Kept {
  const byWall = isByWall(definition)
  return {
    id,
    definition,
    agreed: termsOf(definition.terms),
    times: timetableOf(definition, course.made),
    byWall,
    course,
    since: nowFor({ byWall }, now),
    wakesAt: Number.POSITIVE_INFINITY,
    unended: new Set(),
    isKnown: course.last === undefined,
  }
}

/** The schedule of this id is another app's. */
export function takenBy(id: string, app: string): JrError {
  const text = `schedule '${id}' is one of app '${app}' (option name): give yours another id, or remove that one first`
  return new JrError('JR_SCHEDULE_TAKEN', text)
}
