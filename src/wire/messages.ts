import type { JrError } from '../errors.js'
import type { Outcome } from '../job/record.js'
import type { SentJob } from './job-fields.js'

/**
 * What a distributor and a node say to each other. PROTOCOL.md has each message byte for byte; these are the same
 * messages as plain data. Payloads (`Buffer`) travel behind the head of the frame and are never unpacked on the way.
 */
export type LinkMessage = Ping | Pong | Bye | Broken | FromDistributor | FromNode | Unreadable

export interface Ping {
  readonly type: 'ping'
}
export interface Pong {
  readonly type: 'pong'
}
/** The sender is about to close on purpose. */
export interface Bye {
  readonly type: 'bye'
  readonly reason: string
}

/** Never sent: what is made of a message whose fields are not of their form, so that it fails alone. */
export interface Unreadable {
  readonly type: 'unreadable'
  /** What of, and which: the number of a job or a request, or the id of the job whose outcome it is. */
  readonly about:
    | { readonly what: 'request'; readonly number: number }
    /** `more`: as in `Enqueue`. */
    | { readonly what: 'job'; readonly number: number; readonly more: boolean }
    | { readonly what: 'outcome'; readonly id: string }
  readonly error: JrError
}

/** The sender closes the connection because of what came over it. */
export interface Broken {
  readonly type: 'broken'
  readonly code: string
  readonly message: string
}

export type FromDistributor = Enqueue | Forget | Cancel | Watch | OutcomesTaken | Request | Listen

/** A job. Numbers count up on each node for one life of the distributor; one that was given up leaves a gap. */
export interface Enqueue extends SentJob {
  readonly type: 'enqueue'
  readonly number: number
}

/** These went to another node while this one was away: drop those of which no attempt has begun. */
export interface Forget {
  readonly type: 'forget'
  readonly ids: readonly string[]
}

/** Answered with `reply` (value: 'cancelled' | 'cancelling' (it runs; its signal was aborted) | 'not-found'). */
export interface Cancel {
  readonly type: 'cancel'
  readonly request: number
  readonly id: string
}

/**
 * From now on somebody waits for this job's outcome. Answered with `reply`: 'watching', 'ended' or 'not-found', the edition
 * of the job that is there (0: none is), and its id: of one that is the only one of its `key` it may be another's.
 */
export interface Watch {
  readonly type: 'watch'
  readonly request: number
  readonly id: string
  /** Empty: none. */
  readonly key: string
}

/** So many outcomes have been handled, from the `first` on: from 1, in the order in which this connection carried them. */
export interface OutcomesTaken {
  readonly type: 'outcomes-taken'
  readonly first: number
  readonly count: number
}

/** A question of the monitor: a verb from a fixed list, and its packed argument. Answered with `reply`. */
export interface Request {
  readonly type: 'request'
  readonly request: number
  readonly verb: string
  readonly body: Buffer
}

/** Whether somebody in the app listens to what running jobs tell: the node sends `progress` as long as that is so. */
export interface Listen {
  readonly type: 'listen'
  readonly on: boolean
}

export type FromNode = Welcome | Accepted | Joined | Refused | OutcomeMessage | Reply | NodeState | Progress

/** How far a running job is, of an app of this name or one that this app waits for: the latest that it has told. */
export interface Progress {
  readonly type: 'progress'
  readonly id: string
  readonly name: string
  readonly attempt: number
  /** Packed. */
  readonly value: Buffer
}

/** The node's first message after the handshake. */
export interface Welcome extends Takes {
  readonly type: 'welcome'
  /** The highest number taken from this life of the distributor. */
  readonly taken: number
  /** How many jobs, and how many bytes of them, may be sent and not yet accepted. */
  readonly creditJobs: number
  readonly creditBytes: number
  /** The largest packed args that the node takes. */
  readonly maxArgs: number
  readonly jobs: readonly KnownJob[]
  /** How many jobs it can run at once: on evented children, and on deferred ones. */
  readonly evented: number
  readonly deferred: number
  /** The store is this node's alone: a job that it had accepted, and that is not in it, is nowhere. */
  readonly alone: boolean
}

/** Which jobs a node takes. */
export interface Takes {
  /** Those of a name that it does not know. */
  readonly unknownJob: 'fail' | 'wait'
  /** The highest number of a term that it knows: it takes no job with a higher one. */
  readonly terms: number
  /** Jobs with priorities of this range. */
  readonly minPriority: number
  readonly maxPriority: number
}

export interface KnownJob {
  readonly name: string
  readonly defer: boolean
}

/** All numbers up to this one are on disk (or were refused). */
export interface Accepted {
  readonly type: 'accepted'
  readonly number: number
}

/**
 * The job of this number is not a new one: the one of this id is there. Said before it is accepted, and before any outcome of
 * the one that is there. Of one that may be lost with its connection, `watch` answers the same.
 */
export interface Joined {
  readonly type: 'joined'
  readonly number: number
  readonly id: string
}

/** This one was not taken, and never will be under this number. */
export interface Refused {
  readonly type: 'refused'
  readonly number: number
  readonly code: string
  readonly message: string
  /** With JR_DUPLICATE the id of the job that is there; else empty. */
  readonly job: string
}

/** `stored` says whether it waits on the node's disk until taken; all outcomes count for `outcomes-taken`. */
export interface OutcomeMessage {
  readonly type: 'outcome'
  readonly stored: boolean
  readonly outcome: Outcome
}

export interface Reply {
  readonly type: 'reply'
  readonly request: number
  readonly ok: boolean
  /** Packed: the value, or an error. */
  readonly body: Buffer
}

/** Something about the node has changed. */
export interface NodeState {
  readonly type: 'node-state'
  /** `draining`: it takes no new jobs, and runs what it has, unless it is paused as well. */
  readonly status: 'running' | 'paused' | 'stopping' | 'draining'
  readonly jobs: readonly KnownJob[]
  /** As in the welcome; and how many jobs run. */
  readonly evented: number
  readonly deferred: number
  readonly busy: number
}

/** Who is at the other end, from the handshake. */
export interface Peer {
  readonly role: 'distributor' | 'node'
  readonly name: string
  /** One life of the process (of the store, for a node). */
  readonly instance: string
  readonly packageVersion: string
  readonly protocol: number
  readonly pid: number
  /** Bytes: the largest frame that it takes. */
  readonly maxFrame: number
}
