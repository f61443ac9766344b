import type { Abort, Brought, Checkpoint, Checkpointed, Done, Log, Run, Tell } from '../attempt/messages.js'
import type { JrError } from '../errors.js'
import type { JobDefinition } from '../job/definition.js'
import type { SentJob } from '../wire/job-fields.js'

/** What a node and its child say to each other over the child's pipe. Both are of the same package: no versions. */
export type ChildMessage = ToChild | FromChild

export type ToChild =
  | Init
  | Run
  | Brought
  | Abort
  | { readonly type: 'ping' }
  | EnqueueReply
  | Checkpointed
  | Unreadable

export interface Init {
  readonly type: 'init'
  /** Absolute path of the folder of job files. */
  readonly jobs: string
  /** An imported module may make Node run TypeScript. */
  readonly imports: boolean
  /** Names of variables that the node has and does not pass on. */
  readonly withheld: readonly string[]
  /** Open files below it are the store's, and are closed before any job code is loaded. */
  readonly dataDir: string
  readonly node: string
  /** The largest packed args, and args with results. */
  readonly maxArgs: number
  readonly maxResult: number
  readonly mergeJobItself: boolean
}

/** What became of a job that a job has enqueued: first that it is on disk, later its outcome. */
export interface EnqueueReply {
  readonly type: 'enqueue-reply'
  readonly request: number
  readonly what: 'accepted' | 'outcome' | 'taken'
  readonly ok: boolean
  /** Packed args when ok, packed error otherwise; of what is accepted, the id of another job that it is one of, or nothing. */
  readonly body: Buffer
}

export type FromChild =
  | Ready
  | Loading
  | Withheld
  | StartFailed
  | Done
  | { readonly type: 'pong' }
  | Log
  | Checkpoint
  | Tell
  | Blocked
  | ChildEnqueue
  | Fatal
  | Stray
  | Unreadable

/** Never sent: what is made of a message whose fields are not of their form, so that it fails alone. */
export interface Unreadable {
  readonly type: 'unreadable'
  /** Of an attempt, by its token, or of what a job has asked, by its number. */
  readonly about: {
    readonly what: 'run' | 'done' | 'enqueue' | 'checkpoint' | 'tell'
    readonly number: number
  }
  readonly error: JrError
}

export interface Ready {
  readonly type: 'ready'
  readonly jobs: readonly JobDefinition[]
}

/** This job file is imported next. */
export interface Loading {
  readonly type: 'loading'
  readonly file: string
}

/** Job code has read a variable that is not passed on. */
export interface Withheld {
  readonly type: 'withheld'
  readonly name: string
}

export interface StartFailed {
  readonly type: 'start-failed'
  readonly message: string
}

/** A job held the event loop of an evented child for so long. */
export interface Blocked {
  readonly type: 'blocked'
  readonly id: string
  readonly name: string
  readonly ms: number
}

export interface ChildEnqueue extends SentJob {
  readonly type: 'enqueue'
  readonly request: number
  /** The job that asks. */
  readonly token: number
  /** It becomes a job when the one that asks completes: what follows is its end. */
  readonly withCompletion: boolean
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
