import type { JobName } from '../../src/job/types.js'
import type { GivenJob } from '../sending/given-jobs.js'
import type { GivenNeeds } from './plan.js'

/** The names of the jobs of a flow, by their keys. */
export type FlowNames = Readonly<Record<string, JobName>>

/** A job of a flow: as one of those that are enqueued together, and which others have to end before it. */
export type FlowJob<Name extends string, Others extends string = string> = GivenJob<Name> & {
  readonly needs?: GivenNeeds<Others> | undefined
}

/** What a flow is enqueued with. */
export interface GivenFlow<Names extends FlowNames = FlowNames> {
  /** Text of 1 to 128 characters: while a flow of this id has not ended, there is no other. Default: a fresh one. */
  readonly id?: string | undefined
  /** When a job has not completed, those that have not begun are cancelled. Default false. */
  readonly failFast?: boolean | undefined
  /** By keys of your own, 10,000 at most. */
  readonly jobs: {
    readonly [Key in keyof Names]: FlowJob<Names[Key], Exclude<keyof Names & string, Key>>
  }
}
