import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../../src/clock.js'
import { JrError } from '../../../src/errors.js'
import type { JobDefinition } from '../../../src/job/definition.js'
import type { Logger } from '../../../src/logger.js'
import { allowedEnv } from '../../../src/options/env.js'
import { childMessages, isFromChild } from '../../../src/pipe/child-messages.js'
import type { ChildMessage, FromChild, Init, ToChild } from '../../../src/pipe/messages.js'
import { pipeOf } from '../../../src/pipe-of.js'
import { Channel } from '../../../src/wire/channel.js'
import type { Attempt } from '../../run/attempt.js'
import { Output } from './output.js'

const MAIN = fileURLToPath(new URL('../../../child/main.js', import.meta.url))
const PAGE_BYTES = 4096

export interface ChildHandlers {
  readonly onReady: (child: Child, jobs: readonly JobDefinition[]) => void
  /** Job code has read a variable that the node does not pass on. */
  readonly onWithheld: (name: string) => void
  /** All messages of one read but the ones about starting. */
  readonly onMessages: (child: Child, messages: readonly FromChild[]) => void
  /** It has read what it was sent, and can be given more. */
  readonly onRoom: (child: Child) => void
  /** The process is gone, and everything it had sent has been handled. */
  readonly onGone: (child: Child, why: string) => void
}

export interface ChildOptions {
  readonly init: Init
  readonly env: Readonly<Record<string, string>>
  /** Modules for Node's `--import`. */
  readonly imports: readonly string[]
  /** Bytes. */
  readonly maxFrame: number
  readonly startTimeoutMs: number
}

/** A child as the rest of the pool sees it. */
export type Child = Pick<SpawnedChild, keyof SpawnedChild>

/** One child process. */
export class SpawnedChild {
  /** What runs on it, by token. */
  readonly attempts = new Map<number, Attempt>()
  status: 'starting' | 'ready' | 'retiring' | 'gone' = 'starting'
  /** What it has been given to do; null for one that stands by. */
  deferred: boolean | null = null
  /** Attempts that it has begun in its life. */
  begun = 0
  /** Epoch ms. */
  readonly startedAt: number
  readyAt = 0
  heardAt = 0
  /** A ping that was not answered yet was sent. */
  pinged = false
  watched = false
  readonly #process: ChildProcess
  readonly #channel: Channel<ChildMessage>
  readonly #handlers: ChildHandlers
  readonly #clock: Clock
  readonly #pipes: readonly Duplex[]
  readonly #stderr: Output
  readonly #startTimer: { cancel(): void }
  #why = ''
  /** The job file that it imports. */
  #loading = ''
  #exited = false
  /** All that it had sent has been handled. */
  #silent = false
  #held = false

  constructor(options: ChildOptions, handlers: ChildHandlers, clock: Clock, log: Logger) {
    this.#handlers = handlers
    this.#clock = clock
    this.startedAt = clock.now()
    this.#process = spawn(process.execPath, [...options.imports.map((url) => `--import=${url}`), MAIN], {
      // A group of its own: what it starts is killed with it, and Ctrl-C in a terminal reaches the node alone.
      detached: true,
      env: allowedEnv(process.env, options.env),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    const stdout = pipeOf(this.#process, 1)
    const stderr = pipeOf(this.#process, 2)
    const talk = pipeOf(this.#process, 3)
    const lifeLine = pipeOf(this.#process, 4)
    this.#pipes = [stdout, stderr, talk, lifeLine]
    const said = (text: string) => log.output('child:output', { pid: this.pid, ...this.#only(), text })
    const dropped = (most: number) => {
      const note = 'jobs print more characters than so many in a second; the rest of this second is left out'
      log.warn('child:output-dropped', { pid: this.pid, ...this.#only(), most, note })
    }
    new Output(stdout, clock, { said, dropped })
    this.#stderr = new Output(stderr, clock, { said, dropped })
    // It carries nothing; it breaks when the child ends, which is no news.
    lifeLine.on('error', () => {})
    this.#process.once('error', (error) => this.#exit(`it could not be started: ${error.message}`))
    this.#process.once('exit', (code, signal) =>
      this.#exit(signal === null ? `exit code ${code}` : `killed by ${signal}`),
    )
    this.#channel = new Channel<ChildMessage>(talk, childMessages, {
      maxFrame: options.maxFrame,
      clock,
      heartbeat: null,
      onMessages: (messages) => this.#receive(messages),
      onDrain: () => handlers.onRoom(this),
      onClose: (error) => this.#closed(error),
    })
    this.#startTimer = clock.setTimer(options.startTimeoutMs, () => {
      this.#why = `it was not ready within ${options.startTimeoutMs / 1000} s`
      if (this.#loading !== '')
        this.#why += `: job file ${this.#loading} is still being loaded; what waits or works at its top has not ended`
      this.kill()
    })
    this.send(options.init)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get usable(): boolean {
    return this.status === 'ready'
  }

  /** It reads what it is sent. False: it is given nothing until `onRoom`. */
  get reads(): boolean {
    return this.#channel.writable
  }

  /** Whether what it says is not read for now: it waits in the child. */
  hold(on: boolean): void {
    if (this.#held === on) return
    this.#held = on
    if (on) return this.#channel.pause('store')
    this.#channel.resume('store')
    // What it could not say meanwhile is no silence.
    this.heardAt = this.#clock.mono()
    this.pinged = false
    if (this.#exited) this.#dismiss()
  }

  get held(): boolean {
    return this.#held
  }

  send(message: ToChild): void {
    this.#channel.send(message)
  }

  /** Ends the process and everything that it has started, at once. */
  kill(why = ''): void {
    if (this.#why === '') this.#why = why
    const { pid } = this.#process
    // No such group: then the process itself, if it is there.
    if (pid !== undefined && !this.#exited && !killGroup(pid)) this.#process.kill('SIGKILL')
  }

  /** Bytes of memory that the process holds; 0 where that can't be read. */
  memory(): number {
    try {
      return Number(readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES
    } catch {
      return 0
    }
  }

  /** The job that wrote a line of output, when there can be no doubt. */
  #only(): { job?: string; name?: string } {
    const [only] = this.attempts.values()
    if (only === undefined || this.attempts.size > 1) return {}
    return { job: only.job.id, name: only.job.name }
  }

  #receive(messages: ChildMessage[]): void {
    this.heardAt = this.#clock.mono()
    this.pinged = false
    const others: FromChild[] = []
    for (const message of messages) {
      switch (message.type) {
        case 'ready':
          this.#startTimer.cancel()
          this.status = 'ready'
          this.readyAt = this.heardAt
          this.#handlers.onReady(this, message.jobs)
          break
        case 'loading':
          this.#loading = message.file
          break
        case 'withheld':
          this.#handlers.onWithheld(message.name)
          break
        case 'start-failed':
        case 'fatal':
          this.#why = message.message
          break
        default:
          if (!isFromChild(message))
            throw new JrError('JR_PROTOCOL', `a child does not send '${message.type}'`)
          others.push(message)
      }
    }
    if (others.length > 0) this.#handlers.onMessages(this, others)
  }

  #closed(error: JrError | null): void {
    this.#silent = true
    // Whatever it is now, nobody can talk to it.
    if (error !== null && error.code === 'JR_PROTOCOL') this.#why = `it broke the protocol: ${error.message}`
    if (this.#exited) this.#gone()
    else this.kill()
  }

  #exit(how: string): void {
    if (this.#exited) return
    this.#exited = true
    this.#startTimer.cancel()
    const said = this.#stderr.last
    const memory = /heap out of memory/i.test(said) ? 'it ran out of memory' : said
    this.#why = [this.#why, how, memory].filter((part) => part !== '').join('; ')
    if (!this.#held) this.#dismiss()
  }

  /** What it had sent is read before the pipe closes; a grandchild that holds the pipe must not hold this up. */
  #dismiss(): void {
    if (this.#silent) this.#gone()
    else this.#clock.setTimer(200, () => this.#channel.destroy()).unref()
  }

  #gone(): void {
    if (this.status === 'gone') return
    this.status = 'gone'
    for (const pipe of this.#pipes) pipe.destroy()
    // Grandchildren do not outlive it.
    if (this.pid > 0) killGroup(this.pid)
    this.#handlers.onGone(this, this.#why)
  }
}

function killGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 'SIGKILL')
  } catch {
    return false
  }
}
