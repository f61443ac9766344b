import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock, Timer } from '../src/clock.js'
import { allowedEnv, parseVariables, WITHHELD, withheldNames } from '../src/env.js'
import { unpackError } from '../src/error-record.js'
import { JrError } from '../src/errors.js'
import type { Logger } from '../src/logger.js'
import { NODE_OPTIONS, type NodeOptions } from '../src/options/node-options.js'
import { asFlag, envOf, type Option } from '../src/options/option.js'
import { type Address, formatAddress } from '../src/wire/address.js'

/** Every option of a node, but where it connects: that is this app. A store of your own can't go to another process. */
export type SpawnOptions = NodeOptions & {
  readonly name: string
  readonly store?: Extract<NodeOptions['store'], string>
}

/** A node process that this app has started and looks after. */
export interface SpawnedNode {
  readonly name: string
  /** Of the process that runs now; 0 between two of them. */
  readonly pid: number
  /** How often it was started again. */
  readonly restarts: number
  /** Ends it gracefully; the app does not start it again. */
  stop(): Promise<void>
}

const CLI = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const LIFE_LINE = 3
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
  readonly #options: SpawnOptions
  readonly #deps: SpawnDeps
  #process: ChildProcess | null = null
  #wasConnected = false
  #failures = 0
  #retry: Timer | null = null
  #stopping: Promise<void> | null = null
  #gone: () => void = () => {}
  restarts = 0
  /** The last lines that it logged, for the error when it does not start. */
  readonly #said: string[] = []
  /** Why it did not start, in the node's own words. */
  #reason: Buffer[] = []

  constructor(options: SpawnOptions, deps: SpawnDeps) {
    this.name = options.name
    this.#options = options
    this.#deps = deps
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Why it can't be started, when its first process ended before it had connected. */
  get complaint(): JrError {
    const cause = reasonOf(this.#reason)
    const why = cause?.message ?? this.#said.slice(-5).join(' | ')
    const text = `node '${this.name}' ended before it had connected: ${why}`
    return new JrError('JR_CHILD_START', text, cause === null ? {} : { cause })
  }

  start(): void {
    const options = this.#options
    const env = options.env === undefined ? {} : parseVariables(options.env, 'spawnNode: env', process.env)
    const { log, address } = this.#deps
    const child = spawn(
      process.execPath,
      [CLI, 'node', ...flags(options), '--distributors', formatAddress(address), `--parent-fd=${LIFE_LINE}`],
      {
        // The node hands `env` on to its children.
        env: {
          ...allowedEnv(process.env, env),
          ...secrets({ ...options, env }),
          [WITHHELD]: withheldNames(process.env, env).join(),
        },
        // Ctrl-C in a terminal is for the app, which stops its nodes in its own time.
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      },
    )
    this.#process = child
    this.#wasConnected = false
    this.#reason = []
    const line = child.stdio[LIFE_LINE] as Duplex
    line.on('error', () => {})
    line.on('data', (bytes: Buffer) => this.#reason.push(bytes))
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.#said.push(line)
        if (this.#said.length > 20) this.#said.shift()
        if (log.level !== 'silent') process.stderr.write(`${line}\n`)
      })
    }
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
    for (const stream of child.stdio) (stream as { unref?(): void } | null | undefined)?.unref?.()
  }

  /** It works: when it ends now, the next is started at once. */
  connected(): void {
    this.#wasConnected = true
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end()
    return this.#stopping
  }

  async #end(): Promise<void> {
    this.#retry?.cancel()
    const child = this.#process
    if (child === null) return
    child.ref()
    await new Promise<void>((resolve) => {
      this.#gone = resolve
      child.kill('SIGTERM')
    })
  }

  #ended(why: string): void {
    this.#process = null
    if (this.#stopping !== null) return this.#gone()
    const { clock, log, onExit } = this.#deps
    this.#failures = this.#wasConnected ? 0 : this.#failures + 1
    const delay = this.#failures <= 1 ? 0 : Math.min(100 * 2 ** (this.#failures - 1), LONGEST_BACKOFF_MS)
    log.warn('spawned:exited', { name: this.name, why, restartInMs: delay })
    this.restarts++
    this.#retry = clock.setTimer(delay, () => this.start())
    onExit(why, delay)
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

function flags(options: SpawnOptions): string[] {
  return written(options, false).map(([key, text]) => `${asFlag(key)}=${text}`)
}

/** Command lines can be read by everybody on the machine. */
function secrets(options: SpawnOptions): Record<string, string> {
  return Object.fromEntries(written(options, true).map(([key, text]) => [envOf(key), text]))
}

/** The options that are, or are not, secret, as text. */
function written(options: SpawnOptions, secret: boolean): [key: string, text: string][] {
  const known = new Map<string, Option>(Object.entries(NODE_OPTIONS))
  return Object.entries(options).flatMap(([key, value]): [string, string][] => {
    if (value === undefined) return []
    const option = known.get(key)
    if (option === undefined)
      throw new TypeError(`spawnNode: ${key}: no such option; known: ${[...known.keys()].join(', ')}`)
    if (key === 'distributors')
      throw new TypeError('spawnNode: distributors: a spawned node connects to this app')
    return option.secret === secret ? [[key, option.write(value)]] : []
  })
}
