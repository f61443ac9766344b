import { NAME, WHOLE } from '../rules.js'
import { exactly, type FormOf, listOf, one, optional, orNull, record } from './form.js'
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

/** In how many milliseconds, each bound with those that took no longer and longer than the one before; one more for the rest. */
const BUCKETS = record(
  { bounds: listOf(one(NUMBER)), counts: listOf(HOW_MANY), sum: one(NUMBER), count: HOW_MANY },
  'ms: bounds, how many within each and beyond the last, sum of all, how many',
)
export type BucketsOf = FormOf<typeof BUCKETS>

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
  /** Since the node began. */
  waitBuckets: BUCKETS,
  runBuckets: BUCKETS,
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

/** The oldest first; the last is under way. */
const PARTS = record(
  { stepMs: HOW_MANY, completed: listOf(HOW_MANY), failed: listOf(HOW_MANY) },
  'how long a part is (ms), and how many have completed and failed in each, the oldest first; the last is under way',
)
const SERIES = record({ at: one(NUMBER), minute: PARTS, hour: PARTS, day: PARTS })
export type SeriesOfNode = FormOf<typeof SERIES>

export const COUNT_VERBS = {
  series: {
    right: 'read',
    says: 'How many jobs have completed and failed in each part of the last minute, hour and day: of a name, or of all.',
    asks: exactly({ name: optional(one(NAME)) }),
    answers: SERIES,
  },
  counts: {
    right: 'read',
    says: 'How many jobs there are and were, by name, how fast they came to their end, and how long they took.',
    asks: exactly({}),
    answers: OF_NODE,
  },
} as const
