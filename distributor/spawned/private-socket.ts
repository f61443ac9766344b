import { lstatSync, mkdtempSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { probe } from '../../src/socket-file.js'

const PREFIX = 'job-reactor-'
const SOCKET = 'app.sock'
/** As `mkdtemp` makes them of the prefix. */
const FOLDER = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}$`)
/** A socket that is younger may be about to listen. */
const YOUNG_MS = 10_000

/** The path for a socket that only this user can reach: nobody else can go into a folder that `mkdtemp` has made. */
export function makePrivateSocket(): string {
  return join(mkdtempSync(join(tmpdir(), PREFIX)), SOCKET)
}

export function removePrivateSocket(path: string): void {
  attempt(() => unlinkSync(path))
  // Whatever else somebody has put there stays.
  attempt(() => rmdirSync(dirname(path)))
}

/** Removes what apps of this user have left that were killed: nobody listens at their sockets. What is not certain stays. */
export async function clearPrivateSockets(now: number): Promise<void> {
  const names = attempt(() => readdirSync(tmpdir())) ?? []
  for (const name of names.filter((name) => FOLDER.test(name))) {
    const path = join(tmpdir(), name, SOCKET)
    const there = attempt(() => lstatSync(path))
    if (there?.isSocket() !== true || there.uid !== process.getuid?.() || now - there.mtimeMs < YOUNG_MS)
      continue
    if ((await probe(path)) === 'ECONNREFUSED') removePrivateSocket(path)
  }
}

/** What is gone already, or belongs to others, is no matter. */
function attempt<T>(what: () => T): T | undefined {
  try {
    return what()
  } catch {
    return undefined
  }
}
