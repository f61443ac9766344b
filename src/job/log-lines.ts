import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A line that a job has logged, as the record of the job keeps it. */
export interface LogLine {
  /** Epoch milliseconds on the node's clock. */
  readonly at: number
  /** From 1. */
  readonly attempt: number
  readonly level: LogLevel
  readonly text: string
  /** JSON of an object; empty: there are none. */
  readonly facts: string
}

export const NO_LINES: readonly LogLine[] = Object.freeze([])

/** UTF-16 units of one line: its text, and its facts if there is room for them. */
const LONGEST = 1024

export function lineOf(line: LogLine): LogLine {
  const text = line.text.slice(0, LONGEST)
  return { ...line, text, facts: text.length + line.facts.length > LONGEST ? '' : line.facts }
}

/** The last so many of both. */
export function lastLines(
  before: readonly LogLine[],
  more: readonly LogLine[],
  most: number,
): readonly LogLine[] {
  return [...before, ...more].slice(-most)
}

/** Letters of what they carry. */
export function bytesOfLines(lines: readonly LogLine[]): number {
  let bytes = 0
  for (const { text, facts } of lines) bytes += text.length + facts.length
  return bytes
}

export function writeLines(w: ByteWriter, lines: readonly LogLine[]): void {
  w.uint(lines.length)
  for (const { at, attempt, level, text, facts } of lines) {
    w.uint(at)
    w.uint(attempt)
    w.u8(LOG_LEVELS.indexOf(level))
    w.text(text)
    w.text(facts)
  }
}

export function readLines(r: ByteReader): readonly LogLine[] {
  // Each takes five bytes at least.
  const length = Math.min(r.uint(), r.left + 1)
  return Array.from({ length }, () => ({
    at: r.uint(),
    attempt: r.uint(),
    level: LOG_LEVELS[r.u8()] ?? 'info',
    text: r.text(),
    facts: r.text(),
  }))
}
