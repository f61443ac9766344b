import { NAME, type Rule, WHOLE } from '../rules.js'
import { SAID } from './controls.js'
import { exactly, type FormOf, listOf, one, oneOf, optional, orNull, record } from './form.js'
import { BOOLEAN, NUMBER } from './query.js'

const TEXT: Rule<string> = { says: 'text', meets: (value): value is string => typeof value === 'string' }

/** What a child does: `standby`: it takes the place of the next one that is lost. */
export const CHILD_KINDS = ['evented', 'deferred', 'standby'] as const
/** `retiring`: it begins nothing more, and ends when what runs on it has. */
export const CHILD_STATES = ['starting', 'ready', 'retiring', 'gone'] as const
/** Attempts that are shown of each child, and of all together, about: the answer has to fit in a frame. */
export const MOST_RUNNING = { ofChild: 100, ofAll: 2000 } as const

const RUNNING = record(
  { id: one(NAME), name: one(NAME), attempt: one(WHOLE), startedAt: one(NUMBER) },
  'an attempt that runs',
)
/** A child process of a node. */
const CHILD = record(
  {
    pid: one(WHOLE),
    kind: one(oneOf(CHILD_KINDS)),
    state: one(oneOf(CHILD_STATES)),
    startedAt: one(NUMBER),
    /** Bytes; null: that can't be read here. */
    memory: orNull(one(WHOLE)),
    /** Attempts that have ended on it. */
    done: one(WHOLE),
    runningCount: one(WHOLE),
    running: listOf(RUNNING),
  },
  'a child',
)
const STORE = record({
  kind: one(TEXT),
  where: one(TEXT),
  /** Of a folder. */
  bytes: orNull(one(WHOLE)),
  /** On its disk. */
  freeBytes: orNull(one(WHOLE)),
  fine: one(BOOLEAN),
  error: orNull(one(TEXT)),
})
/** How many children are asked for. */
const CHILDREN = record({ children: one(WHOLE), deferred: one(WHOLE) })
export type ChildrenWanted = FormOf<typeof CHILDREN>
const APP = record({ name: one(NAME), connectedAt: one(NUMBER) }, 'an app that is connected')
const OPTION = record(
  { name: one(NAME), value: orNull(one(TEXT)), source: one(TEXT) },
  'an option with its value, as `jr config` shows it, and where it comes from',
)

/** Times are epoch ms, sizes bytes. */
const STATUS = record({
  version: one(TEXT),
  runtime: one(TEXT),
  pid: one(WHOLE),
  startedAt: one(NUMBER),
  at: one(NUMBER),
  memory: one(WHOLE),
  paused: orNull(SAID),
  draining: orNull(SAID),
  store: STORE,
  children: listOf(CHILD),
  most: CHILDREN,
  apps: listOf(APP),
  options: listOf(OPTION),
})
export type StatusOfNode = FormOf<typeof STATUS>

/** Verbs on a node as a whole. */
export const STATUS_VERBS = {
  status: {
    right: 'read',
    says: 'What the node is, what runs on its children, how its store is, who is connected, and its options.',
    asks: exactly({}),
    answers: STATUS,
  },
  resize: {
    right: 'write',
    says: 'Another number of evented children, of deferred ones, or both, for the life of the process.',
    asks: exactly({ children: optional(one(WHOLE)), deferred: optional(one(WHOLE)) }),
    answers: CHILDREN,
  },
  recycle: {
    right: 'write',
    says: 'Replaces a child, or all, each when what runs on it has ended. Answers how many.',
    asks: exactly({ pid: optional(one(WHOLE)) }),
    answers: { ...one(WHOLE), says: 'how many' },
  },
  drain: {
    right: 'write',
    says: 'Whether apps place their jobs elsewhere. What is there runs. Until `on: false`, or the end of the process.',
    asks: exactly({ on: one(BOOLEAN) }),
    answers: { ...one(BOOLEAN), says: 'whether it was otherwise before' },
  },
} as const
