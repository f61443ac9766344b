import { NAME, TAG, WHOLE } from '../rules.js'
import { ACT_ANSWERS, ACTS, type Act } from './acts.js'
import { CONTROL_VERBS } from './controls.js'
import { COUNT_VERBS } from './counts.js'
import { JOB_FACTS, LOADED_FACTS } from './facts.js'
import { FAILURE_VERBS } from './failures.js'
import { FLOW_VERBS } from './flows.js'
import { exactly, type Form, type FormOf, listOf, one, oneOf, orNull, record } from './form.js'
import { ACT_FIELDS, ACT_QUERY, CURSOR, QUERY } from './query.js'
import { SCHEDULE_VERBS } from './schedules.js'
import { STATUS_VERBS } from './status.js'
import { UPDATE } from './update.js'

/** What may be asked of a node, by its sessions, by those who look into a Redis, and on the command line. */
export interface Verb<Asked, Answer> {
  /** `read`: nothing is changed. */
  readonly right: 'read' | 'write'
  readonly says: string
  readonly asks: Form<Asked>
  readonly answers: Form<Answer>
}

const ID = exactly({ id: one(NAME) })
const HOW_MANY: Form<number> = { ...one(WHOLE), says: 'how many' }
const TAG_COUNTS = record({
  waiting: HOW_MANY,
  running: HOW_MANY,
  completed: HOW_MANY,
  failed: HOW_MANY,
  cancelled: HOW_MANY,
})
const toOne = { right: 'write', asks: ID, answers: one(oneOf(ACT_ANSWERS)) } as const
const toAll = {
  right: 'write',
  says: 'The same, to all jobs that are so.',
  asks: ACT_QUERY,
  answers: HOW_MANY,
} as const

const TABLE = {
  jobs: {
    right: 'read',
    says: 'A page of jobs.',
    asks: QUERY,
    answers: record({ jobs: listOf(JOB_FACTS), next: orNull(one(CURSOR)) }),
  },
  tagged: {
    right: 'read',
    says: 'How many jobs have a tag.',
    asks: exactly({ tag: one(TAG) }),
    answers: TAG_COUNTS,
  },
  load: { right: 'read', says: 'One job, in any state.', asks: ID, answers: orNull(LOADED_FACTS) },
  ...(Object.fromEntries(
    Object.entries(ACTS).flatMap(([act, { says }]) => [
      [act, { ...toOne, says }],
      [`${act}-all`, toAll],
    ]),
  ) as { [A in Act]: typeof toOne & { says: string } } & { [A in Act as `${A}-all`]: typeof toAll }),
  update: { ...toOne, says: ACTS.update.says, asks: exactly({ id: one(NAME), update: UPDATE }) },
  'update-all': { ...toAll, asks: exactly({ ...ACT_FIELDS, update: UPDATE }) },
  ...STATUS_VERBS,
  ...COUNT_VERBS,
  ...FAILURE_VERBS,
  ...CONTROL_VERBS,
  ...SCHEDULE_VERBS,
  ...FLOW_VERBS,
} as const

export type VerbName = keyof typeof TABLE
export type AskedOf<V extends VerbName> = FormOf<(typeof TABLE)[V]['asks']>
export type AnswerOf<V extends VerbName> = FormOf<(typeof TABLE)[V]['answers']>

/** The one list of them. */
export const VERBS: { readonly [V in VerbName]: Verb<AskedOf<V>, AnswerOf<V>> } = TABLE

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name)
}
