import type { JobRecord } from '../../job/record.js'
import type { Begin, SharedChange, SharedSingle } from '../contract.js'
import { writeJobRow } from '../records.js'
import { writeChange, writeOutcome } from './change-fields.js'
import { FieldWriter } from './field-writer.js'
import { takenKey, writeOutcomeKey, writePlace } from './keys.js'
import { type SortedChanges, sortChanges } from './sorted-changes.js'

/** A group of changes as it is sent. */
export interface Group {
  readonly number: number
  readonly changes: readonly SharedChange[]
  /** Which of them are answered one by one; all others are `ok`, or the group is refused. */
  readonly single: readonly number[]
  readonly keys: readonly string[]
  readonly args: readonly (string | Buffer)[]
}

/** Lists of every group; behind them come those of changes that are done together. */
const LISTS = 10

interface Packed {
  readonly packed: Buffer
  readonly single: readonly number[]
  /** The lost neighbours that changes speak of, in the order of their numbers. */
  readonly neighbours: readonly string[]
}

/** Writes groups as `lua/commit.lua` takes them. */
export class GroupPacker {
  readonly #out = new FieldWriter()

  pack(changes: readonly SharedChange[], singly: boolean): Packed {
    const out = this.#out
    const sorted = sortChanges(changes, singly)
    writeSorted(out, sorted)
    out.list(() => {
      for (const [key, number] of highestNumbers(changes)) {
        out.text(key)
        out.text(String(number))
      }
    })
    const neighbours: string[] = []
    const ownerOf = (name: string | undefined): string => {
      if (name === undefined) return ''
      if (!neighbours.includes(name)) neighbours.push(name)
      return String(neighbours.indexOf(name) + 1)
    }
    const together: (readonly SharedSingle[])[] = []
    out.list(() => {
      for (const at of sorted.single) {
        const change = changes[at] as SharedChange
        if (change.kind !== 'together') writeChange(out, change, ownerOf, beginsNext(changes, at))
        else {
          out.text('g')
          out.text(String(LISTS + together.push(change.changes)))
        }
      }
    })
    for (const some of together) {
      out.list(() => {
        for (const change of some) writeChange(out, change, ownerOf, false)
      })
    }
    return { packed: out.take(), single: sorted.single, neighbours }
  }
}

/** Lists 1 to 8. */
function writeSorted(out: FieldWriter, sorted: SortedChanges): void {
  const { fresh, started, passing, begun, ended, outcomes, acknowledged } = sorted
  out.list(() => {
    for (const job of fresh) writeRow(out, job)
    for (const { job } of started) writeRow(out, job)
  })
  out.list(() => {
    for (const id of passing) out.text(id)
  })
  out.list(() => {
    for (const job of fresh) {
      out.text('0')
      out.row(writePlace, job)
    }
  })
  out.list(() => {
    for (const begin of started) writeBegin(out, begin)
    for (const begin of begun) writeBegin(out, begin)
  })
  out.list(() => {
    for (const { job } of begun) out.row(writePlace, job)
  })
  out.list(() => {
    for (const job of ended) out.row(writePlace, job)
  })
  out.list(() => {
    for (const outcome of outcomes) writeOutcome(out, outcome)
  })
  out.list(() => {
    for (const { distributor, seqs } of acknowledged) {
      for (const seq of seqs) out.row(writeOutcomeKey, { distributor, seq })
    }
  })
}

function writeRow(out: FieldWriter, job: JobRecord): void {
  out.text(job.id)
  out.row(writeJobRow, job)
}

function writeBegin(out: FieldWriter, { job, startedAt }: Begin): void {
  out.row(writePlace, job)
  out.text(String(startedAt))
}

/** Of each life of each distributor the highest number that the group brings. */
function highestNumbers(changes: readonly SharedChange[]): Map<string, number> {
  const highest = new Map<string, number>()
  let last = { distributor: '', instance: '', key: '' }
  for (const change of changes.flatMap((one) => (one.kind === 'together' ? one.changes : one))) {
    if (change.kind !== 'insert' || change.number === null) continue
    const { distributor, instance } = change.job
    if (last.key === '' || distributor !== last.distributor || instance !== last.instance) {
      last = { distributor, instance, key: takenKey(distributor, instance) }
    }
    highest.set(last.key, Math.max(change.number, highest.get(last.key) ?? 0))
  }
  return highest
}

/** Whether the change after this one is the beginning of the job that it inserts, which no note can keep from being done. */
function beginsNext(changes: readonly SharedChange[], at: number): boolean {
  const change = changes[at]
  const next = changes[at + 1]
  if (next?.kind === 'begin' && next.notes !== undefined) return false
  return (
    change?.kind === 'insert' &&
    change.notes === undefined &&
    next?.kind === 'begin' &&
    next.job === change.job
  )
}
