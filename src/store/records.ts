import type { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { JrError } from '../errors.js'
import type { EndedJob, JobRecord, Outcome } from '../job/record.js'
import { TERMINAL_STATES } from '../job/states.js'
import { messageOf } from '../thrown.js'
import type { NoteName } from './notes.js'
import {
  noRepeats,
  readJob,
  readOutcome,
  recordReader,
  stateOf,
  writeJob,
  writeOutcome,
} from './record-fields.js'

/**
 * Jobs and outcomes as rows. A row begins with the version of its format: a row of a version that is not known is
 * never guessed at.
 */
const VERSION = 6
/** Beside the state of an ended job: its result is behind it. */
const HAS_RESULT = 1 << 2

export function encodeJob(job: JobRecord): Buffer {
  const w = new ByteWriter(256 + job.args.length)
  writeJobRow(w, job)
  return w.take()
}

/** The same as `encodeJob`, in the midst of something larger. */
export function writeJobRow(w: ByteWriter, job: JobRecord): void {
  w.u8(VERSION)
  writeJob(w, job, noRepeats())
}

export function decodeJob(row: Buffer): JobRecord {
  return decode(row, (r) => readJob(r, noRepeats()))
}

/** `notes`: those that go with it. */
export function encodeEnded(
  { job, state, startedAt, finishedAt, result }: EndedJob,
  notes: readonly NoteName[] = [],
): Buffer {
  const w = new ByteWriter(256 + job.args.length + (result?.args.length ?? 0))
  w.u8(VERSION)
  w.u8(TERMINAL_STATES.indexOf(state) | (result === undefined ? 0 : HAS_RESULT))
  w.uint(startedAt)
  w.uint(finishedAt)
  writeJob(w, job, noRepeats())
  if (result !== undefined) {
    w.uint(result.until)
    w.bytes(result.args)
  }
  w.uint(notes.length)
  for (const { shelf, key } of notes) {
    w.text(shelf.name)
    w.flag(shelf.own)
    w.text(key)
  }
  return w.take()
}

export function decodeEnded(row: Buffer): EndedJob {
  return decode(row, readEnded)
}

/** The notes that go with an ended job. */
export function notesOfEnded(row: Buffer): readonly NoteName[] {
  return decode(row, (r) => {
    readEnded(r)
    return Array.from({ length: r.uint() }, () => ({
      shelf: { name: r.text(), own: r.flag() },
      key: r.text(),
    }))
  })
}

function readEnded(r: ByteReader): EndedJob {
  const flags = r.u8()
  const state = stateOf(flags & ~HAS_RESULT)
  const startedAt = r.uint()
  const finishedAt = r.uint()
  const job = readJob(r, noRepeats())
  const ended = { state, startedAt, finishedAt, job }
  return flags & HAS_RESULT ? { ...ended, result: { until: r.uint(), args: r.bytes() } } : ended
}

export function encodeOutcome(outcome: Outcome): Buffer {
  const w = new ByteWriter(256 + outcome.args.length + outcome.error.length)
  writeOutcomeRow(w, outcome)
  return w.take()
}

/** The same as `encodeOutcome`, in the midst of something larger. */
export function writeOutcomeRow(w: ByteWriter, outcome: Outcome): void {
  w.u8(VERSION)
  writeOutcome(w, outcome, noRepeats())
}

export function decodeOutcome(row: Buffer): Outcome {
  return decode(row, (r) => readOutcome(r, noRepeats()))
}

function decode<T>(row: Buffer, read: (r: ByteReader) => T): T {
  if (row[0] !== VERSION) {
    const text = `a row of format ${row[0]}; this version of job-reactor reads ${VERSION}`
    throw new JrError('JR_STORE_CORRUPT', text)
  }
  const r = recordReader(row)
  r.u8()
  return uncorrupted(() => read(r))
}

/** In a store, bytes that can't be read are damage. */
export function uncorrupted<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const text = messageOf(cause)
    throw new JrError('JR_STORE_CORRUPT', `a row can't be read: ${text}`, { cause })
  }
}
