import type { ByteReader, ByteWriter } from '../bytes.js'
import { readBackoff, writeBackoff } from '../job/backoff-bytes.js'
import { MISSED, type Missed } from '../job/record.js'
import type { Backoff } from '../job/retry-policy.js'
import { ATTEMPTS, DURATION_MS, MAX_NOT_NODES, PERIOD_MS, received } from '../rules.js'
import { choice, label, readList, refuse, writeList } from './fields.js'

/** What a job is asked for with, as it travels: from a distributor to a node, and from a child to its node. */
export interface JobFields {
  readonly id: string
  /**
   * 0: the id was made for this job. Else it was chosen by the user: look whether a job of this id is there; this number
   * tells the job from others that had, or will have, the id.
   */
  readonly edition: number
  readonly name: string
  /** Somebody waits for the outcome. */
  readonly wanted: boolean
  /** What is left of the delay (time held counts), for `runAt` too; null: at once. */
  readonly delayMs: number | null
  /** The delay is up to a time of the wall clock. */
  readonly byWall: boolean
  /** How long the sender has held it. */
  readonly heldMs: number
  readonly periodMs: number
  readonly missed: Missed
  readonly defer: boolean | null
  readonly node: string | null
  readonly strictNode: boolean
  readonly notNode: readonly string[]
  readonly maxAttempts: number | null
  readonly backoff: Backoff | null
  readonly timeoutMs: number | null
  /** Earlier tries, in doubt: nodes that it was sent to and did not hear from; absent: none. */
  readonly sentBefore?: readonly Sent[]
  readonly args: Buffer
}

export interface Sent {
  readonly node: string
  /** The number that it was sent under, and the last one given for that node when it was given up. */
  readonly number: number
  readonly last: number
}

/** Of more tries than these the oldest are not told. */
export const MAX_SENT_BEFORE = 16

/** PROTOCOL.md, "The fields of a job": which of them follow. */
const HAS_EDITION = 1
const WANTED = 1 << 1
const DELAYED = 1 << 2
const HELD = 1 << 3
const PERIODIC = 1 << 4
const HAS_DEFER = 1 << 5
const DEFER = 1 << 6
const HAS_NODE = 1 << 7
const STRICT = 1 << 8
const HAS_NOT_NODE = 1 << 9
const HAS_ATTEMPTS = 1 << 10
const HAS_BACKOFF = 1 << 11
const HAS_TIMEOUT = 1 << 12
const SENT_BEFORE = 1 << 13
const BY_WALL = 1 << 14
const ALL = (1 << 15) - 1

const NO_NODES: readonly string[] = []

export function writeJobFields(w: ByteWriter, job: JobFields): void {
  const { delayMs, heldMs, periodMs, defer, node, notNode, maxAttempts, backoff, timeoutMs } = job
  let flags = 0
  if (job.edition > 0) flags |= HAS_EDITION
  if (job.wanted) flags |= WANTED
  if (delayMs !== null) flags |= DELAYED
  if (heldMs > 0) flags |= HELD
  if (periodMs > 0) flags |= PERIODIC
  if (defer !== null) flags |= defer ? HAS_DEFER | DEFER : HAS_DEFER
  if (node !== null) flags |= HAS_NODE
  if (job.strictNode) flags |= STRICT
  if (notNode.length > 0) flags |= HAS_NOT_NODE
  if (maxAttempts !== null) flags |= HAS_ATTEMPTS
  if (backoff !== null) flags |= HAS_BACKOFF
  if (timeoutMs !== null) flags |= HAS_TIMEOUT
  if (job.sentBefore !== undefined) flags |= SENT_BEFORE
  if (job.byWall) flags |= BY_WALL
  w.uint(flags)
  w.text(job.id)
  if (job.edition > 0) w.uint(job.edition)
  w.text(job.name)
  if (delayMs !== null) w.uint(delayMs)
  if (heldMs > 0) w.uint(heldMs)
  if (periodMs > 0) {
    w.uint(periodMs)
    w.u8(MISSED.indexOf(job.missed))
  }
  if (node !== null) w.text(node)
  if (notNode.length > 0) writeList(w, notNode, (to, name) => to.text(name))
  if (maxAttempts !== null) w.uint(maxAttempts)
  if (backoff !== null) writeBackoff(w, backoff)
  if (timeoutMs !== null) w.uint(timeoutMs)
  if (job.sentBefore !== undefined) writeList(w, job.sentBefore, writeSent)
  w.bytes(job.args)
}

/** The fields one by one, so that the message that they belong to is made in one step. */
export function readJobFields(r: ByteReader): JobFields {
  const flags = r.uint()
  if (flags > ALL) refuse('flags', 'none that this version does not know')
  const id = label(r.text(), 'id')
  const edition = flags & HAS_EDITION ? r.uint() : 0
  const name = label(r.known(), 'name')
  const delayMs = flags & DELAYED ? received(DURATION_MS, r.uint(), 'delayMs') : null
  const heldMs = flags & HELD ? received(DURATION_MS, r.uint(), 'heldMs') : 0
  const periodMs = flags & PERIODIC ? received(PERIOD_MS, r.uint(), 'periodMs') : 0
  const missed = flags & PERIODIC ? choice(r.u8(), MISSED, 'missed') : 'once'
  const node = flags & HAS_NODE ? label(r.known(), 'node') : null
  const notNode = flags & HAS_NOT_NODE ? readList(r, 'notNode', MAX_NOT_NODES, readName) : NO_NODES
  const maxAttempts = flags & HAS_ATTEMPTS ? received(ATTEMPTS, r.uint(), 'maxAttempts') : null
  const backoff = flags & HAS_BACKOFF ? readBackoff(r) : null
  const timeoutMs = flags & HAS_TIMEOUT ? received(DURATION_MS, r.uint(), 'timeoutMs') : null
  const sentBefore = flags & SENT_BEFORE ? readList(r, 'sentBefore', MAX_SENT_BEFORE, readSent) : null
  const job = {
    id,
    edition,
    name,
    wanted: (flags & WANTED) !== 0,
    delayMs,
    byWall: (flags & BY_WALL) !== 0,
    heldMs,
    periodMs,
    missed,
    defer: flags & HAS_DEFER ? (flags & DEFER) !== 0 : null,
    node,
    strictNode: (flags & STRICT) !== 0,
    notNode,
    maxAttempts,
    backoff,
    timeoutMs,
    args: r.bytes(),
  }
  return sentBefore === null ? job : { ...job, sentBefore }
}

function readName(r: ByteReader): string {
  return label(r.known(), 'notNode')
}

function writeSent(w: ByteWriter, { node, number, last }: Sent): void {
  w.text(node)
  w.uint(number)
  w.uint(last)
}

function readSent(r: ByteReader): Sent {
  return { node: label(r.known(), 'node'), number: r.uint(), last: r.uint() }
}
