import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { NO_ATTEMPTS, type PastAttempt, readAttempts, writeAttempts } from './attempts.js'
import { byNumber, type Entry, readBlock } from './block.js'
import type { Standing } from './lane.js'
import { type LogLine, NO_LINES, readLines, writeLines } from './log-lines.js'

/** Something that a node notes about a job: how it is written, and what it is until then. */
interface Mark<Value> extends Entry<Value> {
  readonly fallback: Value
}

/**
 * All that nodes note about a job, the one list of it: an entry here is written, stored and read wherever a job is. A
 * number is for good; a new entry has the next one.
 */
export const COURSE = {
  /** Attempts begun for this slot. */
  attempt: count(1),
  /** Child processes that ended while running this slot. */
  losses: count(2),
  /** The run of a schedule, from 0: it is due at `firstDue + slot * periodMs`. */
  slot: count(3),
  /** When the first slot of a schedule was due; `null` while that is where the job waits. */
  firstDue: orNull(count(4)),
  /** Where it is to stand when it is no longer behind another of its series, or blocked; `null` while it is neither. */
  behind: orNull(standing(8)),
  /** An attempt that does not count has begun, and let go what the job was the only one by until then. */
  keyless: flag(9),
  /** The last of those attempts that are over and have counted, the oldest first. */
  attempts: attempts(10),
  /** An attempt may have saved something for the next. */
  saved: flag(11),
  /** An attempt that does not count has begun, and may have made children; or it has waited for them. */
  waited: flag(12),
  /** The last lines that its attempts have logged. */
  lines: lines(16),
} as const

/** What has happened to a job. Only its node writes it. */
export type Course = { readonly [K in keyof typeof COURSE]: (typeof COURSE)[K]['fallback'] }

const BY_NUMBER = byNumber<Mark<unknown>>(COURSE)

/** Nothing has happened yet: what most jobs share. */
export const FRESH = Object.freeze(
  Object.fromEntries(Object.entries(COURSE).map(([name, { fallback }]) => [name, fallback])),
) as Course

const writer = new ByteWriter()

/** What is not as it was at the beginning. */
export function writeCourse(w: ByteWriter, course: Course): void {
  writer.cut(0)
  for (const one of BY_NUMBER) {
    const value = one === undefined ? undefined : course[one.name as keyof Course]
    if (one === undefined || value === one.entry.fallback) continue
    writer.uint(one.entry.no)
    one.entry.write(writer, value)
  }
  writer.peek((bytes, from, end) => w.bytes(bytes.subarray(from, end)))
}

/** What a later version has noted beyond this one is left out. */
export function readCourse(r: ByteReader): Course {
  const course = { ...FRESH }
  readBlock(new ByteReader(r.bytes()), BY_NUMBER, course)
  return course
}

function count(no: number): Mark<number> {
  return { no, fallback: 0, write: (w, value) => w.uint(value), read: (r) => r.uint() }
}

function standing(no: number): Entry<Standing> {
  const write = (w: ByteWriter, { lane, due }: Standing) => {
    w.text(lane)
    w.uint(due)
  }
  return { no, write, read: (r) => ({ lane: r.text(), due: r.uint() }) }
}

function flag(no: number): Mark<boolean> {
  return { no, fallback: false, write: (w, value) => w.flag(value), read: (r) => r.flag() }
}

function lines(no: number): Mark<readonly LogLine[]> {
  return { no, fallback: NO_LINES, write: writeLines, read: readLines }
}

function attempts(no: number): Mark<readonly PastAttempt[]> {
  return { no, fallback: NO_ATTEMPTS, write: writeAttempts, read: readAttempts }
}

function orNull<Value>({ no, write, read }: Entry<Value>): Mark<Value | null> {
  return { no, fallback: null, write: (w, value) => value !== null && write(w, value), read }
}
