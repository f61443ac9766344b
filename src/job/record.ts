import { bytesOfAttempts } from './attempts.js'
import type { Course } from './course.js'
import type { Lane } from './lane.js'
import { bytesOfLines } from './log-lines.js'
import type { JobState, TerminalState } from './states.js'
import type { Agreed } from './terms/agreed.js'

/** Where a waiting job stands. Unique for as long as the store lives: `seq` is never used twice. */
export interface Place {
  /** Says too whether the job runs on an evented or a deferred child: settled when the job was taken. */
  readonly lane: Lane
  /** Epoch milliseconds on the node's clock. */
  readonly due: number
  /** Counts up for as long as the store lives: `epoch * 2 ** 32 + n`. */
  readonly seq: number
}

/** The order of jobs in a lane. */
export function comparePlaces(a: Place, b: Place): number {
  return a.due - b.due || a.seq - b.seq
}

/** A job as its node keeps it while it has not ended. Plain data; never changed, only replaced. */
export interface JobRecord extends Place {
  readonly id: string
  /**
   * Which job of this id: the user's own id is used again when its job has ended, and each `enqueue` has a number that
   * no other has. 0: the id was made for this job.
   */
  readonly edition: number
  readonly name: string
  /** `due` is a time of the wall clock (`runAt`); else of the steady one. */
  readonly byWall: boolean
  /** The name of the distributor that sent it, and which life of that distributor it was. */
  readonly distributor: string
  readonly instance: string
  /** Whether an outcome is kept for the distributor until it has acknowledged it. */
  readonly wanted: boolean
  /** What it was enqueued with. Never written anew: `bytes` is what stores keep, and `termsOf` reads. */
  readonly agreed: Agreed
  /** Epoch milliseconds on the node's clock, less the time that the job was held before. */
  readonly enqueuedAt: number
  /** What has happened to it. */
  readonly course: Course
  /** The packed arguments. Only the two ends unpack them. */
  readonly args: Buffer
}

/** Bytes, or letters, of what it carries: all else of it is small. */
export function bytesOfJob({ args, agreed, course }: JobRecord): number {
  return args.length + agreed.bytes.length + bytesOfAttempts(course.attempts) + bytesOfLines(course.lines)
}

/** The same job while its next attempt runs. */
export function begun(job: JobRecord): JobRecord {
  return { ...job, course: { ...job.course, attempt: job.course.attempt + 1 } }
}

/** What became of a job, or of one run of a schedule. */
export interface Outcome {
  /** Counts up for as long as the store lives; the order of delivery to a distributor. */
  readonly seq: number
  readonly distributor: string
  readonly instance: string
  readonly id: string
  /** That of the job. */
  readonly edition: number
  readonly name: string
  readonly state: TerminalState
  readonly slot: number
  /** A schedule goes on after this run: more outcomes follow. */
  readonly more: boolean
  readonly node: string
  readonly attempt: number
  readonly enqueuedAt: number
  /** 0 when no attempt began. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Process id of the child that ran the last attempt; 0 when none did. */
  readonly child: number
  /** Packed args with everything the job added. */
  readonly args: Buffer
  /** Packed error (see errors-on-the-wire); empty unless failed or cancelled. */
  readonly error: Buffer
}

/** A job in any state, as it stands in a store. */
export interface StoredJob {
  readonly job: JobRecord
  readonly state: JobState
  /** Epoch ms; 0 when it has not begun, or not ended. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Of one that has completed, and was to keep it. */
  readonly result?: KeptResult | undefined
}

/** What was asked to be kept of a job that has completed. */
export interface KeptResult {
  /** Epoch ms: the job stays as long, whatever the node keeps of others. */
  readonly until: number
  /** Packed args with everything the job added. */
  readonly args: Buffer
}

/** A job that has ended and is kept. */
export interface EndedJob extends StoredJob {
  readonly state: TerminalState
}

/** Bytes, or letters, of what it carries. */
export function bytesOfStored({ job, result }: StoredJob): number {
  return bytesOfJob(job) + (result?.args.length ?? 0)
}
