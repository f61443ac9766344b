import { createHash } from 'node:crypto'
import {
  closeSync,
  openSync,
  readFileSync,
  realpathSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { JrError } from '../errors.js'

/** Directories that this process has open: a database must not be opened twice in one process either. */
const held = new Set<string>()

/**
 * Keeps a directory for one process. The operating system lets go of the lock when the process ends, however it
 * ends: on Linux it is the name of an abstract socket, which nobody else can take while it is bound; elsewhere a file
 * with the owner's pid, which is void when no such process lives.
 */
export class DirectoryLock {
  readonly #dir: string
  #path = ''
  #server: Server | null = null
  #file: string | null = null

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Rejects with JR_STORE_LOCKED when another process, or another part of this one, has the directory. */
  async take(): Promise<void> {
    const path = realpathSync(this.#dir)
    if (held.has(path)) throw locked(path, 'this process has it open already')
    held.add(path)
    this.#path = path
    try {
      if (process.platform === 'linux') await this.#bind(path)
      else this.#create(join(path, 'owner.pid'))
    } catch (error) {
      held.delete(path)
      this.#path = ''
      throw error
    }
    if (this.#server !== null) writeFileSync(join(path, 'owner.pid'), String(process.pid))
  }

  async release(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server !== null) await new Promise((resolve) => server.close(resolve))
    if (this.#file !== null) unlinkSync(this.#file)
    this.#file = null
    held.delete(this.#path)
  }

  async #bind(path: string): Promise<void> {
    const name = `\0job-reactor-${createHash('sha256').update(path).digest('hex').slice(0, 40)}`
    const server = createServer((socket) => socket.destroy())
    server.unref()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE')
          reject(new JrError('JR_STORE', `cannot lock ${path}: ${error.message}`))
        else reject(locked(path, `process ${ownerOf(join(path, 'owner.pid')) ?? '(unknown)'} has it`))
      })
      server.listen({ path: name }, resolve)
    })
    this.#server = server
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
