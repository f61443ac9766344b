import { fileURLToPath } from 'node:url'
import { PACKAGE_VERSION } from '../package-version.js'
import type { JobContext, JobItself } from './job-context.js'
import type { GivenLimits } from './limits.js'
import type { WaitsForChildren } from './others.js'
import type { Backoff } from './retry-policy.js'
import type { Snooze } from './snooze.js'
import type { ArgsOf, DoneArgs, JobArgs, JobRegistry, ResultOf } from './types.js'

/**
 * Options of a job, for every enqueue that does not say otherwise, and the limits of its name. Limits that are set at run time
 * come in place of these.
 */
export interface JobOptions extends GivenLimits {
  /** Runs on a deferred child, one at a time: for blocking or CPU-heavy work. Default false. */
  readonly defer?: boolean
  /** Seconds or a duration such as `'30s'` for one attempt. Default: the node's. */
  readonly timeout?: number | string
  /** Attempts, the first included. Default: the node's. */
  readonly maxAttempts?: number
  /** Lines of its log that are kept with the job, 0 to 1,000. Default: the node's. */
  readonly keepLogs?: number
  /** Default: the node's. A function gets the attempt (from 1) and its error, and answers seconds. */
  readonly backoff?: Backoff | ((attempt: number, error: Error) => number)
}

/** What a job's handler gets: its args, and room for its results. Of a job that is not declared: anything. */
export type HandlerArgs<Name extends string> = Name extends keyof JobRegistry
  ? ArgsOf<Name> & Partial<ResultOf<Name>> & { readonly jobItself?: JobItself }
  : JobArgs

/**
 * What a job's handler may return: all of its results, or nothing, when it (or a callback) assigns them to the args. A
 * job whose only result is `result` may return that alone.
 */
export type JobReturn<Name extends string> = Name extends keyof JobRegistry
  ? // biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing, also from an async function
    ResultOf<Name> | Other<ResultOf<Name>> | void
  : unknown

/** What else may be returned in place of these results. */
type Other<Result> =
  | Snooze
  | WaitsForChildren
  | (Result extends { result: infer Only } ? Alone<Result, Only> : never)

type Alone<Result, Only> = { result: Only } extends Result ? Only : never

/** `args` may be changed: later callbacks and the feedback see it. A plain object that is returned is merged into it. */
export type JobHandler<Args, Result> = (args: Args, ctx: JobContext) => Result | Promise<Result>

/** What a callback gets: the args with all that the job has declared as results. */
export type CallbackArgs<Name extends string> = HandlerArgs<Name> & DoneArgs<Name>

/** `args.error` is why the attempt failed. */
export type ErrbackHandler<Args> = (args: Args & { error: Error }, ctx: JobContext) => unknown

/** A job's body, or what runs after it. */
export type Handler = (args: JobArgs, ctx: JobContext) => unknown

export interface RegisteredJob {
  readonly name: string
  options: JobOptions
  handler: Handler | null
  /** What is done around its body: the first is outermost. */
  readonly around: Around['handler'][]
  readonly callbacks: Handler[]
  readonly errbacks: Handler[]
}

/** Something around the bodies of jobs. */
export interface Around {
  /** Null: of all jobs. */
  readonly names: readonly string[] | null
  readonly handler: (args: JobArgs, ctx: JobContext, next: () => Promise<void>) => unknown
}

/** What all copies of the package in a process share: a job file may resolve another copy than the child's own. */
export interface SharedRegistry {
  readonly format: number
  readonly owner: string
  readonly jobs: Map<string, RegisteredJob>
  readonly arounds: Around[]
  /** Copies that registered in another format, and so for nothing. */
  readonly strangers: string[]
  /** Jobs run in this process: it is a child of a node. */
  runsJobs?: boolean
}

const KEY = Symbol.for('job-reactor.registry')
const FORMAT = 3

/** Whether this process is a child of a node, whichever copy of the package asks. */
export function runsJobs(): boolean {
  return (Reflect.get(globalThis, KEY) as SharedRegistry | undefined)?.runsJobs === true
}

export function registry(): SharedRegistry {
  const found: SharedRegistry | undefined = Reflect.get(globalThis, KEY)
  if (found === undefined) {
    const made: SharedRegistry = {
      format: FORMAT,
      owner: copy(),
      jobs: new Map(),
      arounds: [],
      strangers: [],
    }
    Object.defineProperty(globalThis, KEY, { value: made })
    return made
  }
  if (found.format !== FORMAT) {
    found.strangers.push(copy())
    throw new Error(
      `two versions of job-reactor meet in one process: ${found.owner} and ${copy()}; install one`,
    )
  }
  return found
}

function copy(): string {
  return `${PACKAGE_VERSION} at ${fileURLToPath(new URL('../..', import.meta.url))}`
}
