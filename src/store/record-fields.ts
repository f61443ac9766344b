import { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { TextTable } from '../bytes/text-table.js'
import { JrError } from '../errors.js'
import { FRESH, readCourse, writeCourse } from '../job/course.js'
import type { JobRecord, Outcome } from '../job/record.js'
import { TERMINAL_STATES, type TerminalState } from '../job/states.js'
import { NO_TERMS, readTerms } from '../job/terms/agreed.js'

/**
 * The fields of jobs and outcomes as bytes, one record behind the other. Fields that most jobs do not have take no room:
 * a bit says whether they follow.
 */
const WANTED = 1 << 2
const HAS_TERMS = 1 << 3
const SAME_SENDER = 1 << 4
const SAME_NAME = 1 << 5
const HAS_COURSE = 1 << 6
const BY_WALL = 1 << 7
const HAS_EDITION = 1 << 8

const MORE = 1 << 2
const HAS_ERROR = 1 << 3
const OUTCOME_HAS_EDITION = 1 << 6

/** What the record before this one said: many in a row come from one sender, or are of one name. */
export interface Repeats {
  distributor: string
  instance: string
  name: string
}

export function noRepeats(): Repeats {
  return { distributor: '', instance: '', name: '' }
}

/** Names read from rows: a cache, and nothing else. */
const texts = new TextTable()

export function recordReader(bytes: Buffer): ByteReader {
  return new ByteReader(bytes, 0, bytes.length, texts)
}

export function writeJob(w: ByteWriter, job: JobRecord, last: Repeats): void {
  const { agreed, course } = job
  let flags = repeated(job, last)
  if (job.wanted) flags |= WANTED
  if (agreed.highest > 0) flags |= HAS_TERMS
  if (course !== FRESH) flags |= HAS_COURSE
  if (job.byWall) flags |= BY_WALL
  if (job.edition > 0) flags |= HAS_EDITION
  w.uint(flags)
  w.text(job.lane)
  w.uint(job.due)
  w.uint(job.seq)
  w.uint(job.enqueuedAt)
  w.text(job.id)
  if (job.edition > 0) w.uint(job.edition)
  writeNames(w, job, flags)
  if (agreed.highest > 0) w.bytes(agreed.bytes)
  if (course !== FRESH) writeCourse(w, course)
  w.bytes(job.args)
}

export function readJob(r: ByteReader, last: Repeats): JobRecord {
  const flags = r.uint()
  const lane = r.known()
  const due = r.uint()
  const seq = r.uint()
  const enqueuedAt = r.uint()
  const id = r.text()
  const edition = flags & HAS_EDITION ? r.uint() : 0
  readNames(r, flags, last)
  return {
    lane,
    due,
    seq,
    id,
    edition,
    name: last.name,
    byWall: (flags & BY_WALL) !== 0,
    distributor: last.distributor,
    instance: last.instance,
    wanted: (flags & WANTED) !== 0,
    agreed: flags & HAS_TERMS ? readTerms(r) : NO_TERMS,
    enqueuedAt,
    course: flags & HAS_COURSE ? readCourse(r) : FRESH,
    args: r.bytes(),
  }
}

export function writeOutcome(w: ByteWriter, outcome: Outcome, last: Repeats): void {
  const { error } = outcome
  let flags = TERMINAL_STATES.indexOf(outcome.state) | repeated(outcome, last)
  if (outcome.more) flags |= MORE
  if (error.length > 0) flags |= HAS_ERROR
  if (outcome.edition > 0) flags |= OUTCOME_HAS_EDITION
  w.uint(flags)
  w.uint(outcome.seq)
  w.text(outcome.id)
  if (outcome.edition > 0) w.uint(outcome.edition)
  writeNames(w, outcome, flags)
  w.text(outcome.node)
  w.uint(outcome.slot)
  w.uint(outcome.attempt)
  w.uint(outcome.enqueuedAt)
  w.uint(outcome.startedAt)
  w.uint(outcome.finishedAt)
  w.uint(outcome.child)
  w.bytes(outcome.args)
  if (error.length > 0) w.bytes(error)
}

export function readOutcome(r: ByteReader, last: Repeats): Outcome {
  const flags = r.uint()
  const seq = r.uint()
  const id = r.text()
  const edition = flags & OUTCOME_HAS_EDITION ? r.uint() : 0
  readNames(r, flags, last)
  return {
    seq,
    distributor: last.distributor,
    instance: last.instance,
    id,
    edition,
    name: last.name,
    state: stateOf(flags & 3),
    more: (flags & MORE) !== 0,
    node: r.known(),
    slot: r.uint(),
    attempt: r.uint(),
    enqueuedAt: r.uint(),
    startedAt: r.uint(),
    finishedAt: r.uint(),
    child: r.uint(),
    args: r.bytes(),
    error: flags & HAS_ERROR ? r.bytes() : NOTHING,
  }
}

const NOTHING = Buffer.alloc(0)

/** Which names are those of the record before; these become the ones before. */
function repeated(record: Readonly<Repeats>, last: Repeats): number {
  let flags = 0
  if (record.instance === last.instance && record.distributor === last.distributor) flags |= SAME_SENDER
  else {
    last.distributor = record.distributor
    last.instance = record.instance
  }
  if (record.name === last.name) flags |= SAME_NAME
  else last.name = record.name
  return flags
}

function writeNames(w: ByteWriter, record: Readonly<Repeats>, flags: number): void {
  if (!(flags & SAME_SENDER)) {
    w.text(record.distributor)
    w.text(record.instance)
  }
  if (!(flags & SAME_NAME)) w.text(record.name)
}

function readNames(r: ByteReader, flags: number, last: Repeats): void {
  if (!(flags & SAME_SENDER)) {
    last.distributor = r.known()
    last.instance = r.known()
  }
  if (!(flags & SAME_NAME)) last.name = r.known()
}

export function stateOf(code: number): TerminalState {
  const state = TERMINAL_STATES[code]
  if (state === undefined) throw new JrError('JR_PROTOCOL', `a state of code ${code} is not known`)
  return state
}
