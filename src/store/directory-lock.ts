import { once } from 'node:events'
import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { basename, join } from 'node:path'
import { JrError } from '../errors.js'
import { probe } from '../socket-file.js'
import { messageOf } from '../thrown.js'

/** Directories that this process has open: a database must not be opened twice in one process either. */
const held = new Set<string>()

const OWNER = 'owner.pid'
const NUMBERED = /^(\d+)\.LOCK$/
/** What file systems answer that have no sockets, or no second names for them. */
const NO_SOCKETS = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'ENOSYS'])

/**
 * Keeps a directory for one process. The operating system lets go of the lock when the process ends, however it ends. On
 * Linux it is a socket in the directory, so that it holds for all who see the directory, whatever network they are in,
 * and for nobody else: `7.LOCK`, the next number with each owner, and the highest one counts. Elsewhere, and where the
 * directory takes no socket, it is a file with the owner's pid, which is void when no such process lives.
 */
export class DirectoryLock {
  readonly #dir: string
  #path = ''
  #server: Server | null = null
  /** The lock itself: a numbered socket, or a file with our pid. */
  #file = ''

  constructor(dir: string) {
    this.#dir = dir
  }

  /**
   * Rejects with JR_STORE_LOCKED when another process, or another part of this one, has the directory; with JR_STORE
   * when it can't be locked.
   */
  async take(): Promise<void> {
    const path = realpathSync(this.#dir)
    if (held.has(path)) throw locked(path, 'this process has it open already')
    held.add(path)
    this.#path = path
    try {
      if (process.platform === 'linux') await this.#bind()
      if (this.#server === null) this.#create(join(path, OWNER))
      else writeFileSync(join(path, OWNER), String(process.pid))
    } catch (cause) {
      await this.release()
      if (cause instanceof JrError) throw cause
      throw new JrError('JR_STORE', `cannot lock ${path}: ${messageOf(cause)}`, { cause })
    }
  }

  async release(): Promise<void> {
    const server = this.#server
    const file = this.#file
    this.#server = null
    this.#file = ''
    if (server !== null) {
      leaveNumber(file)
      await new Promise((resolve) => server.close(resolve))
    } else if (file !== '') unlinkSync(file)
    held.delete(this.#path)
  }

  /** Nothing is taken where the directory takes no sockets. */
  async #bind(): Promise<void> {
    // The socket gets its name when it listens: one that nobody listens to is void.
    const own = mkdtempSync(join(this.#path, 'lock-'))
    const name = basename(own)
    const fd = openSync(own, 'r')
    // The name of a socket has no room for a long path.
    const at = (name: string) => `/proc/self/fd/${fd}/${name}`
    let server: Server | null = null
    try {
      server = await listen(at(name))
      this.#file = await nextNumber(this.#path, join(own, name), (number) => answers(at(`../${number}`)))
      this.#server = server
    } catch (error) {
      server?.close()
      if (!NO_SOCKETS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    } finally {
      closeSync(fd)
      rmSync(own, { recursive: true })
    }
  }

  #create(file: string): void {
    for (let tries = 0; tries < 2; tries++) {
      try {
        const fd = openSync(file, 'wx')
        writeSync(fd, String(process.pid))
        closeSync(fd)
        this.#file = file
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        const owner = ownerOf(file)
        if (owner !== null && alive(owner)) throw locked(this.#path, `process ${owner} has it`)
        unlinkSync(file)
      }
    }
  }
}

/** Gives the socket the next number, when that of the highest one has no owner; answers its path. */
async function nextNumber(
  path: string,
  socket: string,
  owned: (name: string) => Promise<boolean>,
): Promise<string> {
  for (;;) {
    const highest = Math.max(0, ...numbers(path))
    if (highest > 0 && (await owned(`${highest}.LOCK`))) {
      throw locked(path, `process ${ownerOf(join(path, OWNER)) ?? '(unknown)'} has it`)
    }
    const file = join(path, `${highest + 1}.LOCK`)
    try {
      linkSync(socket, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      continue
    }
    const all = numbers(path)
    if (Math.max(...all) === highest + 1) {
      for (const old of all) if (old <= highest) rmSync(join(path, `${old}.LOCK`), { force: true })
      return file
    }
    // Somebody was quicker, and has removed the numbers below his, this one among them.
    rmSync(file, { force: true })
  }
}

function numbers(path: string): number[] {
  return readdirSync(path)
    .flatMap((name) => NUMBERED.exec(name)?.[1] ?? [])
    .map(Number)
}

/**
 * Numbers must not begin anew while somebody looks at an old one, so a file takes the place of the socket. It can be
 * copied with the directory, which a socket can't.
 */
function leaveNumber(file: string): void {
  try {
    writeFileSync(`${file}.free`, '')
    renameSync(`${file}.free`, file)
  } catch {
    // The disk is full, or the directory is gone. A socket that nobody listens to is free as well.
  }
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  // Exclusive: a worker of `node:cluster` has its own.
  server.listen({ path, exclusive: true })
  await once(server, 'listening')
  // Who can't be accepted for lack of a file has his answer all the same.
  server.on('error', () => {})
  return server
}

/** Whether a process listens there. What is not certain is answered with yes. */
async function answers(path: string): Promise<boolean> {
  return !['ECONNREFUSED', 'ENOENT'].includes(await probe(path))
}

function locked(path: string, who: string): JrError {
  return new JrError('JR_STORE_LOCKED', `${path} is in use: ${who}. Stop that process first`)
}

function ownerOf(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    // No file, no owner to name.
    return null
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
