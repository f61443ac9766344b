import { openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JrError } from '../../errors.js'
import { makePrivateDirectory } from '../../private-directory.js'
import { Log, type LogOptions, type Segment } from './log.js'
import { type LogRecord, readSegment, segmentNumber } from './segment.js'

/** Segments of which something is needed: all of them are there, and perhaps the one after them. */
export interface LogRange {
  readonly oldest: number
  readonly newest: number
}

/** A record, and the segment that has it. */
export interface FoundRecord extends LogRecord {
  readonly segment: number
}

export interface OpenLog {
  readonly log: Log
  readonly records: readonly FoundRecord[]
  readonly notes: readonly string[]
}

/**
 * Reads the log; call `seal` and `next` before the first `append`. `range`: what must be there. Throws JR_STORE_CORRUPT
 * when it is not; without fsync that is only noted, for a power cut may have taken it.
 */
export function openLog(options: LogOptions, range: LogRange): OpenLog {
  const { dir, fsync } = options
  makePrivateDirectory(dir)
  const { oldest, newest } = range
  const files = readdirSync(dir)
    .map((name) => ({ name, bytes: readFileSync(join(dir, name)) }))
    .map(({ name, bytes }) => ({ name, bytes, number: segmentNumber(bytes) ?? 0 }))
    .sort((a, b) => a.number - b.number)
  const live = files
    .filter(({ number }) => number >= oldest)
    .map((file) => ({ ...file, ...readSegment(file.bytes, file.number) }))
  const there = new Set(live.map(({ number }) => number))
  const missing: string[] = []
  for (let number = oldest; number <= newest; number++) {
    if (!there.has(number)) missing.push(`segment ${number} is not there`)
  }
  for (const { name, number, sealed, end } of live) {
    if (number < newest && !sealed) missing.push(`${name} (segment ${number}) ends too early, at byte ${end}`)
  }
  if (missing.length > 0 && fsync) throw corrupt(dir, missing)
  const lost = live
    .filter((segment) => segment.lost > 0)
    .map(
      (segment) => `${segment.name} (segment ${segment.number}) has ${segment.lost} bytes that can't be read`,
    )
  const open = ({ name, number, bytes }: (typeof files)[number], end: number): Segment => {
    return { name, number, fd: openSync(join(dir, name), 'r+'), length: bytes.length, end }
  }
  const log = new Log(options, {
    segments: live.map((file) => open(file, file.end)),
    spares: files.filter(({ number }) => number < oldest).map((file) => open(file, 0)),
    last: Math.max(newest, ...files.map(({ number }) => number)),
    sealed: live.at(-1)?.sealed ?? true,
  })
  const records = live.flatMap(({ number, records }) =>
    records.map((record) => ({ ...record, segment: number })),
  )
  return { log, records, notes: [...missing, ...lost].map((text) => `the journal in ${dir}: ${text}`) }
}

function corrupt(dir: string, missing: readonly string[]): JrError {
  const help = 'Restore a backup of the whole data directory; or move it away to begin with an empty one'
  return new JrError('JR_STORE_CORRUPT', `the journal in ${dir} is damaged: ${missing.join('; ')}. ${help}`)
}
