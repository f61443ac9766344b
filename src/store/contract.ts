import type { JrError } from '../errors.js'
import type { KeptAs } from '../job/kept.js'
import type { Lane } from '../job/lane.js'
import type { JobRecord, Outcome, Place, StoredJob } from '../job/record.js'
import type { Act, ActAnswer } from '../verbs/acts.js'
import type { ParsedFilter } from '../verbs/query.js'
import type { ParsedUpdate } from '../verbs/update.js'
import type { Answer, Change } from './changes.js'
import type { NoteRange, Shelf, StoredNote } from './notes.js'

export type * from './changes.js'
export type { Note, NoteName, NoteRange, Shelf, StoredNote } from './notes.js'

/**
 * What a node asks of a store. A store belongs to one node name at a time; the node is the only writer of its jobs
 * and hands the store whole groups of changes, one group at a time. Reads, and `prune`, may come while a group is
 * being committed: they see all of a change or nothing, and everything of a group that was committed or written. Every verb
 * rejects with JR_STORE_CLOSED when the store is not open. What a node does when one rejects: `docs/store-authors.md`.
 */
export interface Store {
  /** A short name for people: `level`, `memory`, … */
  readonly kind: string
  /**
   * Opens, takes the lock, recovers. Rejects with JR_STORE_LOCKED, JR_STORE_CORRUPT, JR_STORE, or JR_BAD_CONFIG when
   * it belongs to a node of another name; nothing stays open then. `epoch` is greater than at every earlier opening,
   * and on disk before this resolves. A job found running stays so until the node moves or ends it.
   */
  open(node: string): Promise<Opened>
  /**
   * Applies each change whole or not at all, in order, and answers each. With `durable`, resolves only when all of
   * them are on disk (as the store's durability option says), and all that was committed before. After a rejection
   * nothing is known of the group: the store refuses every later commit with JR_STORE, and must be closed. Changes
   * have fields of the node's own beside those named here (functions among them); the records in them are never
   * changed, so they may be kept.
   *
   * `onWritten`: a store that has a group before it is on disk may call this once meanwhile, with what it is going to
   * answer: when the group outlives this process, and reads see it. What ended may be told then, and the next group may
   * come; what is new is told when this resolves. Not called after a rejection. Absent: not before it is on disk.
   */
  commit(
    changes: readonly Change[],
    durable: boolean,
    onWritten?: (answers: readonly Answer[]) => void,
  ): Promise<readonly Answer[]>
  /**
   * Jobs of a lane that wait, in order of (due, seq), after `after` (from the front when null). At most `limit`
   * jobs and about `maxBytes` of args, at least one if there is one. Jobs that are running are left out.
   */
  waiting(lane: Lane, after: Place | null, limit: number, maxBytes: number): Promise<JobRecord[]>
  /**
   * The lanes that have waiting jobs, in the order of their texts, after `after` (from the front when null), at most
   * `limit`; of each the due time of its first job. Found by seeking: the time it takes grows with lanes, not with jobs.
   */
  lanes(after: Lane | null, limit: number): Promise<LaneHead[]>
  /** One job in any state, ended and kept ones too; null when there is none. The attempt of a running one counts. */
  load(id: string): Promise<StoredJob | null>
  /**
   * A page of jobs for people: in no promised order, `after` is the `next` of the page before. At most `limit`, and about
   * `LIST_BYTES` of args, errors and stacks.
   */
  list(query: ListQuery): Promise<ListPage>
  /**
   * Outcomes for a distributor that it has not acknowledged, by seq, with seq > after. At most `limit`, and about `maxBytes`
   * of args and errors, at least one if there is one.
   */
  outcomes(distributor: string, after: number, limit: number, maxBytes: number): Promise<Outcome[]>
  /**
   * The highest number taken from this life of this distributor; 0 when none. Kept for as long as that life can come
   * back: of a store without `neighbours`, a lower number than before says that the jobs above it are lost.
   */
  taken(distributor: string, instance: string): Promise<number>
  /**
   * Notes of a range in the order of their keys, which is that of their bytes in UTF-8: at most `limit`, and about `NOTES_BYTES`
   * of values, at least one if there is one. Found by seeking.
   */
  notes(shelf: Shelf, range: NoteRange, limit: number): Promise<StoredNote[]>
  /** How many notes a range has. Their values are not read. */
  countNotes(shelf: Shelf, range: NoteRange): Promise<number>
  /** How many jobs wait, run, have ended and are kept; and outcomes not yet acknowledged. Cheap: no scan. */
  counts(): Promise<Counts>
  /**
   * Of the ended jobs that are kept as this (`keptAs`) removes those whose time (`keptBy`) is before `olderThan` (epoch ms), and
   * all but the newest `keep` by (that time, seq), each with the notes of its end. Answers how many.
   */
  prune(as: KeptAs, olderThan: number, keep: number): Promise<number>
  /** Waits for the commit in flight, lets go of the lock. Tolerates repeats. */
  close(): Promise<void>
  /** Of a store that several nodes share: what a lost one has left is taken over by the others. Absent elsewhere. */
  readonly neighbours?: Neighbours
}

/** The other nodes that share the store. An id is one job among all of them. */
export interface Neighbours {
  /** From now on until `close`. */
  watch(handlers: NeighbourHandlers): void
  /**
   * A page of what a lost node has left, after `after` (from the front when null). The first page ends its epoch: a
   * node that has only been asleep can change nothing from then on. Null when its lease holds again.
   */
  left(node: string, after: string | null): Promise<Left | null>
  /** Of these jobs, a few hundred, those that a lost node has left: what belongs together is looked for by its ids. */
  find(node: string, ids: readonly string[]): Promise<Pick<Left, 'interrupted' | 'waiting'>>
  /** Nothing that can be taken over is left of a lost node. */
  settle(node: string): Promise<void>
}

export interface NeighbourHandlers {
  /**
   * The leases of these nodes have ended; told again and again while something is left. `live`: all that hold. `anew`:
   * those of the lost to which something has happened since the last time, so that there may be more to take over.
   */
  readonly onLost: (lost: readonly string[], live: readonly string[], anew: readonly string[]) => void
  /** JR_LEASE_LOST: another node has what this one had. JR_STORE: the store can't be reached any more. */
  readonly onFailure: (error: JrError) => void
  /**
   * Somebody who looks at the store, and is no node, wants this done to these jobs of this one's. Answers for each what
   * became of it. `update`: goes with that act. Absent: nobody is told.
   */
  readonly onAct?: (act: Act, ids: readonly string[], update?: ParsedUpdate) => Promise<readonly ActAnswer[]>
}

export interface Left {
  readonly interrupted: readonly Interrupted[]
  readonly waiting: readonly JobRecord[]
  readonly outcomes: readonly Outcome[]
  /** Give it as `after` for the next page; null at the end. */
  readonly next: string | null
}

export interface LaneHead {
  readonly lane: Lane
  readonly due: number
}

export interface Counts {
  readonly waiting: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly outcomes: number
}

export interface Opened {
  /** Names this store for good: made once, the same at every opening, another one for a store that was made anew. */
  readonly id: string
  /** Greater at every opening. A node numbers what it makes from `epoch * 2 ** 32` on; it may be a fraction. */
  readonly epoch: number
  /** Jobs whose attempt had begun when the store was last closed or lost; `attempt` includes that attempt. */
  readonly interrupted: readonly Interrupted[]
  /** What a person should know: damage that was found and mended, a first opening. */
  readonly notes: readonly string[]
}

export interface Interrupted {
  readonly job: JobRecord
  readonly startedAt: number
}

/** What the jobs of one page of a list carry, about. */
export const LIST_BYTES = 4 * 1024 * 1024
/**
 * Jobs that are looked at for one page of a list, and about what they carry, where they have to be read for that: a filter
 * that nothing meets costs no unbounded scan. The page may have fewer jobs then than were asked for, or none, and a `next`.
 */
export const LOOKED_AT = { count: 2000, bytes: 4 * 1024 * 1024 } as const

/** Jobs that `meets` lets through. */
export interface ListQuery extends ParsedFilter {
  readonly after?: string | undefined
  readonly limit: number
}

export interface ListPage {
  readonly jobs: readonly StoredJob[]
  /** Give it as `after` for the next page; null at the end. */
  readonly next: string | null
}
