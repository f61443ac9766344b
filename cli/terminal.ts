import { toJson } from '../src/to-json.js'
import { EXIT } from './exit-codes.js'

/** Colours where a person looks, and plain text everywhere else. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  faint(text: string): string
  strong(text: string): string
}

export function paintFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Paint {
  const coloured = stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const paint = (code: number) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { good: paint(32), bad: paint(31), faint: paint(2), strong: paint(1) }
}

/** Text in columns; the last may be as long as it likes. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')
  return rows.map((row) => `${indent}${line(row)}`.trimEnd()).join('\n')
}

/** Text of others on one line: what a terminal would obey is written out instead. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** The first `width` letters of a line, with all of its colours: none goes on behind it. */
export function cut(line: string, width: number): string {
  let left = width
  return line
    .split(COLOUR)
    .map((part) => {
      if (part.startsWith('\x1b')) return part
      const letters = [...part].slice(0, left)
      left -= letters.length
      return letters.join('')
    })
    .join('')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with one
const COLOUR = /(\x1b\[[\d;]*m)/

/** Answers what a command exits with that was asked to say this. */
export function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return EXIT.ok
}

/** For programs, and people who read it. */
export function asJson(value: unknown): string {
  return toJson(value, 2)
}
