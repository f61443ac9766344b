import type { LogLevel } from '../job/log-lines.js'
import type { JobHeaders } from '../job/terms/headers.js'

/** One attempt is to run. */
export interface Run {
  readonly type: 'run'
  readonly token: number
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly slot: number
  /** The time of its slot, of a run that a schedule has made; 0: it is none. */
  readonly scheduledFor: number
  readonly enqueuedAt: number
  readonly startedAt: number
  readonly headers: JobHeaders
  /** Of its id. */
  readonly edition: number
  /** What it is given beside its args follows (`Brought`): it begins then. */
  readonly follows: boolean
  readonly args: Buffer
}

/** What an attempt is given beside its args. Empty: nothing. */
export interface Brought {
  readonly type: 'brought'
  readonly token: number
  /** What an earlier attempt has saved, packed. */
  readonly saved: Buffer
  /** What it is told of other jobs. */
  readonly given: Buffer
}

/** It is asked to end: its signal aborts. */
export interface Abort {
  readonly type: 'abort'
  readonly token: number
  readonly reason: AbortReason
}

export type AbortReason = 'timeout' | 'cancel' | 'shutdown'

/**
 * `given-up`: failed, and not to be tried again. `snoozed`, and `waiting` for its children: to run again later, at no cost. `returned`: interrupted by the node, at no
 * cost.
 */
export const DONE_STATUSES = [
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'returned',
  'given-up',
  'snoozed',
  'waiting',
] as const
export type DoneStatus = (typeof DONE_STATUSES)[number]

/** How the attempt went. */
export interface Done {
  readonly type: 'done'
  readonly token: number
  readonly status: DoneStatus
  readonly code: string
  readonly message: string
  /** When it is to run again, as it says itself; null: it does not. */
  readonly retryAfterMs: number | null
  readonly args: Buffer
  readonly error: Buffer
}

/** An attempt saves a value for the next one. */
export interface Checkpoint {
  readonly type: 'checkpoint'
  readonly token: number
  /** Packed, of at most `MAX_CHECKPOINT` bytes. */
  readonly value: Buffer
}

/** How far an attempt is, as its job tells it. */
export interface Tell {
  readonly type: 'tell'
  readonly token: number
  /** Packed, of at most `MAX_PROGRESS` bytes. */
  readonly value: Buffer
}

/** What became of the checkpoint that an attempt has sent last. */
export interface Checkpointed {
  readonly type: 'checkpointed'
  readonly token: number
  /** Packed; empty: it is on the disk. */
  readonly error: Buffer
}

/** A line that a job logs. */
export interface Log {
  readonly type: 'log'
  /** The attempt; 0: the child says so of its own. */
  readonly token: number
  readonly id: string
  readonly name: string
  readonly level: LogLevel
  readonly text: string
  /** JSON of an object, of at most `MAX_FACTS` characters; empty: there are none. */
  readonly facts: string
}
