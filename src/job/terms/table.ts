import { DURATION_MS, LEAST_PRIORITY, MOST_ATTEMPTS, MOST_PRIORITY, PERIOD_MS } from '../../rules.js'
import { MISSED } from '../slots.js'
import { flow, needs, parent } from './flow.js'
import { backoff, choice, duration, flag, headers, name, names, tags, text, unique, whole } from './term.js'

/**
 * All terms, the one list of them: an entry here is all that a new one needs to be an option of `enqueue`, refused with its
 * path, carried everywhere that a job goes, shown by monitors, and documented: `npm run docs` puts the line above it into the
 * guide. A number is for good; a new term has the next one.
 */
export const TERMS = {
  /** Again and again, on a grid from the first due time: seconds or a duration, 1 ms at least. */
  period: duration(1, PERIOD_MS),
  /** Slots that passed while the job could not run: `'once'` (one late run, default), `'skip'`, `'all'`. */
  missed: choice(2, MISSED),
  /** On a deferred child. Default: the job's own option, else false. */
  defer: flag(3),
  /** The node that is preferred, or with `strictNode` required. */
  node: name(4),
  /** Wait for `node` rather than go elsewhere. Default: `JR.config.alwaysUseSpecifiedNode`. */
  strictNode: flag(5),
  /** A name, or a list of names: nodes that must not run it. */
  notNode: names(6),
  /** Attempts, the first included. Default: the job's own option, else the node's. */
  maxAttempts: whole(7, 1, MOST_ATTEMPTS),
  /** The wait before the next attempt, in seconds or as data. Default: the job's own option, else the node's. */
  backoff: backoff(8),
  /** For one attempt: seconds or a duration; 0 for none. Default: the job's own option, else the node's. */
  timeout: duration(9, DURATION_MS),
  /** Among the jobs of a node that are due, lower first: a whole number, from -2147483648 to 2147483647. Default 0. */
  priority: whole(10, LEAST_PRIORITY, MOST_PRIORITY),
  /** Up to 16 texts of up to 64 characters, by which monitors find the job. */
  tags: tags(11),
  /** A text of up to 128 characters, such as a tenant: groups of a name take turns, however many jobs each has. */
  group: text(12),
  /** A text of up to 128 characters, such as an account: jobs with the same one, of whatever name, run one at a time, in order. */
  serial: text(13),
  /** One job instead of several: `true` (of its name and args), a text, or `{ key, until, onConflict }`. */
  unique: unique(14),
  /** The jobs of its flow that have to end before it. */
  needs: needs(15),
  /** Text under names, such as what a trace is found by: `ctx.headers`. At most 4 KiB together. Jobs that the job makes have them too. */
  headers: headers(16),
  /** Once it has completed, the job and its result stay this long, whatever the node keeps: seconds or a duration, 1 ms at least. */
  keepResult: duration(17, PERIOD_MS),
  /** The flow that it is of, its key there, and whether the rest is cancelled when one has not completed. */
  flow: flow(18),
  /** The job that has made it, and may wait for it. */
  parent: parent(19),
} as const

/** Terms that follow from what a job is part of: no options of `enqueue`. */
export const INNER_TERMS = ['needs', 'flow', 'parent'] as const
type InnerTerm = (typeof INNER_TERMS)[number]

type Table = typeof TERMS

// `typeof TERMS` is written out: through another name editors lose the docstrings.
/** The terms as they are given. */
export type TermOptions = {
  readonly [Key in Exclude<keyof typeof TERMS, InnerTerm>]?: ReturnType<(typeof TERMS)[Key]['show']>
}
/** The same, and those that follow from what a job is part of. */
export type AllTerms = TermOptions & {
  readonly [Key in InnerTerm]?: ReturnType<(typeof TERMS)[Key]['show']> | undefined
}
/** The terms as they are kept. One that was not asked for is not there. */
export type Terms = {
  readonly [Key in keyof Table as `${Key}${Table[Key]['unit']}`]?: ReturnType<Table[Key]['parse']>
}
