// @ts-check
// A file of entries, each with its length and a checksum. It only grows, until it is written anew.
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { JrError } from 'job-reactor/store'

const MAGIC = Buffer.from('JOBS')
/** Magic, length and checksum of what follows. */
const HEAD = 12

function encode(value) {
  const body = serialize(value)
  const head = Buffer.alloc(HEAD)
  MAGIC.copy(head)
  head.writeUInt32LE(body.length, 4)
  head.writeUInt32LE(crc32(body), 8)
  return Buffer.concat([head, body])
}

/** The bytes of the entry at `at`; null when there is no whole one. */
function bodyAt(bytes, at) {
  if (at + HEAD > bytes.length || bytes.compare(MAGIC, 0, 4, at, at + 4) !== 0) return null
  const end = at + HEAD + bytes.readUInt32LE(at + 4)
  if (end > bytes.length) return null
  const body = bytes.subarray(at + HEAD, end)
  return crc32(body) === bytes.readUInt32LE(at + 8) ? body : null
}

/**
 * All whole entries of a log, and how many bytes of a torn one are behind them; null when there is no log. Rejects with
 * JR_STORE_CORRUPT for damage that can't come from a lost process or a power cut.
 */
export async function readLog(path) {
  let bytes
  try {
    bytes = await readFile(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new JrError('JR_STORE', `cannot read ${path}: ${cause}`, { cause })
  }
  const entries = []
  let at = 0
  for (let body = bodyAt(bytes, at); body !== null; body = bodyAt(bytes, at)) {
    // Of a copy: the jobs would hold on to the whole file otherwise.
    entries.push(deserialize(Buffer.from(body)))
    at += HEAD + body.length
  }
  // An entry is on disk before the next is written, so only the last one can be torn. Whole ones behind a broken one
  // mean that the disk has lost what it had.
  for (let later = bytes.indexOf(MAGIC, at + 1); later >= 0; later = bytes.indexOf(MAGIC, later + 1)) {
    if (bodyAt(bytes, later) === null) continue
    throw new JrError(
      'JR_STORE_CORRUPT',
      `${path} is damaged at byte ${at}, before its end. Restore a backup`,
    )
  }
  return { entries, torn: bytes.length - at }
}

/**
 * Writes a log anew with one entry, whole or not at all, and answers a function that appends to it. An append has
 * resolved when it is on disk.
 */
export async function startLog(path, first) {
  const file = await open(`${path}.new`, 'w')
  try {
    await file.appendFile(encode(first))
    await file.sync()
    await rename(`${path}.new`, path)
    // The new name is in the folder, which is on disk only when it is told so.
    const folder = await open(dirname(path))
    await folder.sync().finally(() => folder.close())
  } catch (cause) {
    await file.close()
    throw new JrError('JR_STORE', `cannot write ${path}: ${cause}`, { cause })
  }
  return {
    async append(entry) {
      await file.appendFile(encode(entry))
      await file.datasync()
    },
    close: () => file.close(),
  }
}
