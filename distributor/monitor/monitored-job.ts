import { unpackChecked } from '../../src/bytes/codec.js'
import type { AttemptError } from '../../src/job/attempts.js'
import type { LogLevel } from '../../src/job/log-lines.js'
import type { JobState } from '../../src/job/states.js'
import { optionsOf, termsOf } from '../../src/job/terms/agreed.js'
import type { TermOptions } from '../../src/job/terms/table.js'
import type { JobArgs } from '../../src/job/types.js'
import type { JobFacts, LoadedFacts } from '../../src/verbs/facts.js'
import { type JobWait, waitOf } from './waits.js'

/** A job as its node keeps it. */
export interface MonitoredJob {
  readonly id: string
  readonly name: string
  readonly state: JobState
  /** Attempts begun, the one that runs included. */
  readonly attempt: number
  /** When it is, or was, due. */
  readonly due: Date
  readonly enqueuedAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  /** Why its last attempt failed; null when none has. */
  readonly lastError: string | null
  /** Its code and its stack; empty where there is none. */
  readonly lastCode: string
  readonly lastStack: string
  /** What it was enqueued with, as it could be given again. A term of a later version than this one is left out. */
  readonly terms: TermOptions
  /** Which run of a schedule is next or under way, from 1. */
  readonly run: number
  /** What keeps it from beginning, if it is due; null also where only Redis was asked, and not its node. */
  readonly waits: JobWait | null
  /** The name of the app that enqueued it. */
  readonly distributor: string
  /** Whether it runs on a deferred child. */
  readonly defer: boolean
  /** The node that has it. */
  readonly node: string
}

/** One attempt of a job, which is over and has counted. */
export interface JobAttempt {
  /** From 1; 0: the job failed without one. */
  readonly number: number
  readonly node: string
  /** Process id of the child; 0: none ran it, or it was lost with its node. */
  readonly child: number
  /** Null: it failed without an attempt. */
  readonly startedAt: Date | null
  readonly finishedAt: Date
  /** Why it failed; null: it has completed. Message and stack are cut: to 1 and 2 KiB, of earlier attempts to 512 characters. */
  readonly error: AttemptError | null
}

/** A line that a job has logged. */
export interface JobLogLine {
  readonly at: Date
  readonly attempt: number
  readonly level: LogLevel
  /** The first 1,024 characters. */
  readonly text: string
  /** What was logged beside the text; empty also where that was too long. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** One job, with what it was enqueued with and what has become of it so far. */
export interface LoadedJob extends MonitoredJob {
  /** The last ten, the oldest first; of a periodic job those of this run. */
  readonly attempts: readonly JobAttempt[]
  /** What it has logged with `ctx.log`, the last of it (`keepLogs`), the oldest first. */
  readonly log: readonly JobLogLine[]
  /** What it has told last with `ctx.progress`, while it runs; undefined: nothing. */
  readonly progress: unknown
  readonly args: JobArgs
  /** The args with everything that the job added, of one that has completed with `keepResult`; else null. */
  readonly result: JobArgs | null
}

export function loadedJobOf(raw: LoadedFacts, node: string): LoadedJob {
  const attempts = raw.attempts.map(({ startedAt, finishedAt, ...attempt }) => {
    return { ...attempt, startedAt: timeOf(startedAt), finishedAt: new Date(finishedAt) }
  })
  const { progress, args, result } = raw
  return {
    ...jobOf(raw, node),
    attempts,
    log: raw.lines.map(({ at, facts, ...line }) => ({ ...line, at: new Date(at), facts: factsOf(facts) })),
    progress: progress === null ? undefined : unpackChecked(progress),
    args: unpackChecked(args) as JobArgs,
    result: result === null ? null : (unpackChecked(result) as JobArgs),
  }
}

/** The job's own: it may have written anything. */
function factsOf(json: string): Record<string, unknown> {
  try {
    return json === '' ? {} : { ...JSON.parse(json) }
  } catch {
    return { facts: json }
  }
}

export function jobOf(raw: JobFacts, node: string): MonitoredJob {
  const { id, name, state, attempt, lastError, lastCode, lastStack, distributor, defer } = raw
  return {
    id,
    name,
    state,
    attempt,
    due: new Date(raw.due),
    enqueuedAt: new Date(raw.enqueuedAt),
    startedAt: timeOf(raw.startedAt),
    finishedAt: timeOf(raw.finishedAt),
    lastError,
    lastCode,
    lastStack,
    terms: optionsOf(termsOf(raw.terms)),
    run: raw.slot + 1,
    waits: waitOf(raw.waits, name),
    distributor,
    defer,
    node,
  }
}

function timeOf(ms: number): Date | null {
  return ms === 0 ? null : new Date(ms)
}
