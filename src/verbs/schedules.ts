import { NAME, WHOLE, wholeFrom } from '../rules.js'
import { DEFINITION, SCHEDULE_ID } from '../schedules/definition.js'
import { SCHEDULE_FACTS } from '../schedules/facts.js'
import { exactly, type FormOf, listOf, one, oneOf, optional, orNull, record } from './form.js'
import { BOOLEAN, CURSOR } from './query.js'

/** Schedules on a page of a list. */
export const SCHEDULES_PAGE = 100

const OF_ONE = exactly({ id: one(SCHEDULE_ID) })
const QUERY = exactly({
  app: optional(one(NAME)),
  limit: optional(one(wholeFrom(1, SCHEDULES_PAGE))),
  after: optional(one(CURSOR)),
})
/** Which schedules: those of an app, or all. */
export type ScheduleQuery = FormOf<typeof QUERY>

const wasThere = { right: 'write', asks: OF_ONE, answers: one(BOOLEAN) } as const

/** What may be asked for with schedules. */
export const SCHEDULE_VERBS = {
  schedule: {
    right: 'write',
    says: 'Makes a schedule of the app that asks. One of this id is replaced from now on, unless it is the same.',
    asks: exactly({ id: one(SCHEDULE_ID), definition: DEFINITION, wanted: one(BOOLEAN) }),
    answers: one(oneOf(['created', 'replaced', 'unchanged'])),
  },
  'schedule-home': {
    right: 'read',
    says: 'The node that has a schedule, and when it was made there.',
    asks: OF_ONE,
    answers: orNull(record({ home: one(NAME), made: one(WHOLE) })),
  },
  schedules: {
    right: 'read',
    says: 'A page of schedules, by their ids.',
    asks: QUERY,
    answers: record({ schedules: listOf(SCHEDULE_FACTS), next: orNull(one(CURSOR)) }),
  },
  unschedule: { ...wasThere, says: 'Removes a schedule. Runs that have begun go on.' },
  'pause-schedule': { ...wasThere, says: 'No slot of it is run until it is resumed.' },
  'resume-schedule': { ...wasThere, says: 'Goes on with the next slot.' },
  'run-schedule': {
    right: 'write',
    says: 'Begins a run at once, beside its slots. Answers the id of its job.',
    asks: OF_ONE,
    answers: orNull(one(NAME)),
  },
} as const
