import { JOB_STATES, type JobState } from '../job/states.js'
import { GROUP, NAME, WHOLE, wholeFrom } from '../rules.js'
import { exactly, type Form, type FormOf, listOf, one, oneOf, optional, orNull, record } from './form.js'
import { CURSOR } from './query.js'

const OF_ONE = exactly({ id: one(GROUP) })
const HOW_MANY: Form<number> = { ...one(WHOLE), says: 'how many' }

/** A job of a flow. */
const FLOW_JOB = record(
  {
    key: one(GROUP),
    id: one(NAME),
    name: one(NAME),
    state: one(oneOf(JOB_STATES)),
    /** Of one that has not ended: the keys of those that it needs; null: all others. */
    needs: listOf(orNull(one(GROUP))),
  },
  'a job of a flow',
)
export const FLOW_FACTS = record({ id: one(GROUP), jobs: listOf(FLOW_JOB) }, 'the jobs of a flow')
export type FlowFacts = FormOf<typeof FLOW_FACTS>

/** Flows on a page of a list. */
export const FLOWS_PAGE = { most: 100, usual: 20 } as const

const COUNTS = record(
  Object.fromEntries(JOB_STATES.map((state) => [state, HOW_MANY])) as Record<JobState, typeof HOW_MANY>,
  'how many of its jobs are in each state',
)
const LISTED = record({ id: one(GROUP), counts: COUNTS }, 'a flow with its counts')

/** What may be asked for with flows. */
export const FLOW_VERBS = {
  flows: {
    right: 'read',
    says: 'A page of flows that have not ended, by their ids. A page may have fewer than asked for, and not be the last.',
    asks: exactly({ limit: optional(one(wholeFrom(1, FLOWS_PAGE.most))), after: optional(one(CURSOR)) }),
    answers: record({ flows: listOf(LISTED), next: orNull(one(CURSOR)) }),
  },
  flow: {
    right: 'read',
    says: 'The jobs of a flow that has not ended, by their keys.',
    asks: OF_ONE,
    answers: orNull(FLOW_FACTS),
  },
  'cancel-flow': {
    right: 'write',
    says: 'Ends all of its jobs that have not ended: those that wait at once, those that run by their signal.',
    asks: OF_ONE,
    answers: HOW_MANY,
  },
} as const
