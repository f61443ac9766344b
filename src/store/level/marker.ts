import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { JrError } from '../../errors.js'
import { syncDirectory } from '../../sync-directory.js'

/** Files that say of a data directory what its database can't: that it must be there, and that it is damaged. */
const MARKER = 'node.json'
const DAMAGE = 'damage.json'

export const FORMAT = 9

/** The data is not damaged, and nothing is to be mended: another version of the package has written it. */
export class UnknownFormat extends JrError {}

export interface Marker {
  readonly node: string
  /** Whether each batch was on the disk before the next was written. */
  readonly synced: boolean
}

/** From now on an empty directory is a loss. */
export function writeMarker(dir: string, { node, synced }: Marker): void {
  const facts = { format: FORMAT, node, synced }
  writeWhole(dir, MARKER, { ...facts, sum: crc32(JSON.stringify(facts)) })
}

/** Null when there is none. Throws JR_STORE_CORRUPT when it can't be read, or is of another format. */
export function readMarker(dir: string): Marker | null {
  const file = join(dir, MARKER)
  if (!existsSync(file)) return null
  const { sum, ...facts } = fieldsOf(file)
  const { format, node, synced } = facts
  if (Number.isInteger(format) && format !== FORMAT) {
    const text = `${dir} has data of format ${format}; this version of job-reactor reads format ${FORMAT}`
    throw new UnknownFormat(
      'JR_STORE_CORRUPT',
      `${text}. Start the version that wrote it, or choose another directory`,
    )
  }
  if (sum !== crc32(JSON.stringify(facts)) || typeof node !== 'string' || typeof synced !== 'boolean') {
    throw new JrError('JR_STORE_CORRUPT', `${file} is not what was written`)
  }
  return { node, synced }
}

/** What was found while the store was open: it is not opened again. Says nothing when it can't be written down. */
export function noteDamage(dir: string, found: string, now: number): void {
  try {
    if (!existsSync(join(dir, DAMAGE))) writeWhole(dir, DAMAGE, { found, at: new Date(now).toISOString() })
  } catch {
    // The node ends, and says why, all the same.
  }
}

/** Null when none was. */
export function damageNoted(dir: string): string | null {
  const file = join(dir, DAMAGE)
  if (!existsSync(file)) return null
  const { found, at } = fieldsOf(file)
  return `${found} (found ${at}, noted in ${file})`
}

function writeWhole(dir: string, name: string, fields: Readonly<Record<string, unknown>>): void {
  const file = join(dir, name)
  const fd = openSync(`${file}.new`, 'w')
  writeSync(fd, `${JSON.stringify(fields)}\n`)
  fsyncSync(fd)
  closeSync(fd)
  renameSync(`${file}.new`, file)
  syncDirectory(dir)
}

function fieldsOf(file: string): Record<string, unknown> {
  try {
    const fields: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof fields === 'object' && fields !== null) return { ...fields }
  } catch (cause) {
    throw new JrError('JR_STORE_CORRUPT', `${file} can't be read: ${String(cause)}`, { cause })
  }
  throw new JrError('JR_STORE_CORRUPT', `${file} can't be read`)
}
