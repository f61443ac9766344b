import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { JrError } from '../../src/errors.js'
import { syncDirectory } from '../../src/sync-directory.js'
import { FORMAT, readRecords, type SpoolContent } from './spool-records.js'

export function fileIn(dir: string): string {
  return join(dir, 'spool.log')
}

/** Throws JR_STORE_CORRUPT, or what the file system says. */
export function readSpool(dir: string): SpoolContent & { readonly notes: string[] } {
  const file = fileIn(dir)
  const isThere = existsSync(file)
  if (!isThere && existsSync(usedIn(dir))) throw damaged(dir, `${file} is not there`)
  const bytes = isThere ? readFileSync(file) : Buffer.alloc(0)
  const content = readRecords(bytes)
  const { format, end } = content
  if (format !== null && format !== FORMAT) {
    const text = `${file} has format ${format}; this version of job-reactor reads ${FORMAT}`
    throw new JrError(
      'JR_STORE_CORRUPT',
      `${text}. Start the version that wrote it, or choose another folder`,
    )
  }
  if (content.damaged || (isThere && format === null))
    throw damaged(dir, `${file} has a record at byte ${end} that is not what was written`)
  const rest = `${file} ends in a record that is not whole: its ${bytes.length - end} bytes, from byte ${end} on, are left out`
  return { ...content, notes: end < bytes.length ? [rest] : [] }
}

function damaged(dir: string, what: string): JrError {
  const help = `Restore a backup of it; or move ${dir} away, to go on without the jobs that wait in it`
  return new JrError('JR_STORE_CORRUPT', `the spool is damaged: ${what}. ${help}`)
}

/** From now on a folder without a spool is a loss. */
export function markUsed(dir: string): void {
  if (existsSync(usedIn(dir))) return
  writeFileSync(usedIn(dir), '')
  syncDirectory(dir)
}

function usedIn(dir: string): string {
  return join(dir, 'used')
}

/** Answers the bytes of the file. */
export function writeSynced(file: string, records: readonly Buffer[]): number {
  const fd = openSync(file, 'w')
  try {
    let size = 0
    for (const record of records) size += writeWhole(fd, record, size)
    fsyncSync(fd)
    return size
  } finally {
    closeSync(fd)
  }
}

export function writeWhole(fd: number, record: Buffer, at: number): number {
  const written = writeSync(fd, record, 0, record.length, at)
  if (written !== record.length) throw new Error(`only ${written} of ${record.length} bytes could be written`)
  return written
}
