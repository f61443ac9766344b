import { NAME, type Rule, WHOLE } from '../rules.js'
import { exactly, type FormOf, listOf, one, optional, record } from './form.js'
import { BOOLEAN, NUMBER } from './query.js'

const TEXT: Rule<string> = { says: 'text', meets: (value): value is string => typeof value === 'string' }

/** Groups in one answer. */
export const MOST_GROUPS = 200
/** Jobs that are looked at for one answer: so many are kept by default, and as many more. */
export const MOST_LOOKED = 20_000

/** Failed jobs of one name with like errors. Times are epoch ms. */
const GROUP = record(
  {
    name: one(NAME),
    code: one(TEXT),
    /** As it was folded. */
    message: one(TEXT),
    count: one(WHOLE),
    first: one(NUMBER),
    last: one(NUMBER),
    /** The id of the newest. */
    example: one(NAME),
  },
  'a group of failed jobs',
)
const FAILURES = record({ groups: listOf(GROUP), looked: one(WHOLE), more: one(BOOLEAN) })
export type FailuresOfNode = FormOf<typeof FAILURES>

export const FAILURE_VERBS = {
  failures: {
    right: 'read',
    says: 'The failed jobs that are kept, grouped by name, code and folded message, the newest group first.',
    asks: exactly({ name: optional(one(NAME)) }),
    answers: FAILURES,
  },
} as const
