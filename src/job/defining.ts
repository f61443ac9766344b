import { checked, NAME } from '../rules.js'
import type { JobContext } from './job-context.js'
import {
  type Around,
  type CallbackArgs,
  type ErrbackHandler,
  type Handler,
  type HandlerArgs,
  type JobHandler,
  type JobOptions,
  type JobReturn,
  type RegisteredJob,
  registry,
} from './registry.js'
import type { JobArgs, JobName } from './types.js'

/**
 * Defines a job. Call it in a file of the job directory. Defining a name again replaces the job and drops its
 * callbacks and errbacks. Throws a TypeError for bad arguments.
 */
export function job<Name extends JobName>(
  name: Name,
  handler: JobHandler<HandlerArgs<Name>, JobReturn<Name>>,
): void
export function job<Name extends JobName>(
  name: Name,
  options: JobOptions,
  handler: JobHandler<HandlerArgs<Name>, JobReturn<Name>>,
): void
export function job(name: string, ...rest: unknown[]): void {
  const handler = rest.at(-1)
  const options = rest.length > 1 ? rest[0] : {}
  checked(NAME, name, "job: the job's name")
  checkHandler(handler, `job('${name}')`)
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`job('${name}'): options must be an object`)
  const known = registry().jobs.get(name)
  // Callbacks may have been registered first, by a file that sorts before the job's own.
  const hooks = known !== undefined && known.handler === null ? known : { callbacks: [], errbacks: [] }
  const { callbacks, errbacks } = hooks
  registry().jobs.set(name, { name, options, handler, around: aroundOf(name), callbacks, errbacks })
}

/**
 * Runs after the job's body, in the child, in the order of registration; what it throws fails the attempt. `callbackName` is for
 * those who read the file.
 */
export function jobCallback<Name extends JobName>(
  name: Name,
  callbackName: string,
  handler: JobHandler<CallbackArgs<Name>, unknown>,
): void
export function jobCallback<Name extends JobName>(
  name: Name,
  handler: JobHandler<CallbackArgs<Name>, unknown>,
): void
export function jobCallback(name: string, ...rest: unknown[]): void {
  entry(name, 'jobCallback').callbacks.push(handlerOf(`jobCallback('${name}')`, rest))
}

/** Runs in the child after each failed attempt, in the order of registration. `errbackName` is for those who read the file. */
export function jobErrback<Name extends JobName>(
  name: Name,
  errbackName: string,
  handler: ErrbackHandler<HandlerArgs<Name>>,
): void
export function jobErrback<Name extends JobName>(name: Name, handler: ErrbackHandler<HandlerArgs<Name>>): void
export function jobErrback(name: string, ...rest: unknown[]): void {
  entry(name, 'jobErrback').errbacks.push(handlerOf(`jobErrback('${name}')`, rest))
}

function entry(name: string, what: string): RegisteredJob {
  checked(NAME, name, `${what}: the job's name`)
  const { jobs } = registry()
  const known = jobs.get(name)
  if (known !== undefined) return known
  const made: RegisteredJob = {
    name,
    options: {},
    handler: null,
    around: aroundOf(name),
    callbacks: [],
    errbacks: [],
  }
  jobs.set(name, made)
  return made
}

function handlerOf(what: string, rest: unknown[]): Handler {
  const handler = rest.at(-1)
  checkHandler(handler, what)
  return handler
}

function checkHandler(handler: unknown, what: string): asserts handler is Handler {
  if (typeof handler !== 'function') throw new TypeError(`${what}: the last argument must be a function`)
}

/**
 * What is done around the body of a job. `next` runs what is within, and at last the body: await it. It resolves when all that
 * the body returned is in `args`, and rejects with what it threw. Not to call it is to leave out the body.
 */
export type AroundHandler<Args> = (args: Args, ctx: JobContext, next: () => Promise<void>) => unknown

/**
 * Does something around the body of each attempt: of all jobs, or of those of a name, or of some names. In the order of
 * registration, which is that of the files: the first is outermost. What it throws is the attempt's failure. Callbacks and
 * errbacks run behind it. Throws a TypeError for bad arguments.
 */
export function aroundJob(handler: AroundHandler<JobArgs>): void
export function aroundJob<Name extends JobName>(
  names: Name | readonly Name[],
  handler: AroundHandler<HandlerArgs<Name>>,
): void
export function aroundJob(...given: unknown[]): void {
  const handler = given.at(-1)
  checkHandler(handler, 'aroundJob')
  const names = given.length > 1 ? [given[0]].flat() : null
  for (const name of names ?? []) checked(NAME, name, "aroundJob: a job's name")
  const around: Around = { names: names as readonly string[] | null, handler }
  const { arounds, jobs } = registry()
  arounds.push(around)
  for (const job of jobs.values()) if (isAround(around, job.name)) job.around.push(around.handler)
}

function isAround({ names }: Around, name: string): boolean {
  return names === null || names.includes(name)
}

/** What was registered so far. */
function aroundOf(name: string): Around['handler'][] {
  const its = registry().arounds.filter((around) => isAround(around, name))
  return its.map(({ handler }) => handler)
}
