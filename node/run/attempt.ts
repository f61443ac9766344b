import type { Done, DoneStatus } from '../../src/attempt/messages.js'
import { packError } from '../../src/bytes/error-record.js'
import type { JrError } from '../../src/errors.js'
import { isDeferred } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'

/** What an attempt is given beside its args. Empty: nothing. */
export interface Brought {
  /** What the job has saved before. */
  readonly saved: Buffer
  /** What it is told of other jobs. */
  readonly given: Buffer
}

/** One run of a job on a child. */
export interface Attempt {
  /** Unique in the life of the node: a late result of an earlier attempt is not taken for this one's. */
  readonly token: number
  /** As it waits in the store. */
  readonly job: JobRecord
  /** From 1. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly startedAt: number
  /** 0: none. */
  readonly timeoutMs: number
  readonly deferred: boolean
  /** Suspected of killing children: on a child with nothing else on it. */
  readonly alone: boolean
  /** What it is given beside its args; null: nothing. */
  readonly brought: Promise<Brought> | null
}

/** How it begins. */
export interface Beginning extends Pick<Attempt, 'startedAt' | 'alone' | 'brought'> {
  readonly maxAttempts: number
  readonly timeoutMs: number
}

export function attemptOf(token: number, job: JobRecord, of: Beginning): Attempt {
  return {
    token,
    job,
    attempt: job.course.attempt + 1,
    maxAttempts: of.maxAttempts,
    startedAt: of.startedAt,
    timeoutMs: of.timeoutMs,
    deferred: isDeferred(job.lane),
    alone: of.alone,
    brought: of.brought,
  }
}

/** As the child has it, or `lost` with it. `returned`, `snoozed` and `waiting` spend no attempt; the others spend one. */
export type AttemptStatus = DoneStatus | 'lost'

export interface AttemptResult {
  readonly attempt: Attempt
  readonly status: AttemptStatus
  readonly args: Buffer
  readonly error: Buffer
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | null
  readonly finishedAt: number
  /** Process id of the child. */
  readonly child: number
}

/** What is known of an attempt that is over. */
export interface Over extends Pick<AttemptResult, 'args' | 'error' | 'child' | 'finishedAt'> {
  readonly attempt: Pick<Attempt, 'job' | 'attempt' | 'startedAt'>
}

/** Of an attempt that did not end as the job has it. */
export type Failed = 'timeout' | 'cancelled' | 'lost' | 'failed'

const NOTHING = Buffer.alloc(0)

/** `done`: what the child said of it; null: nothing. */
export function resultOf(
  attempt: Attempt,
  status: AttemptStatus,
  done: Done | null,
  finishedAt: number,
  child: number,
): AttemptResult {
  return {
    attempt,
    status,
    args: done?.args ?? attempt.job.args,
    error: done?.error ?? NOTHING,
    code: done?.code ?? '',
    message: done?.message ?? '',
    retryAfterMs: done?.retryAfterMs ?? null,
    finishedAt,
    child,
  }
}

export function failedWith(result: AttemptResult, error: JrError): AttemptResult {
  const { code, message } = error
  return { ...result, code, message, error: packError(error) }
}
