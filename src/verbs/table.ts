import { NAME, wholeFrom } from '../rules.js'
import { JOB_FACTS, LOADED_FACTS } from './facts.js'
import { exactly, type Form, type FormOf, listOf, one, orNull, record } from './form.js'
import { CURSOR, FILTER, QUERY } from './query.js'

/** What may be asked of a node, by its sessions, by those who look into a Redis, and on the command line. */
export interface Verb<Asked, Answer> {
  /** `read`: nothing is changed. */
  readonly right: 'read' | 'write'
  readonly says: string
  readonly asks: Form<Asked>
  readonly answers: Form<Answer>
}

/** What is done to jobs: to one by its id, and under the name with `-all` to those that a query meets. */
export const ACTS = {
  destroy: {
    done: 'destroyed',
    says: 'Forgets a job. If it waits or runs, it is cancelled first, and its error feedback is called.',
  },
} as const
export type Act = keyof typeof ACTS

const ID = exactly({ id: one(NAME) })
const DONE = one({
  says: 'true, or false if there is no such job',
  meets: (value) => typeof value === 'boolean',
})
const HOW_MANY: Form<number> = { ...one(wholeFrom(0, Number.MAX_SAFE_INTEGER)), says: 'how many' }
const toOne = { right: 'write', asks: ID, answers: DONE } as const
const toAll = {
  right: 'write',
  says: 'The same, to all jobs that are so.',
  asks: FILTER,
  answers: HOW_MANY,
} as const

const TABLE = {
  jobs: {
    right: 'read',
    says: 'A page of jobs.',
    asks: QUERY,
    answers: record({ jobs: listOf(JOB_FACTS), next: orNull(one(CURSOR)) }),
  },
  load: { right: 'read', says: 'One job, in any state.', asks: ID, answers: orNull(LOADED_FACTS) },
  ...(Object.fromEntries(
    Object.entries(ACTS).flatMap(([act, { says }]) => [
      [act, { ...toOne, says }],
      [`${act}-all`, toAll],
    ]),
  ) as { [A in Act]: typeof toOne & { says: string } } & { [A in Act as `${A}-all`]: typeof toAll }),
} as const

export type VerbName = keyof typeof TABLE
export type AskedOf<V extends VerbName> = FormOf<(typeof TABLE)[V]['asks']>
export type AnswerOf<V extends VerbName> = FormOf<(typeof TABLE)[V]['answers']>

/** The one list of them. */
export const VERBS: { readonly [V in VerbName]: Verb<AskedOf<V>, AnswerOf<V>> } = TABLE

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name)
}

export function isAct(name: unknown): name is Act {
  return typeof name === 'string' && Object.hasOwn(ACTS, name)
}
