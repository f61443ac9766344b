import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What an actor of a run (an app, a job, the test that kills them) wrote down as it happened, one line of JSON each.
 * `mono` is the machine's monotonic clock in ms, the same for all its processes.
 */
export type Entry =
  | Submit
  | Accepted
  | Begin
  | End
  | Feedback
  | { readonly ev: 'executed'; readonly job: string; readonly times: number }
  | Fault
  | Guarded
  | { readonly ev: 'exit'; readonly mono: number; readonly pid: number }

/** A job was handed to the distributor; the rest says what must hold of it. */
export interface Submit {
  readonly ev: 'submit'
  readonly job: string
  readonly mono: number
  /** It must not begin sooner than this after `mono`; of a schedule, its first run. */
  readonly delayMs?: number
  readonly periodMs?: number
  readonly maxAttempts?: number
  /** Between a failed attempt and the next. */
  readonly backoffMs?: number
  /** An attempt that takes longer may be ended and repeated. */
  readonly timeoutMs?: number
  /** The nodes that may run it. */
  readonly nodes?: readonly string[]
  /** Of its payload. */
  readonly hash?: string
  /** False: nobody asked to hear what becomes of it. */
  readonly wanted?: boolean
}

export interface Accepted {
  readonly ev: 'accepted'
  readonly job: string
  readonly mono: number
}

/** Written by the body of the job itself. `pid` is the child's, `nodePid` that of the node it belongs to. */
export interface Begin {
  readonly ev: 'begin'
  readonly job: string
  readonly mono: number
  readonly attempt: number
  /** Which run of a schedule, from 1. */
  readonly run: number
  readonly pid: number
  readonly node: string
  readonly nodePid: number
  readonly hash?: string
}

export interface End {
  readonly ev: 'end'
  readonly job: string
  readonly mono: number
  readonly attempt: number
  readonly run: number
  readonly pid: number
  readonly ok: boolean
  readonly hash?: string
}

/** A feedback of the app was called. */
export interface Feedback {
  readonly ev: 'feedback'
  readonly job: string
  readonly mono: number
  readonly state: string
  readonly run: number
  /** The process of the app. */
  readonly life: number
  readonly hash?: string
}

/** Something was done to processes that may interrupt what runs on them. */
export interface Fault {
  readonly ev: 'fault'
  readonly mono: number
  /** `kill`: they do not come back. `part`: paused or cut off, they may go on with what they were at. */
  readonly what: 'kill' | 'part'
  readonly pids: readonly number[]
}

/** This process must live through the whole run. */
export interface Guarded {
  readonly ev: 'guarded'
  readonly mono: number
  readonly pid: number
}

/** Milliseconds on the monotonic clock of the machine. */
export function mono(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What all actors have written into the files of this folder, and how often each job's own counter was moved. */
export function readEntries(dir: string): Entry[] {
  mkdirSync(join(dir, 'counters'), { recursive: true })
  const counters = readdirSync(join(dir, 'counters')).map((job): Entry => {
    return { ev: 'executed', job, times: readFileSync(join(dir, 'counters', job)).length }
  })
  const files = readdirSync(dir).filter((file) => file.endsWith('.jsonl'))
  const lines = files.flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n'))
  // The last line of a killed process may be torn.
  return [...lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Entry] : [])), ...counters]
}
