import { openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JrError } from '../../errors.js'
import { makePrivateDirectory } from '../../private-directory.js'
import { GROWTH_BYTES, Log, type LogOptions, type Segment } from './log.js'
import { type LogRecord, readSegment, type SegmentContent, segmentNumber } from './segment.js'
import type { Facts } from './witness.js'

/** Segments of which something is needed, and of the last of them how far it is on the disk for certain. */
export interface LogRange {
  readonly oldest: number
  readonly newest: number
  readonly synced: number
}

/** A group of the journal, and the segment that has it; 0: a row of LevelDB. */
export interface FoundGroup extends Pick<LogRecord, 'group' | 'row'> {
  readonly segment: number
}

/** A record, and the segment that has it. */
export type FoundRecord = LogRecord & FoundGroup

export interface LogFound {
  readonly segments: readonly FoundSegment[]
  readonly records: readonly FoundRecord[]
  /** What no loss of power explains. */
  readonly damage: readonly string[]
  /** What a loss of power may leave. */
  readonly notes: readonly string[]
}

interface FoundSegment extends SegmentContent {
  /** Of its file. */
  readonly name: string
  readonly number: number
  readonly length: number
}

export interface OpenLog {
  readonly log: Log
  readonly records: readonly FoundRecord[]
  readonly notes: readonly string[]
}

/**
 * Reads the log; call `seal` and `next` before the first `append`. `range`: what LevelDB says must be there; `facts`: what
 * was on the disk for certain. Throws JR_STORE_CORRUPT when it is not; when the store was written without fsync that is
 * only noted, for a power cut may have taken it.
 */
export function openLog(
  options: LogOptions,
  range: LogRange,
  facts: Facts | null,
  synced = options.fsync,
): OpenLog {
  const { dir, size } = options
  makePrivateDirectory(dir)
  const { segments, records, damage, notes } = readLog({ dir, size }, range, facts)
  if (damage.length > 0 && synced) throw new JrError('JR_STORE_CORRUPT', damage.join('; '))
  const open = ({ name, number, length }: FoundSegment, end: number): Segment => {
    return { name, number, fd: openSync(join(dir, name), 'r+'), length, end }
  }
  const live = segments.filter(({ number }) => number >= range.oldest)
  const log = new Log(options, {
    segments: live.map((segment) => open(segment, segment.end)),
    spares: segments.filter(({ number }) => number < range.oldest).map((segment) => open(segment, 0)),
    last: Math.max(range.newest, ...segments.map(({ number }) => number)),
    sealed: live.at(-1)?.sealed ?? true,
  })
  return { log, records, notes: [...damage, ...notes] }
}

/** Changes nothing. */
export function readLog(
  { dir, size }: Pick<LogOptions, 'dir' | 'size'>,
  range: LogRange,
  facts: Facts | null,
): LogFound {
  const segments = readdirSync(dir)
    .map((name) => segmentIn(dir, name, range.oldest))
    .sort((a, b) => a.number - b.number)
  const live = segments.filter(({ number }) => number >= range.oldest)
  const damage: string[] = []
  const notes: string[] = []
  const last = live.at(-1)?.number ?? 0
  for (let number = range.oldest; number <= Math.max(range.newest, facts?.segment ?? 0); number++) {
    const segment = live.find((each) => each.number === number)
    if (segment === undefined) damage.push(`${dir}: the file of segment ${number} is not there`)
  }
  for (const segment of live) lookAt(segment, segment.number < last)
  const records = live.flatMap(({ number, records }) =>
    records.map((record) => ({ ...record, segment: number })),
  )
  return { segments, records, damage, notes }

  function lookAt({ name, number, sealed, end, length, behind }: FoundSegment, mustBeSealed: boolean): void {
    const where = `${join(dir, name)} (segment ${number})`
    const whole = behind[0]
    // What was torn by a loss of power had not been on the disk when the next was written.
    const torn = behind.every(({ synced }) => synced <= end)
    if (mustBeSealed && !sealed) damage.push(`${where} ends too early, at byte ${end}`)
    else if (whole !== undefined) {
      const text = `${where} has an entry at byte ${end} that is not whole, and a whole one behind it, at byte ${whole.at}`
      if (torn) notes.push(`${text}: ${bytes(length - end)} are left out`)
      else damage.push(text)
    } else if (number === range.newest && end < range.synced) {
      damage.push(`${where} ends at byte ${end}; LevelDB has what came after byte ${range.synced}`)
    } else if (number === facts?.segment && end < facts.synced) {
      notes.push(
        `${where} is cut off at byte ${end}: ${bytes(facts.synced - end)} that were on the disk are gone`,
      )
    } else if (length % GROWTH_BYTES !== 0 && length !== size && !sealed) {
      notes.push(`${where} is cut off behind byte ${end}: ${bytes(length - end)} are left out`)
    }
  }
}

function segmentIn(dir: string, name: string, oldest: number): FoundSegment {
  const file = readFileSync(join(dir, name))
  const number = segmentNumber(file) ?? 0
  const nothing: SegmentContent = { records: [], end: 0, sealed: true, behind: [] }
  return { ...(number >= oldest ? readSegment(file, number) : nothing), name, number, length: file.length }
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
