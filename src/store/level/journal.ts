import { ByteWriter } from '../../bytes/byte-writer.js'
import type { JobRecord, Outcome } from '../../job/record.js'
import { noRepeats, readJob, readOutcome, recordReader, writeJob, writeOutcome } from '../record-fields.js'
import { uncorrupted } from '../records.js'

/**
 * What one group of changes did to what is young (`young.ts`), as the bytes of one row. Read again in order, the rows
 * give the same young jobs and outcomes.
 */
export interface JournalEntries {
  insert(job: JobRecord): void
  /** An attempt of a young job has begun. */
  begin(seq: number, startedAt: number): void
  /** A young job has ended, moved, or has a row of its own now. */
  gone(seq: number): void
  /** An attempt has begun of a job that has a row of its own, at this key. */
  mark(key: string, seq: number, startedAt: number): void
  outcome(outcome: Outcome): void
  /** Taken by the distributor, or with a row of its own now. */
  outcomeGone(distributor: string, seq: number): void
  /** The highest number of a life of a distributor, until it has a row of its own. */
  taken(distributor: string, instance: string, number: number): void
  /** What is under this path from now on; null: nothing. */
  note(path: string, value: Buffer | null): void
  /** Rows say what is under this path. */
  noteGone(path: string): void
}

const VERSION = 6
const INSERT = 1
const BEGIN = 2
const GONE = 3
const MARK = 4
const OUTCOME = 5
const OUTCOME_GONE = 6
const TAKEN = 7
const NOTE = 8
const NOTE_REMOVED = 9
const NOTE_GONE = 10

/** Gathers the entries of one group. */
export class JournalWriter implements JournalEntries {
  readonly #w = new ByteWriter()
  #last = noRepeats()

  constructor() {
    this.#w.u8(VERSION)
  }

  insert(job: JobRecord): void {
    this.#w.u8(INSERT)
    writeJob(this.#w, job, this.#last)
  }

  begin(seq: number, startedAt: number): void {
    this.#w.u8(BEGIN)
    this.#w.uint(seq)
    this.#w.uint(startedAt)
  }

  gone(seq: number): void {
    this.#w.u8(GONE)
    this.#w.uint(seq)
  }

  mark(key: string, seq: number, startedAt: number): void {
    this.#w.u8(MARK)
    this.#w.text(key)
    this.#w.uint(seq)
    this.#w.uint(startedAt)
  }

  outcome(outcome: Outcome): void {
    this.#w.u8(OUTCOME)
    writeOutcome(this.#w, outcome, this.#last)
  }

  outcomeGone(distributor: string, seq: number): void {
    this.#w.u8(OUTCOME_GONE)
    // Most come from the sender of the record before.
    const same = distributor === this.#last.distributor
    this.#w.flag(same)
    if (!same) this.#w.text(distributor)
    this.#w.uint(seq)
  }

  taken(distributor: string, instance: string, number: number): void {
    this.#w.u8(TAKEN)
    this.#w.text(distributor)
    this.#w.text(instance)
    this.#w.uint(number)
  }

  note(path: string, value: Buffer | null): void {
    this.#w.u8(value === null ? NOTE_REMOVED : NOTE)
    this.#w.text(path)
    if (value !== null) this.#w.bytes(value)
  }

  noteGone(path: string): void {
    this.#w.u8(NOTE_GONE)
    this.#w.text(path)
  }

  /** Null when there are none. */
  take(): Buffer | null {
    if (this.#w.length === 1) return null
    const row = this.#w.take()
    this.#w.u8(VERSION)
    this.#last = noRepeats()
    return row
  }
}

/** Throws JR_STORE_CORRUPT. */
export function readJournal(row: Buffer, into: JournalEntries): void {
  uncorrupted(() => {
    const r = recordReader(row)
    const last = noRepeats()
    if (r.u8() !== VERSION) throw new TypeError(`it has format ${row[0]}; this version reads ${VERSION}`)
    while (r.left > 0) {
      const kind = r.u8()
      if (kind === INSERT) into.insert(readJob(r, last))
      else if (kind === BEGIN) into.begin(r.uint(), r.uint())
      else if (kind === GONE) into.gone(r.uint())
      else if (kind === MARK) into.mark(r.text(), r.uint(), r.uint())
      else if (kind === OUTCOME) into.outcome(readOutcome(r, last))
      else if (kind === OUTCOME_GONE) into.outcomeGone(r.flag() ? last.distributor : r.known(), r.uint())
      else if (kind === TAKEN) into.taken(r.text(), r.text(), r.uint())
      else if (kind === NOTE) into.note(r.text(), r.bytes())
      else if (kind === NOTE_REMOVED) into.note(r.text(), null)
      else if (kind === NOTE_GONE) into.noteGone(r.text())
      else throw new TypeError(`an entry of kind ${kind} is not known`)
    }
  })
}
