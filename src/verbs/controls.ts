import type { Limits, Rate } from '../job/limits.js'
import { AT_ONCE, GROUP, NAME, RATE_COUNT, RATE_MS } from '../rules.js'
import { exactly, type Form, type FormOf, listOf, one, optional, orNull, record } from './form.js'
import { BOOLEAN, NUMBER } from './query.js'

/** What is paused: a node, all jobs of a name on it, or those of one group of a name. */
export interface Pausable {
  readonly name?: string | undefined
  /** Goes with a name. */
  readonly group?: string | undefined
}

/** Since when (epoch ms), and by which app or command. */
const since = { since: one(NUMBER), by: one(NAME) }
export const SAID = record(since, 'since when (ms), and by whom')
export type Said = FormOf<typeof SAID>

export const RATE: Form<Rate> = exactly({ limit: one(RATE_COUNT), perMs: one(RATE_MS) })
export const LIMIT_FIELDS = {
  concurrency: optional(one(AT_ONCE)),
  rate: optional(RATE),
  groupConcurrency: optional(one(AT_ONCE)),
  groupRate: optional(RATE),
}
const limits = exactly(LIMIT_FIELDS)
const LIMITS: Form<Limits> = {
  says: 'limits',
  // What is absent is left out.
  read: (value, path, wrong) => limits.read(value, path, wrong) as Limits,
}

/** A name: what its job file says of it, and what was set at run time. */
export const NAME_FIELDS = {
  name: one(NAME),
  /** A child has loaded a job of this name. */
  known: one(BOOLEAN),
  defer: one(BOOLEAN),
  timeoutMs: orNull(one(NUMBER)),
  maxAttempts: orNull(one(NUMBER)),
  running: one(NUMBER),
  /** Those of the job file. */
  limits: orNull(LIMITS),
  /** Those that were set, and hold in place of them. */
  set: orNull(record({ ...since, limits: LIMITS }, 'since when (ms), by whom, and limits')),
  paused: orNull(SAID),
  groups: listOf(record({ ...since, group: one(GROUP) }, 'since when, by whom, and group')),
}
const NAME_FACTS = record(NAME_FIELDS, 'the facts of a name')
export type NameFacts = FormOf<typeof NAME_FACTS>

const NODE_NAMES = record({ paused: orNull(SAID), names: listOf(NAME_FACTS) })
export type NamesOfNode = FormOf<typeof NODE_NAMES>

const pausable = exactly({ name: optional(one(NAME)), group: optional(one(GROUP)) })
const PAUSABLE: Form<Pausable> = {
  says: pausable.says,
  read: (value, path, wrong) => {
    const what = pausable.read(value, path, wrong)
    if (what.group === undefined || what.name !== undefined) return what
    throw wrong(`${path}name`, 'the name whose group it is', undefined)
  },
}

const CHANGED: Form<boolean> = { ...one(BOOLEAN), says: 'whether it was otherwise before' }
/** Verbs on what holds for the jobs of a name, and for the node. */
export const CONTROL_VERBS = {
  names: {
    right: 'read',
    says: 'The names that the node knows, and those for which something is set: limits and pauses.',
    asks: exactly({ name: optional(one(NAME)) }),
    answers: NODE_NAMES,
  },
  'set-limits': {
    right: 'write',
    says: 'Limits of a name in place of those of its job file, kept in the store; null: those of the job file.',
    asks: exactly({ name: one(NAME), limits: orNull(LIMITS) }),
    answers: CHANGED,
  },
  pause: {
    right: 'write',
    says: 'Begins no job of a name, of a group of it, or at all, until `resume`. Kept in the store.',
    asks: PAUSABLE,
    answers: CHANGED,
  },
  resume: {
    right: 'write',
    says: 'Ends the pause of a name, of a group of it, or of the node.',
    asks: PAUSABLE,
    answers: CHANGED,
  },
} as const
