import { JOB_STATES } from '../job/states.js'
import { GROUP, NAME, WHOLE } from '../rules.js'
import { exactly, type Form, type FormOf, listOf, one, oneOf, orNull, record } from './form.js'

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

/** What may be asked for with flows. */
export const FLOW_VERBS = {
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
