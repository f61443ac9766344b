import type { ByteWriter } from '../../bytes/bytes.js'
import type { EndedJob, JobRecord, Outcome } from '../../job/record.js'
import type { SharedChange } from '../contract.js'
import { encodeEnded, writeJobRow, writeOutcomeRow } from '../records.js'
import type { FieldWriter } from './field-writer.js'
import { ENDED_LENGTH, endedPlace, takenKey, writeOutcomeKey, writePlace } from './keys.js'

/** The row of an ended job begins with this and its place, so that a script can find the place by the id. */
export const ENDED_MARK = 'e'
export const ENDED_HEAD = 1 + ENDED_LENGTH

/**
 * Writes the fields of a change that goes by itself as `lua/commit.lua` reads them. `ownerOf` numbers the lost
 * neighbours. `begins`: the change after this one is the beginning of the same job, which need not be put among those
 * that wait.
 */
export function writeChange(
  out: FieldWriter,
  change: SharedChange,
  ownerOf: (node: string | undefined) => string,
  begins: boolean,
): void {
  switch (change.kind) {
    case 'insert': {
      const { job, ownId, number, sentBefore = [] } = change
      out.text(begins ? 'x' : 'i')
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
      out.text('b')
      out.row(writePlace, change.job)
      out.text(String(change.startedAt))
      return
    case 'move':
      out.text('m')
      writeFrom(out, ownerOf(change.owner), change.from, change.running)
      out.row(writePlace, change.to)
      out.row(writeJobRow, change.to)
      writeOutcome(out, change.outcome)
      return
    case 'end':
      out.text('e')
      writeFrom(out, ownerOf(change.owner), change.from, change.running)
      writeOutcome(out, change.outcome)
      writeEnded(out, change.from, change.keep)
      return
    case 'remove':
      out.text('r')
      out.text(change.id)
      return
    case 'acknowledge':
      out.text('a')
      out.text(String(change.seqs.length))
      for (const seq of change.seqs) out.row(writeOutcomeKey, { distributor: change.distributor, seq })
      return
    case 'adopt':
      out.text('o')
      out.text(ownerOf(change.owner))
      out.row(writeOutcomeKey, change.from)
      writeOutcome(out, change.outcome)
  }
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
  const place = endedPlace(keep.state, keep.finishedAt, from.seq, from.id)
  out.text(place)
  out.row(writeEndedRow, { place, keep })
}

function writeEndedRow(out: ByteWriter, { place, keep }: { place: string; keep: EndedJob }): void {
  out.chars(ENDED_MARK + place.slice(0, ENDED_LENGTH))
  out.raw(encodeEnded(keep))
}
