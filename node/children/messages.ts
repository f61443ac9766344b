import type { Backoff } from '../../src/job/retry-policy.js'
import { flag, label, list, MAX_TEXT, oneOf, orNull, text, whole } from '../../src/wire/fields.js'
import type { MessageSet, PayloadCursor } from '../../src/wire/frame.js'
import {
  decodeBackoff,
  decodeJob,
  encodeBackoff,
  encodeJob,
  type JobFields,
} from '../../src/wire/job-fields.js'

/** What a node and its child say to each other over the child's pipe. Both are of the same package: no versions. */
export type ChildMessage = ToChild | FromChild

export type ToChild = Init | Run | Abort | { readonly type: 'ping' } | EnqueueReply

export interface Init {
  readonly type: 'init'
  readonly jobs: string
  /** Open files below it are the store's, and are closed before any job code is loaded. */
  readonly dataDir: string
  readonly node: string
  readonly maxResult: number
  readonly mergeJobItself: boolean
}

export interface Run {
  readonly type: 'run'
  readonly token: number
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly slot: number
  readonly enqueuedAt: number
  readonly startedAt: number
  readonly args: Buffer
}

export interface Abort {
  readonly type: 'abort'
  readonly token: number
  readonly reason: AbortReason
}

export type AbortReason = 'timeout' | 'cancel' | 'shutdown'

/** What became of a job that a job has enqueued: first that it is on disk, later its outcome. */
export interface EnqueueReply {
  readonly type: 'enqueue-reply'
  readonly request: number
  readonly what: 'accepted' | 'outcome'
  readonly ok: boolean
  /** Packed args when ok, packed error otherwise. */
  readonly body: Buffer
}

export type FromChild =
  | Ready
  | StartFailed
  | Done
  | { readonly type: 'pong' }
  | Log
  | Blocked
  | ChildEnqueue
  | Fatal
  | Stray

export interface Ready {
  readonly type: 'ready'
  readonly jobs: readonly LoadedJob[]
}

/** A job as the job files define it. A back-off function stays in the child. */
export interface LoadedJob {
  readonly name: string
  readonly defer: boolean
  readonly timeoutMs: number | null
  readonly maxAttempts: number | null
  readonly backoff: Backoff | null
}

export interface StartFailed {
  readonly type: 'start-failed'
  readonly message: string
}

export interface Done {
  readonly type: 'done'
  readonly token: number
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timeout' | 'returned'
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | null
  readonly args: Buffer
  readonly error: Buffer
}

export interface Log {
  readonly type: 'log'
  readonly id: string
  readonly name: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
}

/** A job held the event loop of an evented child for so long. */
export interface Blocked {
  readonly type: 'blocked'
  readonly id: string
  readonly name: string
  readonly ms: number
}

export interface ChildEnqueue extends JobFields {
  readonly type: 'enqueue'
  readonly request: number
  /** The job that asks. */
  readonly token: number
}

/** An error outside of any job: the child ends. */
export interface Fatal {
  readonly type: 'fatal'
  readonly message: string
}

/** A promise of some job, perhaps of one that has ended, was rejected and nobody caught it: the child is replaced. */
export interface Stray {
  readonly type: 'stray'
  readonly message: string
}

const REASONS = ['timeout', 'cancel', 'shutdown'] as const
const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const STATUSES = ['completed', 'failed', 'cancelled', 'timeout', 'returned'] as const
const LONGEST_PATH = 4096
const MAX_JOBS = 100_000

export const childMessages: MessageSet<ChildMessage> = { encode, decode }

function encode(m: ChildMessage, payloads: Buffer[]): unknown[] {
  switch (m.type) {
    case 'run':
      payloads.push(m.args)
      return [
        2,
        m.token,
        m.id,
        m.name,
        m.attempt,
        m.maxAttempts,
        m.slot,
        m.enqueuedAt,
        m.startedAt,
        m.args.length,
      ]
    case 'done':
      payloads.push(m.args, m.error)
      return [
        12,
        m.token,
        STATUSES.indexOf(m.status),
        m.code.slice(0, 256),
        m.message.slice(0, MAX_TEXT),
        m.retryAfterMs,
        m.args.length,
        m.error.length,
      ]
    case 'init':
      return [1, m.jobs, m.dataDir, m.node, m.maxResult, m.mergeJobItself]
    case 'abort':
      return [3, m.token, m.reason]
    case 'ping':
      return [4]
    case 'enqueue-reply':
      payloads.push(m.body)
      return [5, m.request, m.what, m.ok, m.body.length]
    case 'ready':
      return [10, m.jobs.map(encodeLoaded)]
    case 'start-failed':
      return [11, m.message.slice(0, MAX_TEXT)]
    case 'pong':
      return [13]
    case 'log':
      return [14, m.id, m.name, m.level, m.text.slice(0, MAX_TEXT)]
    case 'blocked':
      return [15, m.id, m.name, m.ms]
    case 'enqueue':
      return encodeJob(m, [16, m.request, m.token], payloads)
    case 'fatal':
      return [17, m.message.slice(0, MAX_TEXT)]
    case 'stray':
      return [18, m.message.slice(0, MAX_TEXT)]
  }
}

function decode(f: readonly unknown[], payloads: PayloadCursor): ChildMessage | null {
  switch (f[0]) {
    case 1:
      return {
        type: 'init',
        jobs: text(f[1], 'jobs', LONGEST_PATH),
        dataDir: text(f[2], 'dataDir', LONGEST_PATH),
        node: label(f[3], 'node'),
        maxResult: whole(f[4], 'maxResult'),
        mergeJobItself: flag(f[5], 'mergeJobItself'),
      }
    case 2:
      return {
        type: 'run',
        token: whole(f[1], 'token'),
        id: label(f[2], 'id'),
        name: label(f[3], 'name'),
        attempt: whole(f[4], 'attempt'),
        maxAttempts: whole(f[5], 'maxAttempts'),
        slot: whole(f[6], 'slot'),
        enqueuedAt: whole(f[7], 'enqueuedAt'),
        startedAt: whole(f[8], 'startedAt'),
        args: payloads.take(f[9]),
      }
    case 3:
      return { type: 'abort', token: whole(f[1], 'token'), reason: oneOf(f[2], REASONS, 'reason') }
    case 4:
      return { type: 'ping' }
    case 5:
      return {
        type: 'enqueue-reply',
        request: whole(f[1], 'request'),
        what: oneOf(f[2], ['accepted', 'outcome'], 'what'),
        ok: flag(f[3], 'ok'),
        body: payloads.take(f[4]),
      }
    case 10:
      return { type: 'ready', jobs: list(f[1], 'jobs', MAX_JOBS, decodeLoaded) }
    case 11:
      return { type: 'start-failed', message: text(f[1], 'message', MAX_TEXT) }
    case 12:
      return {
        type: 'done',
        token: whole(f[1], 'token'),
        status: STATUSES[whole(f[2], 'status', STATUSES.length - 1)] ?? 'failed',
        code: text(f[3], 'code'),
        message: text(f[4], 'message', MAX_TEXT),
        retryAfterMs: orNull(f[5], 'retryAfterMs', whole),
        args: payloads.take(f[6]),
        error: payloads.take(f[7]),
      }
    case 13:
      return { type: 'pong' }
    case 14:
      return {
        type: 'log',
        id: text(f[1], 'id'),
        name: text(f[2], 'name'),
        level: oneOf(f[3], LEVELS, 'level'),
        text: text(f[4], 'text', MAX_TEXT),
      }
    case 15:
      return { type: 'blocked', id: label(f[1], 'id'), name: label(f[2], 'name'), ms: whole(f[3], 'ms') }
    case 16: {
      const request = whole(f[1], 'request')
      const token = whole(f[2], 'token')
      return { type: 'enqueue', request, token, ...decodeJob(f, 3, (length) => payloads.take(length)) }
    }
    case 17:
      return { type: 'fatal', message: text(f[1], 'message', MAX_TEXT) }
    case 18:
      return { type: 'stray', message: text(f[1], 'message', MAX_TEXT) }
    default:
      return null
  }
}

function encodeLoaded(job: LoadedJob): unknown[] {
  const backoff = job.backoff === null ? null : encodeBackoff(job.backoff)
  return [job.name, job.defer, job.timeoutMs, job.maxAttempts, backoff]
}

function decodeLoaded(item: unknown): LoadedJob {
  const f = Array.isArray(item) ? item : []
  return {
    name: label(f[0], 'name'),
    defer: flag(f[1], 'defer'),
    timeoutMs: orNull(f[2], 'timeoutMs', whole),
    maxAttempts: orNull(f[3], 'maxAttempts', whole),
    backoff: orNull(f[4], 'backoff', decodeBackoff),
  }
}
