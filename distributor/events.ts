import type { JrError } from '../src/errors.js'
import type { JobArgs } from '../src/job/types.js'
import type { OutcomeInfo } from './told/ticket.js'

/** What happens in a distributor, for those who listen. A listener that throws is logged and harms nothing. */
export type DistributorEvents = {
  'node:connected': NodeFacts
  'node:disconnected': { readonly name: string; readonly error: JrError | null }
  /** A connection was refused: its node's name is taken by another one. */
  'node:duplicate': { readonly name: string; readonly address: string }
  /**
   * A node came back without jobs that it had accepted from this app: its store was in memory, or its data directory was
   * emptied or set back. `jobs`: those of which somebody here still has the handle or waits for the end. Each has failed
   * with JR_STORE_LOST.
   */
  'jobs:lost': { readonly node: string; readonly jobs: number }
  'job:accepted': { readonly id: string; readonly name: string; readonly node: string }
  'job:completed': JobEvent
  'job:failed': JobEvent
  'job:cancelled': JobEvent
  /** A running job has told how far it is: at most ten times a second, the latest always. */
  'job:progress': ProgressEvent
  /** A job failed because the connection was lost each time that it was on its way. */
  'job:set-aside': { readonly id: string; readonly name: string; readonly node: string }
  /** A job is not taken: `error.code` says why (JR_NO_SUCH_JOB, JR_NO_NODE, JR_BACKLOG_FULL, JR_ARGS_TOO_LARGE, …). */
  'job:refused': { readonly id: string; readonly name: string; readonly error: JrError }
  /** Jobs have waited for a node for some seconds; told again every ten minutes as long as there are any. `why`: of one of them. */
  'jobs:held': { readonly held: number; readonly why: string }
  /** A job was refused because too many wait for a node: so many, with so many bytes of args. */
  'backlog:full': {
    readonly id: string
    readonly name: string
    readonly held: number
    readonly heldBytes: number
  }
  /** A feedback function threw, or its promise rejected. */
  'feedback:error': { readonly error: unknown; readonly info: OutcomeInfo }
  /** An outcome of an earlier life of the app for which there is no named feedback. It is not delivered again. */
  'outcome:unclaimed': JobEvent
  /** A node that this app has started ended by itself, or was restarted. */
  'spawned:exited': { readonly name: string; readonly why: string; readonly restartInMs: number }
}

export interface ProgressEvent {
  readonly id: string
  readonly name: string
  readonly node: string
  readonly attempt: number
  readonly value: unknown
}

export interface JobEvent {
  readonly args: JobArgs
  readonly info: OutcomeInfo
}

/** A node, as the distributor knows it. */
export interface NodeFacts {
  readonly name: string
  /** `draining`: it is sent no jobs until `drain` is off. */
  readonly status: 'running' | 'paused' | 'draining' | 'stopping' | 'disconnected'
  /** The names of the jobs that it can run. */
  readonly jobs: readonly string[]
  /** How many it can run at once; and how many of ours it has that are due and have not ended. */
  readonly slots: number
  readonly busy: number
  /** Sent, and neither accepted nor over yet. */
  readonly inFlight: number
  readonly address: string | null
  /** Epoch ms; 0: never. */
  readonly connectedAt: number
}
