import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type LogFile, readLogFile } from './leveldb/log-file.js'
import { readVersion, type Version } from './leveldb/manifest.js'
import { isWhole, readTable } from './leveldb/table.js'
import { sequenceBehind, sequenceOf } from './leveldb/write-batch.js'

/** What LevelDB's files are found to be. */
export interface Examination {
  /** What no loss of power explains: the database is not to be opened. LevelDB would throw away what it can't read. */
  readonly damage: readonly string[]
  /** What a loss of power may leave. */
  readonly notes: readonly string[]
  /** Tables that there are, by path. */
  readonly tables: readonly string[]
}

/**
 * LevelDB opens damaged files without what it can't read, says nothing of a log that is gone, and reads its tables without
 * looking at their checksums. So its files are looked at before it opens them. `synced`: each batch was on the disk before
 * the next was written, so that nothing whole stands behind what a loss of power has torn.
 */
export function examine(db: string, synced: boolean): Examination {
  const damage: string[] = []
  const notes: string[] = []
  const version = versionOf(db, damage, notes)
  if (version === null) return { damage, notes, tables: [] }
  const tables: string[] = []
  for (const [number, bytes] of version.tables) {
    const path = tablePath(db, number)
    if (path === null) damage.push(`table ${number} is not there`)
    else if (statSync(path).size !== bytes)
      damage.push(`${path} has ${statSync(path).size} bytes in place of ${bytes}`)
    else tables.push(path)
  }
  const holes = synced ? damage : notes
  lookAtLogs(db, version, { damage, notes, holes })
  return { damage, notes, tables }
}

/** What is damaged in a table; null: nothing. */
export function damageOf(path: string, bytes: Buffer): string | null {
  try {
    const { data, others } = readTable(bytes)
    const broken = [...data, ...others].filter((block) => !isWhole(bytes, block))
    if (broken.length === 0) return null
    return `${path} is damaged in ${broken.length} of ${data.length} blocks, at byte ${broken[0]?.at}`
  } catch (cause) {
    return `${path} is damaged: ${String(cause)}`
  }
}

/** What the manifest says, that CURRENT names. */
export function versionOf(db: string, damage: string[], notes: string[]): Version | null {
  const current = join(db, 'CURRENT')
  const name = existsSync(current) ? /^(MANIFEST-\d+)\n$/.exec(readFileSync(current, 'latin1'))?.[1] : null
  if (name === null) damage.push(`${current} is not there`)
  else if (name === undefined) damage.push(`${current} does not name a manifest`)
  if (name === null || name === undefined) return null
  const path = join(db, name)
  if (!existsSync(path)) {
    damage.push(`${path} is not there`)
    return null
  }
  const bytes = readFileSync(path)
  const file = readLogFile(bytes)
  if (file.next !== null) damage.push(hole(path, file))
  else if (file.end < bytes.length) notes.push(torn(path, file, bytes))
  try {
    return readVersion(file.entries)
  } catch (cause) {
    damage.push(`${path} can't be read: ${String(cause)}`)
    return null
  }
}

interface Findings {
  readonly damage: string[]
  readonly notes: string[]
  readonly holes: string[]
}

function lookAtLogs(
  db: string,
  { logNumber: first, lastSequence }: Version,
  { damage, notes, holes }: Findings,
): void {
  const numbers = logNumbers(db).filter((number) => number >= first)
  if (first > 0 && numbers[0] !== first) damage.push(`${logPath(db, first)} is not there`)
  /** The one before, when its end is torn. */
  let before: string | null = null
  /** The sequence that follows what is whole so far. */
  let follows = lastSequence + 1
  for (const number of numbers) {
    const path = logPath(db, number)
    const bytes = readFileSync(path)
    const file = readLogFile(bytes)
    const [head, last] = [file.entries[0], file.entries.at(-1)]
    // A log that goes on where that one is whole was begun when its torn end had been left out already: by an opening of
    // which a second loss of power has undone all but this log.
    if (before !== null && head !== undefined && sequenceOf(head) !== follows)
      holes.push(`${before}, and there is a log behind it`)
    if (last !== undefined) follows = Math.max(follows, sequenceBehind(last))
    if (file.next !== null) holes.push(hole(path, file))
    else if (file.end < bytes.length) {
      before = torn(path, file, bytes)
      notes.push(before)
    }
  }
}

export function logNumbers(db: string): number[] {
  const numbers = readdirSync(db).map((name) => Number(/^(\d+)\.log$/.exec(name)?.[1] ?? Number.NaN))
  return numbers.filter((number) => number >= 0).sort((a, b) => a - b)
}

export function logPath(db: string, number: number): string {
  return join(db, `${String(number).padStart(6, '0')}.log`)
}

export function tableName(number: number): string {
  return `${String(number).padStart(6, '0')}.ldb`
}

function tablePath(db: string, number: number): string | null {
  const path = join(db, tableName(number))
  return existsSync(path) ? path : null
}

function hole(path: string, { end, next }: LogFile): string {
  return `${path} has an entry at byte ${end} that is not whole, and a whole one behind it, at byte ${next}`
}

function torn(path: string, { end }: LogFile, bytes: Buffer): string {
  return `${path} ends in an entry that is not whole: its ${bytes.length - end} bytes, from byte ${end} on, are left out`
}
