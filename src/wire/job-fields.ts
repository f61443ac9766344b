import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import type { Wait } from '../job/due.js'
import { type Agreed, NO_TERMS, readTerms } from '../job/terms/agreed.js'
import { DURATION_MS, received } from '../rules.js'
import { label, readList, refuse, writeList } from './fields.js'

/** A job as it was asked for: made once, and never changed. */
export interface JobFields {
  readonly id: string
  /**
   * 0: the id was made for this job. Else it was chosen by the user: look whether a job of this id is there; this number
   * tells the job from others that had, or will have, the id.
   */
  readonly edition: number
  readonly name: string
  readonly agreed: Agreed
  readonly args: Buffer
}

/** The same on its way: from a distributor to a node, and from a child to its node. */
export interface SentJob extends Wait {
  readonly job: JobFields
  /** Somebody waits for the outcome. */
  readonly wanted: boolean
  /** How long the sender has held it. */
  readonly heldMs: number
  /** Earlier tries, in doubt: nodes that it was sent to and did not hear from. */
  readonly sentBefore: readonly Sent[]
  /** It belongs to the one that comes next: they are taken together, or neither is. Absent: it stands alone, or is the last. */
  readonly more?: boolean
}

export interface Sent {
  readonly node: string
  /** The number that it was sent under, and the last one given for that node when it was given up. */
  readonly number: number
  readonly last: number
}

/** Of more tries than these the oldest are not told. */
export const MAX_SENT_BEFORE = 16
export const NOT_SENT: readonly Sent[] = []

/** PROTOCOL.md, "The fields of a job": which of them follow. */
const HAS_EDITION = 1
const WANTED = 1 << 1
const DELAYED = 1 << 2
const HELD = 1 << 3
const TERMS = 1 << 4
const SENT_BEFORE = 1 << 5
const BY_WALL = 1 << 6
const MORE = 1 << 7
const ALL = (1 << 8) - 1

export function writeJobFields(w: ByteWriter, sent: SentJob): void {
  const { job, delayMs, wanted, heldMs, sentBefore } = sent
  const { agreed } = job
  let flags = 0
  if (job.edition > 0) flags |= HAS_EDITION
  if (wanted) flags |= WANTED
  if (delayMs !== null) flags |= DELAYED
  if (heldMs > 0) flags |= HELD
  if (agreed.highest > 0) flags |= TERMS
  if (sentBefore.length > 0) flags |= SENT_BEFORE
  if (sent.byWall) flags |= BY_WALL
  if (sent.more === true) flags |= MORE
  w.uint(flags)
  w.text(job.id)
  if (job.edition > 0) w.uint(job.edition)
  w.text(job.name)
  if (delayMs !== null) w.uint(delayMs)
  if (heldMs > 0) w.uint(heldMs)
  if (agreed.highest > 0) w.bytes(agreed.bytes)
  if (sentBefore.length > 0) writeList(w, sentBefore, writeSent)
  w.bytes(job.args)
}

export function readJobFields(r: ByteReader): SentJob {
  const flags = r.uint()
  if (flags > ALL) refuse('flags', 'none that this version does not know')
  const id = label(r.text(), 'id')
  const edition = flags & HAS_EDITION ? r.uint() : 0
  const name = label(r.known(), 'name')
  const delayMs = flags & DELAYED ? received(DURATION_MS, r.uint(), 'delayMs') : null
  const heldMs = flags & HELD ? received(DURATION_MS, r.uint(), 'heldMs') : 0
  const agreed = flags & TERMS ? readTerms(r) : NO_TERMS
  const sentBefore = flags & SENT_BEFORE ? readList(r, 'sentBefore', MAX_SENT_BEFORE, readSent) : NOT_SENT
  const byWall = (flags & BY_WALL) !== 0
  const job = { id, edition, name, agreed, args: r.bytes() }
  const more = (flags & MORE) !== 0
  return { job, delayMs, byWall, wanted: (flags & WANTED) !== 0, heldMs, sentBefore, more }
}

/** Of fields that can't be read whole. */
export function readMore(r: ByteReader): boolean {
  return (r.uint() & MORE) !== 0
}

function writeSent(w: ByteWriter, { node, number, last }: Sent): void {
  w.text(node)
  w.uint(number)
  w.uint(last)
}

function readSent(r: ByteReader): Sent {
  return { node: label(r.known(), 'node'), number: r.uint(), last: r.uint() }
}
