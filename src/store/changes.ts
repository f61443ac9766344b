import type { EndedJob, JobRecord, Outcome } from '../job/record.js'
import type { Note, Shelf } from './notes.js'

/** One step of a store. */
export type Single = Insert | Begin | Move | End | Remove | Acknowledge | NoteOnly
/** What a store is given. */
export type Change = Single | Together

/** What a store that nodes share is given. */
export type SharedSingle = Single | Adopt
export type SharedChange = SharedSingle | Together<SharedSingle>

/** Every change may carry notes: they are written in its own step, and it is not done without them. */
interface Noting {
  /**
   * One behind the other, each in place of the one of its key; all that `unless` says is looked at before, and after what else
   * may keep the change from being done. In a change with an `owner`, a note that goes is the owner's, if the shelf is
   * a node's own; one that comes is this node's.
   */
  readonly notes?: readonly Note[] | undefined
}

/**
 * A new job. `duplicate` when `ownId` and a job of this id waits or runs. One that has ended and is kept makes way for it:
 * it is removed in the same step; its outcome stays. In a store that nodes share, also `duplicate` when it is not `ownId`
 * and a job of its id is there, ended or not: it has come to another of them before.
 */
export interface Insert extends Noting {
  readonly kind: 'insert'
  readonly job: JobRecord
  /** False: the id was made for this job, and there is none of it. */
  readonly ownId: boolean
  /**
   * The sender's number, recorded as taken whatever the answer is, for a later one would say so anyway; never lowers what has
   * been taken. Whoever has a job refused sees to it that its sender is told. Null: the job was made by the node.
   */
  readonly number: number | null
  /**
   * Where it was sent before, and nobody knows whether it came. A store that nodes share answers `duplicate` when the
   * number that one of these nodes has taken from this life of the distributor says that it did: also when the job has
   * ended since.
   */
  readonly sentBefore?: readonly SentBefore[]
}

export interface SentBefore {
  readonly node: string
  /** The number that it was sent under, and the last one given for that node by then: later ones say nothing of it. */
  readonly number: number
  readonly last: number
}

/** A waiting job begins an attempt. `job` is the record as it waits; its attempt becomes `job.attempt + 1`. */
export interface Begin extends Noting {
  readonly kind: 'begin'
  readonly job: JobRecord
  readonly startedAt: number
}

/**
 * A job takes another place: after a failed attempt, for the next slot of a schedule, given back, or changed while
 * it waits. `from` is the record as last stored (its place), `running` whether an attempt had begun.
 */
export interface Move extends Noting {
  readonly kind: 'move'
  readonly from: JobRecord
  readonly running: boolean
  readonly to: JobRecord
  /** The outcome of a run of a schedule, kept until acknowledged. */
  readonly outcome: Outcome | null
  /** The lost neighbour that has the job so far; absent: this node. */
  readonly owner?: string
}

/** A job ends. Notes that come with the end of a job which is kept go when it is kept no longer, whatever removes it. */
export interface End extends Noting {
  readonly kind: 'end'
  readonly from: JobRecord
  readonly running: boolean
  readonly outcome: Outcome | null
  /** Kept for people to look at, or null to remove the job. */
  readonly keep: EndedJob | null
  /** The lost neighbour that has the job so far; absent: this node. */
  readonly owner?: string
}

/** An ended and kept job is forgotten. */
export interface Remove extends Noting {
  readonly kind: 'remove'
  readonly id: string
}

/**
 * Outcomes that the distributor has taken, or that nobody will: `seqs` of that distributor. Those that are not there
 * count for nothing, for the same ones may be acknowledged twice.
 */
export interface Acknowledge extends Noting {
  readonly kind: 'acknowledge'
  readonly distributor: string
  readonly seqs: readonly number[]
}

/** An outcome that a lost neighbour has left becomes one of this node's, under a number of its own. */
export interface Adopt extends Noting {
  readonly kind: 'adopt'
  readonly owner: string
  readonly from: Outcome
  readonly outcome: Outcome
}

/** Notes alone. */
export interface NoteOnly extends Noting {
  readonly kind: 'note'
}

/**
 * Several changes, all of which are done or none. Each finds what those before it have left. The first that can't be done is
 * the answer, and none is; but numbers of senders count as taken.
 */
export interface Together<C extends SharedSingle = Single> {
  readonly kind: 'together'
  readonly changes: readonly C[]
}

/**
 * `stale`: the job is not where the change says (gone, moved, running when it should wait or the other way round).
 * Nothing was done, unless it is `ok`.
 */
export type Answer = 'ok' | Refusal | Refused

export type Refusal = 'duplicate' | 'stale' | TakenNote

/** What is there under the key of a note that was to come `unless: 'taken'`: the first of the change. */
export interface TakenNote {
  readonly is: 'taken'
  readonly shelf: Shelf
  readonly key: string
  readonly value: Buffer
}

/** Of changes that were to be done together: which can't be, counted from 0, and why. */
export interface Refused {
  readonly is: 'refused'
  readonly at: number
  readonly answer: Refusal
}
