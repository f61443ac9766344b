import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { logNumbers, logPath, tableName, versionOf } from '../examination.js'
import { readLogFile } from '../leveldb/log-file.js'
import { entriesOf, isWhole, readTable } from '../leveldb/table.js'
import { type Version, versionInTable, versionsInBatch } from '../leveldb/write-batch.js'

/** What is said of what can't be read. */
export type Say = (gone: string) => void

/** A file of LevelDB, and the rows in it that can be read. */
export interface Source {
  readonly path: string
  readonly versions: () => Iterable<Version>
}

/** The files in which LevelDB has rows, in no order; read without LevelDB, which would throw away what it can't read. */
export function sourcesIn(db: string, say: Say): Source[] {
  if (!existsSync(db)) {
    say(`${db} is not there: all rows are gone`)
    return []
  }
  const damage: string[] = []
  const version = versionOf(db, damage, damage)
  const tables = readdirSync(db).filter((name) => name.endsWith('.ldb'))
  const listed = [...(version?.tables.keys() ?? [])].map(tableName)
  const logs = logNumbers(db)
  const first = version?.logNumber ?? 0
  for (const name of listed)
    if (!tables.includes(name)) damage.push(`${join(db, name)} is not there: its rows are gone`)
  if (first > 0 && !logs.includes(first)) damage.push(`${logPath(db, first)} is not there: its rows are gone`)
  for (const text of damage) say(text)
  if (damage.length > 0)
    say('all tables and logs that are there are read: jobs that had ended may be there again')
  return [
    ...(damage.length > 0 ? tables : listed).map((name) => {
      const path = join(db, name)
      return { path, versions: () => versionsInTable(path, say) }
    }),
    ...logs
      .filter((number) => damage.length > 0 || number >= first)
      .map((number) => {
        const path = logPath(db, number)
        return { path, versions: () => versionsInLog(path, say) }
      }),
  ]
}

function* versionsInTable(path: string, say: Say): Generator<Version> {
  const bytes = readFileSync(path)
  let blocks: ReturnType<typeof readTable>
  try {
    blocks = readTable(bytes)
  } catch (cause) {
    say(`${path}: ${String(cause)}: its ${bytes.length} bytes can't be read`)
    return
  }
  for (const block of blocks.data) {
    if (isWhole(bytes, block)) {
      for (const [key, value] of entriesOf(bytes, block)) yield versionInTable(key, value)
    } else say(`${path}: the rows in ${block.size} bytes from byte ${block.at} on`)
  }
}

function* versionsInLog(path: string, say: Say): Generator<Version> {
  const bytes = readFileSync(path)
  for (let from: number | null = 0; from !== null; ) {
    const { entries, end, next } = readLogFile(bytes, from)
    for (const entry of entries) yield* versionsInBatch(entry)
    if (end < bytes.length)
      say(`${path}: what was in ${(next ?? bytes.length) - end} bytes from byte ${end} on`)
    from = next
  }
}
