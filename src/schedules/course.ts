import { NAME, WHOLE } from '../rules.js'
import { type FormOf, listOf, one, optional, record } from '../verbs/form.js'
import { BOOLEAN } from '../verbs/query.js'

/** What has happened to a schedule. Only its home writes it. */
export const COURSE = record(
  {
    /** The node that has the schedule; and where nodes share a store, how often one has taken it. */
    home: one(NAME),
    moves: one(WHOLE),
    /** The app that has made it, the life of it that called last, and whether it has feedbacks for it. */
    app: one(NAME),
    instance: one(NAME),
    wanted: one(BOOLEAN),
    /** When it was made, or replaced, on the clock that it follows. */
    made: one(WHOLE),
    /** The first slot that has not come yet; absent: none will. */
    next: optional(one(WHOLE)),
    /** Slots that wait until the run before them has ended. */
    behind: listOf(one(WHOLE)),
    /** Runs begun, and slots that were left out because a run of before had not ended. */
    runs: one(WHOLE),
    skipped: one(WHOLE),
    /** Epoch milliseconds; absent: it is not paused. */
    pausedAt: optional(one(WHOLE)),
    /** The job of its last run. */
    last: optional(one(NAME)),
  },
  'the course of a schedule',
)
export type ScheduleCourse = FormOf<typeof COURSE>
