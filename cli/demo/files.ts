import { accessSync, constants, type Dirent, lstatSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../../src/clock.js'

export interface FoundFile {
  /** Its whole path in bytes: a name need not be UTF-8. */
  readonly path: Buffer
  /** The same from the folder on, with `/`, for people. */
  readonly shown: string
  readonly bytes: number
}

export interface FoundFiles {
  readonly files: readonly FoundFile[]
  /** Files and folders that may not be read. */
  readonly unreadable: number
  /** False: there was no time to look everywhere. */
  readonly all: boolean
}

/** How long a folder is walked; what was found until then is a beginning of the whole list. */
const LONGEST_WALK_MS = 10_000

/**
 * Every regular file below a folder, in the order of the bytes of its path, as `LC_ALL=C sort` has it. Links are not
 * followed. Rejects with the signal's reason.
 */
export async function findFiles(root: string, signal?: AbortSignal): Promise<FoundFiles> {
  const files: FoundFile[] = []
  const until = systemClock.mono() + LONGEST_WALK_MS
  let unreadable = 0
  let all = true
  // Paths are text of one character a byte here, which sorts as bytes do.
  const base = Buffer.from(root).toString('latin1')
  const waiting = ['']
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    if (below !== '' && !below.endsWith('/')) {
      const path = Buffer.from(`${base}/${below}`, 'latin1')
      const bytes = readableBytes(path)
      if (bytes === null) unreadable++
      else files.push({ path, shown: Buffer.from(below, 'latin1').toString(), bytes })
      continue
    }
    await setImmediate()
    signal?.throwIfAborted()
    if (systemClock.mono() > until) {
      all = false
      break
    }
    const entries = list(Buffer.from(`${base}/${below}`, 'latin1'))
    if (entries === null) unreadable++
    // A folder sorts by its name with the slash that follows it in the path of every file in it.
    else for (const name of entries.sort(backwards)) waiting.push(below + name)
  }
  return { files, unreadable, all }
}

/** The files of a folder and, with a slash, its folders; null when it may not be read. */
function list(path: Buffer): string[] | null {
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true, encoding: 'latin1' })
  } catch {
    return null
  }
  return entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
}

function readableBytes(path: Buffer): number | null {
  try {
    accessSync(path, constants.R_OK)
    return lstatSync(path).size
  } catch {
    return null
  }
}

function backwards(a: string, b: string): number {
  return a < b ? 1 : -1
}

/** The first files, as many as fit. */
export function within(files: readonly FoundFile[], maxFiles: number, maxBytes: number): FoundFile[] {
  let bytes = 0
  const end = files.findIndex((file, i) => {
    bytes += file.bytes
    return i >= maxFiles || bytes > maxBytes
  })
  return end === -1 ? [...files] : files.slice(0, end)
}
