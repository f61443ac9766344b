import type { JobRecord, Outcome } from '../../job/record.js'
import type { SharedChange } from '../contract.js'
import { encodeEnded, encodeJob, encodeOutcome } from '../records.js'
import type { FieldWriter } from './field-writer.js'
import { endedPlace, outcomeKey, PLACE_LENGTH, placeOf, takenKey } from './keys.js'

/** The row of an ended job begins with this and its place, so that a script can find the place by the id. */
export const ENDED_MARK = 'e'
export const ENDED_HEAD = 1 + PLACE_LENGTH

/**
 * Writes the fields of a change as `lua/commit.lua` reads them. `ownerOf` numbers the lost neighbours. `begins`: what
 * begins in the same group need not be put among those that wait.
 */
export function writeChange(
  out: FieldWriter,
  change: SharedChange,
  ownerOf: (node: string | undefined) => string,
  begins: ReadonlySet<JobRecord>,
): void {
  switch (change.kind) {
    case 'insert': {
      const { job, number, sentBefore = [] } = change
      out.text(begins.has(job) ? 'x' : 'i')
      out.text(job.id)
      out.text(placeOf(job, job.id))
      out.bytes(encodeJob(job))
      out.text(number === null ? '' : takenKey(job.distributor, job.instance))
      out.text(number === null ? '' : String(number))
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
      out.text(placeOf(change.job, change.job.id))
      out.text(String(change.startedAt))
      return
    case 'move':
      out.text('m')
      writeFrom(out, ownerOf(change.owner), change.from, change.running)
      out.text(placeOf(change.to, change.to.id))
      out.bytes(encodeJob(change.to))
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
      for (const seq of change.seqs) out.text(outcomeKey(change.distributor, seq))
      return
    case 'adopt':
      out.text('o')
      out.text(ownerOf(change.owner))
      out.text(outcomeKey(change.from.distributor, change.from.seq))
      writeOutcome(out, change.outcome)
  }
}

function writeFrom(out: FieldWriter, owner: string, from: JobRecord, running: boolean): void {
  out.text(owner)
  out.text(placeOf(from, from.id))
  out.text(running ? '1' : '0')
}

function writeOutcome(out: FieldWriter, outcome: Outcome | null): void {
  if (outcome === null) {
    out.text('')
    out.text('')
    return
  }
  out.text(outcomeKey(outcome.distributor, outcome.seq))
  out.bytes(encodeOutcome(outcome))
}

function writeEnded(
  out: FieldWriter,
  from: JobRecord,
  keep: Extract<SharedChange, { kind: 'end' }>['keep'],
): void {
  if (keep === null) {
    out.text('')
    out.text('')
    return
  }
  const place = endedPlace(keep.state, keep.finishedAt, from.seq, from.id)
  out.text(place)
  const head = Buffer.from(ENDED_MARK + place.slice(0, PLACE_LENGTH))
  out.bytes(Buffer.concat([head, encodeEnded(keep)]))
}
