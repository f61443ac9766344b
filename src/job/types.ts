/**
 * Declare your jobs here to have names, arguments and results checked and inferred:
 *
 * ```ts
 * declare module 'job-reactor' {
 *   interface JobRegistry { resize: { args: { file: string }; result: { width: number } } }
 * }
 * ```
 *
 * Without a declaration any name and any plain object will do.
 */
// biome-ignore lint/suspicious/noEmptyInterface: users add to it
export interface JobRegistry {}

/** The arguments of a job, when nothing is declared: a plain object of values that can be sent. */
export type JobArgs = Record<string, unknown>

type Declared = keyof JobRegistry & string

/** Names that may be enqueued: the declared ones, or any when none are declared. */
export type JobName = [Declared] extends [never] ? string : Declared

export type ArgsOf<Name extends string> = Name extends keyof JobRegistry
  ? JobRegistry[Name] extends { args: infer Args }
    ? Args
    : JobArgs
  : JobArgs

export type ResultOf<Name extends string> = Name extends keyof JobRegistry
  ? JobRegistry[Name] extends { result: infer Result }
    ? Result
    : JobArgs
  : JobArgs

/** What may follow the name of a job where it is enqueued: its args, unless none are required, and then `More`. */
export type GivenFor<Name extends string, More extends readonly unknown[]> =
  Record<never, never> extends ArgsOf<Name> ? [args?: ArgsOf<Name>, ...More] : [args: ArgsOf<Name>, ...More]

/** What a feedback gets: the args, and everything that the job and its callbacks added. */
export type DoneArgs<Name extends string> = ArgsOf<Name> & ResultOf<Name>

/** What a failed job's feedback gets. Additions may be there or not, depending on how far the job came. */
export type FailedArgs<Name extends string> = ArgsOf<Name> & Partial<ResultOf<Name>> & { error: JobFailure }

/** The error of a job as it arrives in the app: an Error again, with a stable `code`. */
export type JobFailure = Error & { readonly code: string }
