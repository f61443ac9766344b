import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import { shareOfDescriptors } from '../../descriptors.js'
import { JrError } from '../../errors.js'
import { makePrivateDirectory } from '../../private-directory.js'
import { syncDirectory } from '../../sync-directory.js'
import { DirectoryLock } from '../directory-lock.js'

export type Database = ClassicLevel<string, Buffer>

const FORMAT = 3
/** Bytes: what is written is sorted in memory up to this size before it goes to a file of its own. */
const WRITE_BUFFER = 8 * 1024 * 1024
/** Files that LevelDB keeps open. */
const MAX_TABLES = 1000

/** A LevelDB in a directory of ours, its lock, and a marker beside it that says that it must be there. */
export interface OpenDatabase {
  readonly db: Database
  readonly lock: DirectoryLock
  readonly isNew: boolean
  /** Lines in which LevelDB says that it left something out while recovering. */
  readonly notes: readonly string[]
}

/** Rejects with JR_STORE_LOCKED, JR_STORE_CORRUPT, JR_BAD_CONFIG or JR_STORE; nothing stays open then. */
export async function openDatabase(dir: string, node: string): Promise<OpenDatabase> {
  try {
    makePrivateDirectory(dir)
  } catch (cause) {
    throw new JrError('JR_STORE', `cannot make the data directory ${dir}: ${reason(cause)}`, { cause })
  }
  const lock = new DirectoryLock(dir)
  await lock.take()
  try {
    const marker = readMarker(dir, node)
    const { ClassicLevel } = await import('classic-level')
    const place = join(dir, 'db')
    if (marker === null && !existsSync(place)) await makeDatabase(dir, new ClassicLevel(join(dir, 'db.new')))
    const db: Database = new ClassicLevel(place, {
      keyEncoding: 'utf8',
      valueEncoding: 'buffer',
      // Once it has been made, a database that is not there is a loss, not a reason to make an empty one.
      createIfMissing: false,
      writeBufferSize: WRITE_BUFFER,
      maxOpenFiles: shareOfDescriptors(MAX_TABLES),
    })
    await db.open().catch((error) => {
      throw openError(dir, error)
    })
    return { db, lock, isNew: marker === null, notes: damageNotes(dir) }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/**
 * LevelDB does not wait for the first files of a database to be on the disk, and does not open what a power cut leaves of
 * them. So it gets its name when it is whole, and nothing that has the name is ever made anew.
 */
async function makeDatabase(dir: string, made: ClassicLevel): Promise<void> {
  rmSync(made.location, { recursive: true, force: true })
  try {
    await made.open()
    await made.close()
  } catch (error) {
    throw openError(dir, error)
  }
  renameSync(made.location, join(dir, 'db'))
  syncDirectory(dir)
}

/** From now on an empty directory is a loss. */
export function writeMarker(dir: string, node: string, now: number): void {
  const file = join(dir, 'node.json')
  const fd = openSync(`${file}.new`, 'w')
  writeSync(fd, `${JSON.stringify({ format: FORMAT, node, created: new Date(now).toISOString() })}\n`)
  fsyncSync(fd)
  closeSync(fd)
  renameSync(`${file}.new`, file)
  syncDirectory(dir)
}

function readMarker(dir: string, node: string): { node: string } | null {
  const file = join(dir, 'node.json')
  if (!existsSync(file)) return null
  let marker: { format?: unknown; node?: unknown }
  try {
    marker = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new JrError('JR_STORE_CORRUPT', `${file} cannot be read: ${reason(cause)}`, { cause })
  }
  if (marker.format !== FORMAT) {
    const text = `${dir} has data of format ${marker.format}; this version of job-reactor reads format ${FORMAT}`
    throw new JrError('JR_STORE_CORRUPT', text)
  }
  if (marker.node !== node) {
    const text = `${dir} belongs to node '${marker.node}', not '${node}': give each node a directory of its own`
    throw new JrError('JR_BAD_CONFIG', text)
  }
  return { node }
}

function openError(dir: string, error: unknown): JrError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: string }).code
  if (code === 'LEVEL_LOCKED') {
    return new JrError('JR_STORE_LOCKED', `${dir} is in use by another process`, { cause })
  }
  const text = reason(cause)
  if (code === 'LEVEL_CORRUPTION' || /corruption|does not exist|no such file/i.test(text)) {
    const help =
      'The database is damaged or gone. Restore a backup; or move the directory away to begin an empty one'
    return new JrError('JR_STORE_CORRUPT', `cannot open ${join(dir, 'db')}: ${text}. ${help}`, { cause })
  }
  return new JrError('JR_STORE', `cannot open ${join(dir, 'db')}: ${text}`, { cause })
}

/** LevelDB opens a damaged log without what it can't read, and says so only in a file of its own. */
function damageNotes(dir: string): string[] {
  let log: string
  try {
    log = readFileSync(join(dir, 'db', 'LOG'), 'utf8')
  } catch (cause) {
    return [`LevelDB's own log could not be read: ${reason(cause)}`]
  }
  return log.split('\n').filter((line) => /dropping|corruption/i.test(line))
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
