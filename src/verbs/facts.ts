import { lastError } from '../job/attempts.js'
import { isDeferred } from '../job/lane.js'
import { LOG_LEVELS, type LogLine } from '../job/log-lines.js'
import type { StoredJob } from '../job/record.js'
import { standingOf } from '../job/series.js'
import { JOB_STATES } from '../job/states.js'
import { BYTES, NAME, type Rule } from '../rules.js'
import { type FormOf, listOf, one, oneOf, orNull, record } from './form.js'
import { BOOLEAN, NUMBER } from './query.js'
import { WAIT, type WaitFacts } from './waits.js'

const TEXT: Rule<string> = { says: 'text', meets: (value): value is string => typeof value === 'string' }

/** Times are epoch ms, 0 for what has not happened. */
export const FACTS = {
  id: one(NAME),
  name: one(NAME),
  state: one(oneOf(JOB_STATES)),
  attempt: one(NUMBER),
  due: one(NUMBER),
  enqueuedAt: one(NUMBER),
  startedAt: one(NUMBER),
  finishedAt: one(NUMBER),
  lastError: orNull(one(TEXT)),
  lastCode: one(TEXT),
  lastStack: one(TEXT),
  slot: one(NUMBER),
  distributor: one(NAME),
  defer: one(BOOLEAN),
  /** Of one that is due. */
  waits: orNull(WAIT),
  /** The block of them. */
  terms: one(BYTES),
}
/** One that is over and has counted. `number` is 0 where the job failed without one; `child` where it is not known. */
export const ATTEMPT_FIELDS = {
  number: one(NUMBER),
  node: one(NAME),
  child: one(NUMBER),
  startedAt: one(NUMBER),
  finishedAt: one(NUMBER),
  error: orNull(record({ name: one(TEXT), message: one(TEXT), code: one(TEXT), stack: one(TEXT) })),
}
/** What a job has logged, and the node keeps with it. `facts`: JSON of an object, or empty. */
export const LINE_FIELDS = {
  at: one(NUMBER),
  attempt: one(NUMBER),
  level: one(oneOf(LOG_LEVELS)),
  text: one(TEXT),
  facts: one(TEXT),
}
const LINE = record(LINE_FIELDS, 'a line of its log')
const ATTEMPT = record(ATTEMPT_FIELDS, 'the facts of an attempt')
export const JOB_FACTS = record(FACTS, 'the facts of a job')
/** Lists have no args: they would have no bound otherwise. */
export const LOADED_FACTS = record(
  {
    ...FACTS,
    attempts: listOf(ATTEMPT),
    lines: listOf(LINE),
    progress: orNull(one(BYTES)),
    args: one(BYTES),
    result: orNull(one(BYTES)),
  },
  'the facts of a job, with its attempts, the last lines of its log, what it has told last (null: it does not run), args and, if it is kept, result (MessagePack)',
)
export type LoadedFacts = FormOf<typeof LOADED_FACTS>

/** A job as monitors show it. */
export type JobFacts = FormOf<typeof JOB_FACTS>

/** What is shown of a job alone, beside what lists have. `progress`: what it has told last, if it runs; only its node knows. */
export function loadedFactsOf(
  stored: StoredJob,
  lines: readonly LogLine[],
  waits: WaitFacts | null = null,
  progress: Buffer | null = null,
): LoadedFacts {
  const { args, course } = stored.job
  return {
    ...factsOf(stored, waits),
    attempts: [...course.attempts],
    lines: [...lines],
    progress,
    args,
    result: stored.result?.args ?? null,
  }
}

/** `waits`: what its node says; nobody else knows. */
export function factsOf(
  { job, state, startedAt, finishedAt }: StoredJob,
  waits: WaitFacts | null = null,
): JobFacts {
  const { id, name, enqueuedAt, distributor, agreed } = job
  const { due, lane } = standingOf(job)
  const { attempt, attempts, slot } = job.course
  const { message = null, code = '', stack = '' } = lastError(attempts) ?? {}
  const times = { due, enqueuedAt, startedAt, finishedAt }
  const last = { lastError: message, lastCode: code, lastStack: stack }
  const defer = isDeferred(lane)
  return { id, name, state, attempt, ...times, ...last, slot, distributor, defer, waits, terms: agreed.bytes }
}
