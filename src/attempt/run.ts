import { unpackChecked } from '../bytes/codec.js'
import { codeOf, packError } from '../bytes/error-record.js'
import { isPackedMap } from '../bytes/msgpack-check.js'
import { packArgs } from '../bytes/values.js'
import type { Clock } from '../clock.js'
import { JrError } from '../errors.js'
import { WaitsForChildren } from '../job/others.js'
import type { RegisteredJob } from '../job/registry.js'
import { Snooze } from '../job/snooze.js'
import type { JobArgs } from '../job/types.js'
import type { Facts } from '../logger.js'
import { messageOf } from '../thrown.js'
import { abortError, type Context } from './context.js'
import type { Done, Run } from './messages.js'

export interface RunRules {
  readonly maxResult: number
  readonly mergeJobItself: boolean
  readonly clock: Clock
  /** The synchronous part of a handler took so many milliseconds. */
  readonly onBlocked: (run: Run, ms: number) => void
  readonly onWarning: (run: Run, text: string, facts: Facts) => void
}

const NOTHING = Buffer.alloc(0)

/** What a handler may return so that the job runs again. */
type Later = Snooze | WaitsForChildren

/** A synchronous part this long keeps every other job of an evented child waiting. */
const BLOCKED_MS = 200

/** One attempt: body, then callbacks; or, when anything of it throws, errbacks. Never rejects. */
export async function runAttempt(run: Run, job: RegisteredJob, ctx: Context, rules: RunRules): Promise<Done> {
  let args: JobArgs = {}
  try {
    args = readArgs(run)
    if (rules.mergeJobItself) args.jobItself = ctx.facts()
    let later =
      job.around.length === 0
        ? merge(args, await called(job.handler, args, ctx, run, rules))
        : await within(job, args, ctx, run, rules)
    for (const handler of job.callbacks) {
      if (later !== null) break
      later = merge(args, await called(handler, args, ctx, run, rules))
    }
    if (later instanceof WaitsForChildren) await ctx.childrenAccepted()
    if (ctx.aborted === 'cancel' || ctx.aborted === 'timeout') throw abortError(run, ctx.aborted)
    if (later !== null) return postponed(run, later)
    const packed = packResult(args, rules)
    return done(run, 'completed', packed)
  } catch (error) {
    return fail(run, job, ctx, rules, args, error)
  }
}

function readArgs({ name, args }: Run): JobArgs {
  if (isPackedMap(args)) return unpackChecked(args) as JobArgs
  throw new JrError('JR_PROTOCOL', `args of '${name}': expected a packed object`)
}

async function fail(
  run: Run,
  job: RegisteredJob,
  ctx: Context,
  rules: RunRules,
  args: JobArgs,
  thrown: unknown,
): Promise<Done> {
  // The node gives the job back: it is not the job that failed.
  if (ctx.aborted === 'shutdown') return done(run, 'returned', run.args)
  let cancelled = isA('CancelJob', thrown) || ctx.aborted === 'cancel'
  let givenUp = isA('FailJob', thrown)
  let later: Later | null = null
  const cause =
    ctx.aborted === 'timeout' ? abortError(run, 'timeout') : cancelled ? cancelError(run, thrown) : thrown
  const error = asError(cause)
  // A job that cancels itself has not failed: its errbacks are not for that.
  if (!cancelled) {
    args.error = error
    for (const handler of job.errbacks) {
      try {
        later = merge(args, await called(handler, args, ctx, run, rules)) ?? later
      } catch (inErrback) {
        if (isA('CancelJob', inErrback)) cancelled = true
        else if (isA('FailJob', inErrback)) givenUp = true
        else args.errbackError = { name: asError(inErrback).name, message: messageOf(inErrback) }
      }
    }
  }
  delete args.error
  if (later !== null && !cancelled && !givenUp) return postponed(run, later)
  const packed = packWhatCanBe(args, run, rules)
  const own = codeOf(error)
  const code = own === '' ? 'JR_JOB_FAILED' : own
  const failed = ctx.aborted === 'timeout' ? 'timeout' : 'failed'
  const status = cancelled ? 'cancelled' : givenUp ? 'given-up' : failed
  const retryAfterMs = status === failed ? backoffOf(run, job, error, rules) : null
  return {
    type: 'done',
    token: run.token,
    status,
    code: String(code),
    message: messageOf(error),
    retryAfterMs,
    args: packed,
    error: packError(error, code),
  }
}

/** The body, within what is around it. */
async function within(
  job: RegisteredJob,
  args: JobArgs,
  ctx: Context,
  run: Run,
  rules: RunRules,
): Promise<Later | null> {
  let later: Later | null = null
  const go = async (at: number): Promise<void> => {
    const around = job.around[at]
    if (around === undefined) later = merge(args, await called(job.handler, args, ctx, run, rules))
    else await around(args, ctx, () => go(at + 1))
  }
  await go(0)
  return later
}

function called(
  handler: RegisteredJob['handler'],
  args: JobArgs,
  ctx: Context,
  run: Run,
  rules: RunRules,
): unknown {
  const { clock, onBlocked } = rules
  const from = clock.mono()
  try {
    return handler?.(args, ctx)
  } finally {
    const ms = clock.mono() - from
    if (ms > BLOCKED_MS) onBlocked(run, Math.round(ms))
  }
}

/**
 * A plain object is merged into the args; anything else that is returned becomes `args.result`. But for a snooze, or a wait for children,
 * which is answered.
 */
function merge(args: JobArgs, returned: unknown): Later | null {
  if (returned === undefined || returned === args) return null
  if (returned instanceof Snooze || returned instanceof WaitsForChildren) return returned
  const plain =
    typeof returned === 'object' && returned !== null && Object.getPrototypeOf(returned) === Object.prototype
  if (plain) Object.assign(args, returned)
  else args.result = returned
  return null
}

function packResult(args: JobArgs, rules: RunRules): Buffer {
  if (rules.mergeJobItself) delete args.jobItself
  let packed: Buffer
  try {
    packed = packArgs(args)
  } catch (cause) {
    throw new JrError('JR_RESULT_NOT_SERIALIZABLE', `the result cannot be sent: ${messageOf(cause)}`, {
      cause,
    })
  }
  if (packed.length > rules.maxResult) {
    const text = `the args with the results take ${packed.length} bytes; the node takes ${rules.maxResult} (option maxResult)`
    throw new JrError('JR_RESULT_TOO_LARGE', text)
  }
  return packed
}

/** After a failure: the args with what had been added, if that can be sent, else as they came. */
function packWhatCanBe(args: JobArgs, run: Run, rules: RunRules): Buffer {
  try {
    return packResult(args, rules)
  } catch {
    // The failure that counts is reported already.
    return run.args
  }
}

function backoffOf(run: Run, job: RegisteredJob, error: Error, rules: RunRules): number | null {
  const { backoff } = job.options
  if (typeof backoff !== 'function') return null
  try {
    const seconds = backoff(run.attempt, error)
    if (typeof seconds === 'number' && seconds >= 0) return Math.ceil(Math.min(seconds, 1e9) * 1000)
    const text = 'the backoff function did not answer seconds; the default is used'
    rules.onWarning(run, text, { answer: seconds })
  } catch (thrown) {
    rules.onWarning(run, 'the backoff function threw; the default is used', { error: messageOf(thrown) })
  }
  return null
}

/** By name, so that the class of another copy of the package will do. */
function isA(name: 'CancelJob' | 'FailJob', thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === name
}

function cancelError(run: Run, thrown: unknown): JrError {
  const cause = thrown instanceof Error ? thrown : undefined
  const text = isA('CancelJob', thrown) ? messageOf(thrown) : abortError(run, 'cancel').message
  return new JrError('JR_CANCELLED', text, cause === undefined ? {} : { cause })
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new JrError('JR_JOB_FAILED', messageOf(thrown), { cause: thrown })
}

/** Later it begins with the args as they came. */
function postponed(run: Run, later: Later): Done {
  if (later instanceof WaitsForChildren) return done(run, 'waiting', run.args)
  return { ...done(run, 'snoozed', run.args), retryAfterMs: later.ms }
}

function done(run: Run, status: Done['status'], args: Buffer): Done {
  return {
    type: 'done',
    token: run.token,
    status,
    code: '',
    message: '',
    retryAfterMs: null,
    args,
    error: NOTHING,
  }
}
