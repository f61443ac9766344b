import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { unpackError } from '../../src/bytes/error-record.js'
import type { Clock, Timer } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import type { Logger } from '../../src/logger.js'
import { NODE_OPTIONS } from '../../src/options/node-options.js'
import { pipeOf } from '../../src/pipe-of.js'
import type { Address } from '../../src/wire/address.js'
import { type SpawnCommand, type SpawnOptions, spawnCommand } from './spawn-command.js'

/** A node process that this app has started and looks after. */
export interface SpawnedNode {
  readonly name: string
  /** Of the process that runs now; 0 between two of them. */
  readonly pid: number
  /** How often it was started again. */
  readonly restarts: number
  /**
   * Ends it gracefully; the app does not start it again. What still runs when its `shutdownTimeout` is over is given
   * back, and a process that does not end then is killed.
   */
  stop(): Promise<void>
}

const STDERR = 2
const LIFE_LINE = 3
/** How long a node may take to connect for the first time, once its predecessor has let go of its store. */
const CONNECT_MS = 60_000
/** A node that was asked to stop at once, and is there after this, is killed. */
const KILL_MS = 2000
/** What a stop takes beyond `shutdownTimeout`: what runs is given back, and the store closed. */
const CLOSE_MS = 10_000
/** How long the line of a node that has ended is read. */
const LAST_WORDS_MS = 500
const LONGEST_BACKOFF_MS = 30_000

export interface SpawnDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly address: Address
  readonly onExit: (why: string, restartInMs: number) => void
}

/** Starts the node's process, and starts it again whenever it ends by itself. */
export class NodeKeeper implements SpawnedNode {
  readonly name: string
  readonly #deps: SpawnDeps
  readonly #command: SpawnCommand
  readonly #cwd = process.cwd()
  readonly #shutdownMs: number
  #process: ChildProcess | null = null
  #wasConnected = false
  #failures = 0
  #retry: Timer | null = null
  #stopping: Promise<void> | null = null
  #gone: () => void = () => {}
  #first: { resolve(): void; reject(error: JrError): void } | null = null
  restarts = 0
  /** The last lines that it logged, for the error when it does not start. */
  readonly #said: string[] = []
  /** Why it did not start, in the node's own words. */
  #reason: Buffer[] = []

  /** Throws a TypeError for options that a spawned node does not take. */
  constructor(options: SpawnOptions, deps: SpawnDeps) {
    this.name = options.name
    this.#deps = deps
    this.#command = spawnCommand(options, deps.address, LIFE_LINE)
    const { shutdownTimeout } = NODE_OPTIONS
    this.#shutdownMs = shutdownTimeout.read(
      options.shutdownTimeout ?? shutdownTimeout.default,
      'spawnNode: shutdownTimeout',
    )
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Resolves when it has connected. Rejects with JR_CHILD_START, or with what `abandon` was given; and then stops it. */
  async start(): Promise<void> {
    this.#spawn()
    const patience = CONNECT_MS + this.#shutdownMs
    const timer = this.#deps.clock.setTimer(patience, () =>
      this.abandon(this.#complaint(`has not connected within ${patience / 1000} s`)),
    )
    try {
      await new Promise<void>((resolve, reject) => {
        this.#first = { resolve, reject }
      })
    } finally {
      timer.cancel()
      this.#first = null
    }
  }

  /** `start` rejects with this, unless it is over. */
  abandon(error: JrError): void {
    this.#first?.reject(error)
  }

  /** Why it can't be started: `what` became of its first process, and what that has said of it. */
  #complaint(what: string): JrError {
    const cause = reasonOf(this.#reason)
    const why = cause?.message ?? this.#said.slice(-5).join(' | ')
    const text = `node '${this.name}' ${what}${why === '' ? '' : `: ${why}`}`
    return new JrError('JR_CHILD_START', text, cause === null ? {} : { cause })
  }

  #spawn(): void {
    const { log } = this.#deps
    const { args, env } = this.#command
    const child = spawn(process.execPath, args, {
      cwd: this.#cwd,
      env,
      // Ctrl-C in a terminal is for the app, which stops its nodes in its own time.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    this.#wasConnected = false
    this.#reason = []
    const line = pipeOf(child, LIFE_LINE)
    const stderr = pipeOf(child, STDERR)
    line.on('error', () => {})
    line.on('data', (bytes: Buffer) => this.#reason.push(bytes))
    createInterface({ input: stderr }).on('line', (line) => {
      this.#said.push(line)
      if (this.#said.length > 20) this.#said.shift()
      if (log.level !== 'silent') process.stderr.write(`${line}\n`)
    })
    let over = false
    const ended = (why: string) => {
      if (over) return
      over = true
      if (line.destroyed) return this.#ended(why)
      // What it had to say may not have been read yet.
      const timer = this.#deps.clock.setTimer(LAST_WORDS_MS, () => line.destroy())
      line.once('close', () => {
        timer.cancel()
        this.#ended(why)
      })
    }
    child.once('error', (error) => ended(error.message))
    child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `killed by ${signal}`))
    // The app's own work decides how long it lives.
    child.unref()
    for (const pipe of [stderr, line]) (pipe as { unref?(): void }).unref?.()
  }

  /** It works: when it ends now, the next is started at once. */
  connected(): void {
    this.#wasConnected = true
    this.#first?.resolve()
  }

  /** `timeoutMs`: how long what runs may go on; then it is given back, and a process that does not end then is killed. */
  stop(timeoutMs = this.#shutdownMs + CLOSE_MS): Promise<void> {
    this.#stopping ??= this.#end(timeoutMs)
    return this.#stopping
  }

  async #end(timeoutMs: number): Promise<void> {
    this.#retry?.cancel()
    const child = this.#process
    if (child === null) return
    child.ref()
    const { clock, log } = this.#deps
    // A second TERM asks it to stop at once. A process that does not run hears none of them.
    const hurry = clock.setTimer(timeoutMs, () => child.kill('SIGTERM'))
    const kill = clock.setTimer(timeoutMs + KILL_MS, () => {
      log.warn('spawned:killed', { name: this.name, pid: child.pid, afterMs: timeoutMs + KILL_MS })
      child.kill('SIGKILL')
    })
    await new Promise<void>((resolve) => {
      this.#gone = resolve
      child.kill('SIGTERM')
    })
    hurry.cancel()
    kill.cancel()
  }

  #ended(why: string): void {
    this.#process = null
    if (this.#stopping !== null) return this.#gone()
    const { clock, log, onExit } = this.#deps
    this.#failures = this.#wasConnected ? 0 : this.#failures + 1
    const delay = this.#failures <= 1 ? 0 : Math.min(100 * 2 ** (this.#failures - 1), LONGEST_BACKOFF_MS)
    log.warn('spawned:exited', { name: this.name, why, restartInMs: delay })
    this.restarts++
    this.#retry = clock.setTimer(delay, () => this.#spawn())
    onExit(why, delay)
    this.abandon(this.#complaint(`ended before it had connected (${why})`))
  }
}

function reasonOf(bytes: readonly Buffer[]): Error | null {
  if (bytes.length === 0) return null
  try {
    return unpackError(Buffer.concat(bytes))
  } catch {
    return null
  }
}
