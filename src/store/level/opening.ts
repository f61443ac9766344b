import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { shareOfDescriptors } from '../../descriptors.js'
import { JrError } from '../../errors.js'
import { makePrivateDirectory } from '../../private-directory.js'
import { syncDirectory } from '../../sync-directory.js'
import { messageOf } from '../../thrown.js'
import { DirectoryLock } from '../directory-lock.js'
import { Database, type LevelDb } from './database.js'
import { damageOf, examine } from './examination.js'
import { damageNoted, type Marker, readMarker } from './marker.js'

/** Bytes: what is written is sorted in memory up to this size before it goes to a file of its own. */
const WRITE_BUFFER = 8 * 1024 * 1024
/** Files that LevelDB keeps open. */
const MAX_TABLES = 1000
/** Bytes of tables that are looked at before the database is opened: a moment. The rest is looked at while it is open. */
const LOOKED_AT_FIRST = 32 * 1024 * 1024

/** A LevelDB in a directory of ours, its lock, and a marker beside it that says that it must be there. */
export interface OpenDatabase {
  readonly db: Database
  readonly lock: DirectoryLock
  /** Null when there is none yet. */
  readonly marker: Marker | null
  /** What a loss of power may have left, and lines in which LevelDB says that it left something out. */
  readonly notes: readonly string[]
  /** Tables that were there, and have not been looked at. */
  readonly unseen: readonly string[]
}

/** Rejects with JR_STORE_LOCKED, JR_STORE_CORRUPT, JR_BAD_CONFIG or JR_STORE; nothing stays open then. */
export async function openDatabase(dir: string, node: string): Promise<OpenDatabase> {
  try {
    makePrivateDirectory(dir)
  } catch (cause) {
    throw new JrError('JR_STORE', `cannot make the data directory ${dir}: ${messageOf(cause)}`, { cause })
  }
  const lock = new DirectoryLock(dir)
  await lock.take()
  try {
    const noted = damageNoted(dir)
    if (noted !== null) throw new JrError('JR_STORE_CORRUPT', noted)
    const marker = readMarker(dir)
    if (marker !== null && marker.node !== node) {
      const text = `${dir} belongs to node '${marker.node}', not '${node}': give each node a directory of its own`
      throw new JrError('JR_BAD_CONFIG', text)
    }
    const place = join(dir, 'db')
    if (!existsSync(place)) {
      if (marker !== null || hasLog(dir)) throw new JrError('JR_STORE_CORRUPT', `${place} is not there`)
      await makeDatabase(dir)
    }
    const { damage, notes, tables } = examine(place, marker?.synced ?? true)
    const { found, unseen } = lookAt(tables)
    const damages = [...damage, ...found]
    if (damages.length > 0) throw new JrError('JR_STORE_CORRUPT', damages.join('; '))
    // Once it has been made, a database that is not there is a loss, not a reason to make an empty one.
    const db = await openLevelDb(place, false)
    return { db: new Database(db), lock, marker, notes: [...notes, ...damageNotes(place)], unseen }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Only the files of LevelDB. Rejects with JR_STORE_LOCKED, JR_STORE_CORRUPT or JR_STORE. */
export async function openLevelDb(place: string, createIfMissing: boolean): Promise<LevelDb> {
  const { ClassicLevel } = await import('classic-level')
  const db: LevelDb = new ClassicLevel(place, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    createIfMissing,
    writeBufferSize: WRITE_BUFFER,
    maxOpenFiles: shareOfDescriptors(MAX_TABLES),
  })
  await db.open().catch((error) => {
    throw openError(place, error)
  })
  return db
}

/**
 * LevelDB does not wait for the first files of a database to be on the disk, and does not open what a power cut leaves of
 * them. So it gets its name when it is whole, and nothing that has the name is ever made anew.
 */
async function makeDatabase(dir: string): Promise<void> {
  const made = join(dir, 'db.new')
  rmSync(made, { recursive: true, force: true })
  await (await openLevelDb(made, true)).close()
  renameSync(made, join(dir, 'db'))
  syncDirectory(dir)
}

/** The log is made after the database. */
function hasLog(dir: string): boolean {
  const log = join(dir, 'log')
  return existsSync(log) && readdirSync(log).length > 0
}

function lookAt(tables: readonly string[]): { found: string[]; unseen: string[] } {
  const found: string[] = []
  const unseen: string[] = []
  let bytes = 0
  for (const path of tables) {
    bytes += statSync(path).size
    if (bytes > LOOKED_AT_FIRST) {
      unseen.push(path)
      continue
    }
    const damage = damageOf(path, readFileSync(path))
    if (damage !== null) found.push(damage)
  }
  return { found, unseen }
}

function openError(place: string, error: unknown): JrError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: string }).code
  if (code === 'LEVEL_LOCKED') {
    return new JrError('JR_STORE_LOCKED', `${place} is in use by another process`, { cause })
  }
  const text = `cannot open ${place}: ${messageOf(cause)}`
  const damaged = code === 'LEVEL_CORRUPTION' || /corruption|does not exist|no such file/i.test(text)
  return new JrError(damaged ? 'JR_STORE_CORRUPT' : 'JR_STORE', text, { cause })
}

/** LevelDB opens a damaged log without what it can't read, and says so only in a file of its own. */
function damageNotes(place: string): string[] {
  let log: string
  try {
    log = readFileSync(join(place, 'LOG'), 'utf8')
  } catch (cause) {
    return [`LevelDB's own log could not be read: ${messageOf(cause)}`]
  }
  return log.split('\n').filter((line) => /dropping|corruption/i.test(line))
}
