import { NAME, WHOLE } from '../rules.js'
import { exactly, type FormOf, listOf, one, orNull, record } from './form.js'
import { NUMBER } from './query.js'

const HOW_MANY = one(WHOLE)
const IN_LAST = record(
  { minute: HOW_MANY, hour: HOW_MANY, day: HOW_MANY },
  'how many in the last minute, hour, day',
)
export type InLast = FormOf<typeof IN_LAST>

/** Milliseconds. */
const TIMES = record({ p50: one(NUMBER), p95: one(NUMBER), p99: one(NUMBER) }, 'ms: p50, p95, p99')
export type TimesOf = FormOf<typeof TIMES>

/** Since the node began; `waiting` and `running`: now. */
export const NAME_COUNTS = {
  waiting: HOW_MANY,
  running: HOW_MANY,
  completed: HOW_MANY,
  failed: HOW_MANY,
  cancelled: HOW_MANY,
  completedIn: IN_LAST,
  failedIn: IN_LAST,
  /** From when a job was due until its last attempt began. */
  wait: orNull(TIMES),
  /** Of the last attempt. */
  run: orNull(TIMES),
}
const OF_NAME = record(NAME_COUNTS, 'counts')
export type CountsOfName = FormOf<typeof OF_NAME>

const STORED = record({
  waiting: HOW_MANY,
  running: HOW_MANY,
  completed: HOW_MANY,
  failed: HOW_MANY,
  cancelled: HOW_MANY,
  outcomes: HOW_MANY,
})
const OF_NODE = record({
  since: one(NUMBER),
  stored: STORED,
  waitingBefore: HOW_MANY,
  oldest: orNull(one(NUMBER)),
  all: OF_NAME,
  names: listOf(record({ name: one(NAME), ...NAME_COUNTS }, 'a name with its counts')),
  others: orNull(OF_NAME),
})
export type CountsOfNode = FormOf<typeof OF_NODE>

export const COUNT_VERBS = {
  counts: {
    right: 'read',
    says: 'How many jobs there are and were, by name, how fast they came to their end, and how long they took.',
    asks: exactly({}),
    answers: OF_NODE,
  },
} as const
