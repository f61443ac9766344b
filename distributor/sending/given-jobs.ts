import { packArgs } from '../../src/bytes/values.js'
import type { EnqueueOptions, ParsedOptions } from '../../src/job/enqueue-options.js'
import { pinnedTo } from '../../src/job/terms/where.js'
import type { ArgsOf, JobArgs, JobName } from '../../src/job/types.js'
import { shown } from '../../src/options/duration.js'
import { BUNDLE, checked, NAME } from '../../src/rules.js'
import { checkFeedbacks } from '../told/check-call.js'
import type { ErrorFeedback, Feedback, SuccessFeedback } from '../told/ticket.js'

/** One of several jobs that are enqueued together. */
export type GivenJob<Name extends string> = {
  readonly name: Name
  readonly opts?: EnqueueOptions | undefined
  readonly onSuccess?: SuccessFeedback<Name> | undefined
  readonly onError?: ErrorFeedback<Name> | undefined
} & (Record<never, never> extends ArgsOf<Name>
  ? { readonly args?: ArgsOf<Name> | undefined }
  : { readonly args: ArgsOf<Name> })

/** The jobs of these names, in order. */
export type GivenJobs<Names extends readonly JobName[]> = {
  readonly [At in keyof Names]: GivenJob<Names[At]>
}

/** What of one of them is looked at here. */
export interface Given {
  readonly name: string
  readonly args?: JobArgs | undefined
  readonly opts?: EnqueueOptions | undefined
  readonly onSuccess?: Feedback | undefined
  readonly onError?: Feedback | undefined
}

/** One of them, checked. */
export interface CheckedJob {
  readonly path: string
  readonly name: string
  readonly args: Buffer
  readonly options: ParsedOptions
  readonly onSuccess: Feedback | null
  readonly onError: Feedback | null
}

const FIELDS = ['name', 'args', 'opts', 'onSuccess', 'onError']

/** Throws a TypeError that begins with `path`. `more`: fields that it may have beside. */
export function checkedJob(
  given: Given,
  path: string,
  parse: (options: EnqueueOptions | undefined) => ParsedOptions,
  more: readonly string[] = [],
): CheckedJob {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`${path}: expected { name, args, opts, … }, got ${shown(given)}`)
  for (const key of Object.keys(given)) {
    if (FIELDS.includes(key) || more.includes(key)) continue
    throw new TypeError(`${path}.${key}: no such field; known: ${[...FIELDS, ...more].join(', ')}`)
  }
  const { name, args, opts, onSuccess, onError } = given
  checked(NAME, name, `${path}.name`)
  checkFeedbacks(path, onSuccess, onError)
  return {
    path,
    name,
    options: within(path, () => parse(opts)),
    args: packArgs(args ?? {}, `${path}.args`),
    onSuccess: onSuccess ?? null,
    onError: onError ?? null,
  }
}

/** What can't go to one node, or is too much for it to take at once. Throws a TypeError, or what `tooMuch` makes, with the path of the first that is wrong. */
export function checkTogether(
  jobs: readonly CheckedJob[],
  tooMuch: (text: string) => Error = (text) => new TypeError(text),
): void {
  if (jobs.length > BUNDLE.jobs)
    throw tooMuch(`jobs: expected at most ${BUNDLE.jobs} jobs, got ${jobs.length}`)
  const ids = new Map<string, string>()
  let bytes = 0
  let pinned: { readonly node: string; readonly path: string } | null = null
  for (const { path, args, options } of jobs) {
    const { id, agreed } = options
    bytes += args.length + agreed.bytes.length
    if (bytes > BUNDLE.bytes && jobs.length > 1)
      throw tooMuch(
        `${path}: with it the jobs take more than ${BUNDLE.bytes} bytes of args and options: enqueue fewer jobs together`,
      )
    if (id !== null) {
      const other = ids.get(id)
      if (other !== undefined) throw new TypeError(`${path}.opts.id: '${id}' is that of ${other}, too`)
      ids.set(id, path)
    }
    const node = pinnedTo(agreed.terms)
    if (node === null) continue
    pinned ??= { node, path }
    if (node !== pinned.node)
      throw new TypeError(
        `${path}.opts.node: expected '${pinned.node}', as ${pinned.path} is for that node alone`,
      )
  }
}

/** The path of what is wrong begins with that of what it is in. */
function within<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`${path}.${error.message}`, { cause: error })
  }
}
