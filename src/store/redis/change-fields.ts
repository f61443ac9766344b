import type { ByteWriter } from '../../bytes/byte-writer.js'
import { keptAs, keptBy } from '../../job/kept.js'
import type { EndedJob, JobRecord, Outcome } from '../../job/record.js'
import type { Note, SharedSingle } from '../contract.js'
import { type NoteName, pathOf } from '../notes.js'
import { encodeEnded, writeJobRow, writeOutcomeRow } from '../records.js'
import type { FieldWriter } from './field-writer.js'
import { ENDED_LENGTH, endedPlace, takenKey, writeOutcomeKey, writePlace } from './keys.js'

/** The row of an ended job begins with this and its place, so that a script can find the place by the id. */
export const ENDED_MARK = 'e'
export const ENDED_HEAD = 1 + ENDED_LENGTH

const NONE: readonly Note[] = []
const LETTERS: Readonly<Record<SharedSingle['kind'], string>> = {
  insert: 'i',
  begin: 'b',
  move: 'm',
  end: 'e',
  remove: 'r',
  acknowledge: 'a',
  adopt: 'o',
  note: 'n',
}

/**
 * Writes the fields of a change that goes by itself as `lua/commit.lua` reads them. `ownerOf` numbers the lost
 * neighbours. `begins`: the change after this one is the beginning of the same job, which need not be put among those
 * that wait.
 */
export function writeChange(
  out: FieldWriter,
  change: SharedSingle,
  ownerOf: (node: string | undefined) => string,
  begins: boolean,
): void {
  const { notes = NONE } = change
  out.text(begins ? 'x' : LETTERS[change.kind])
  out.text(String(notes.length))
  for (const note of notes) writeNote(out, note)
  switch (change.kind) {
    case 'insert': {
      const { job, ownId, number, sentBefore = [] } = change
      out.text(ownId ? '1' : '0')
      out.text(job.id)
      out.row(writePlace, job)
      out.row(writeJobRow, job)
      out.text(number === null ? '' : takenKey(job.distributor, job.instance))
      out.text(String(sentBefore.length))
      for (const sent of sentBefore) {
        out.text(ownerOf(sent.node))
        out.text(String(sent.number))
        out.text(String(sent.last))
      }
      return
    }
    case 'begin':
      out.row(writePlace, change.job)
      out.text(String(change.startedAt))
      return
    case 'move':
      writeFrom(out, ownerOf(change.owner), change.from, change.running)
      out.row(writePlace, change.to)
      out.row(writeJobRow, change.to)
      writeOutcome(out, change.outcome)
      return
    case 'end':
      writeFrom(out, ownerOf(change.owner), change.from, change.running)
      writeOutcome(out, change.outcome)
      writeEnded(out, change.from, change.keep)
      return
    case 'remove':
      out.text(change.id)
      return
    case 'acknowledge':
      out.text(String(change.seqs.length))
      for (const seq of change.seqs) out.row(writeOutcomeKey, { distributor: change.distributor, seq })
      return
    case 'adopt':
      out.text(ownerOf(change.owner))
      out.row(writeOutcomeKey, change.from)
      writeOutcome(out, change.outcome)
  }
}

/** As a script knows it: on the shelf of a node, or of all. */
export function scopedName(name: NoteName): string {
  return (name.shelf.own ? 'o' : 's') + pathOf(name)
}

function writeNote(out: FieldWriter, note: Note): void {
  const { value, unless, at = '' } = note
  const letter = value === null ? 'd' : 'p'
  out.text(unless === undefined ? letter : `${letter.toUpperCase()}${at}`)
  out.text(scopedName(note))
  if (value === null) out.text('')
  else out.row(writeBytes, value)
}

function writeBytes(out: ByteWriter, value: Buffer): void {
  out.raw(value)
}

function writeFrom(out: FieldWriter, owner: string, from: JobRecord, running: boolean): void {
  out.text(owner)
  out.row(writePlace, from)
  out.text(running ? '1' : '0')
}

/** The key of an outcome, and its row. */
export function writeOutcome(out: FieldWriter, outcome: Outcome | null): void {
  if (outcome === null) {
    out.text('')
    out.text('')
    return
  }
  out.row(writeOutcomeKey, outcome)
  out.row(writeOutcomeRow, outcome)
}

function writeEnded(out: FieldWriter, from: JobRecord, keep: EndedJob | null): void {
  if (keep === null) {
    out.text('')
    out.text('')
    return
  }
  const place = endedPlace(keptAs(keep), keptBy(keep), from.seq, from.id)
  out.text(place)
  out.row(writeEndedRow, { place, keep })
}

function writeEndedRow(out: ByteWriter, { place, keep }: { place: string; keep: EndedJob }): void {
  out.chars(ENDED_MARK + place.slice(0, ENDED_LENGTH))
  out.raw(encodeEnded(keep))
}
