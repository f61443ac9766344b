import type { JrError } from '../../src/errors.js'
import type { JobRecord, Outcome } from '../../src/job/record.js'
import type {
  Acknowledge,
  Adopt,
  Answer,
  Begin,
  End,
  Insert,
  Move,
  NoteOnly,
  Remove,
  Together,
} from '../../src/store/contract.js'

/**
 * Changes as the node makes them: beside what the store writes, what the node does once it is written. `report` is
 * the outcome to send, whether the store keeps it (`outcome`) or nobody asked for it to be kept.
 */
export type NodeChange = NodeSingle | NodeTogether

export type NodeSingle = NodeInsert | Begin | NodeMove | NodeEnd | Remove | Acknowledge | Adopt | NodeNote

/** What follows is that of each, as if it stood alone. */
export type NodeTogether = Together<NodeSingle>

export interface NodeInsert extends Insert {
  /** Told when its number is on disk, and before that when a job of its id was there. */
  readonly origin: Origin | null
  /** Its origin has been told that it is no new job. */
  known?: boolean
  /** It has run before, and a key that was to be its own until a time is its own still. */
  readonly again?: boolean
  /** A child was free: an attempt has begun while this is on its way to the disk. */
  started: boolean
}

export interface Origin {
  /**
   * It is no new job: the one of this id is there, which has its id, or what it is to be the only one by. Told before any
   * outcome of that one.
   */
  joined(change: NodeInsert, id: string): void
  /**
   * It is not to be one of the job that is there; or it was to come together with others, and is why none of them is taken. Told before
   * its number is on the disk, as `joined` is.
   */
  refused(change: NodeInsert, error: JrError): void
  /** Its number is on the disk, whether it is a new job or not. */
  stored(change: NodeInsert): void
}

/** Told when it is written, or was not done, and why. */
type Done = (ok: boolean, answer: Answer) => void

export interface NodeMove extends Move {
  readonly report: Outcome | null
  readonly done: Done | null
}

export interface NodeEnd extends End {
  readonly report: Outcome | null
  /** It has not ended of itself: it is one with the job of this id from now on, which had its key. */
  readonly into?: string
  readonly done: Done | null
}

export interface NodeNote extends NoteOnly {
  readonly done: ((answer: Answer) => void) | null
}

/** Where the node's parts put their changes: the group commit, as they see it. */
export interface Journal {
  add(change: NodeChange, durable: boolean): void
  /** Resolves when everything added before has been committed. */
  flushed(): Promise<void>
}

/** A job takes another place without an outcome. */
export function moveOf(
  from: JobRecord,
  running: boolean,
  to: JobRecord,
  done: NodeMove['done'] = null,
): NodeMove {
  return { kind: 'move', from, running, to, outcome: null, report: null, done }
}
