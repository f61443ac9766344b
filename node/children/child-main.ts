import { closeSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { sep } from 'node:path'
import { pack, unpackChecked } from '../../src/codec.js'
import { messageOf, packError, unpackError } from '../../src/error-record.js'
import { argsTooLarge, JrError } from '../../src/errors.js'
import { waitLeft } from '../../src/job/due.js'
import { newEdition } from '../../src/job/edition.js'
import { type EnqueueOptions, parseEnqueueOptions } from '../../src/job/enqueue-options.js'
import { type ContextHandle, type JobLog, registry } from '../../src/job/registry.js'
import type { JobArgs } from '../../src/job/types.js'
import { checked, NAME } from '../../src/rules.js'
import { type Surroundings, SYSTEM } from '../../src/surroundings.js'
import { packArgs } from '../../src/values.js'
import { Channel } from '../../src/wire/channel.js'
import { type RunRules, runAttempt } from './attempt-run.js'
import { childMessages } from './child-messages.js'
import { Context, type ContextHost } from './context.js'
import { tellOfMissing } from './environment.js'
import { loadJobs } from './job-loader.js'
import { packFacts } from './job-log.js'
import { endGroup, holdLifeLine } from './life-line.js'
import type { ChildMessage, Done, EnqueueReply, Init, Run } from './messages.js'

/** The process in which jobs run: its pipe to the node is fd 3, its life line fd 4. */
const PIPE = 3
const LIFE_LINE = 4

/** The node has checked what it sends: no smaller limit of ours may stand in its way. */
const MAX_FRAME = 2 ** 31

interface Asked {
  accepted(error: Error | null): void
  outcome(reply: EnqueueReply): void
}

class ChildProcess implements ContextHost {
  node = ''
  readonly #surroundings: Surroundings
  readonly #channel: Channel<ChildMessage>
  readonly #contexts = new Map<number, Context>()
  readonly #asked = new Map<number, Asked>()
  #rules: RunRules
  #maxArgs = 0
  #requests = 0

  constructor(surroundings: Surroundings) {
    const { clock } = surroundings
    this.#surroundings = surroundings
    this.#channel = new Channel<ChildMessage>(
      new Socket({ fd: PIPE, readable: true, writable: true }),
      childMessages,
      {
        maxFrame: MAX_FRAME,
        clock,
        heartbeat: null,
        onMessages: (messages) => {
          for (const message of messages) this.#handle(message)
        },
        // Without its node a child is nobody's, and so is what its jobs have started. This may come before the life line's word.
        onClose: endGroup,
      },
    )
    this.#rules = {
      maxResult: 0,
      mergeJobItself: false,
      clock,
      onBlocked: ({ id, name }, ms) => this.#channel.send({ type: 'blocked', id, name, ms }),
      onWarning: (run, text, facts) => this.log(run, 'warn', text, packFacts(facts)),
    }
  }

  log({ id, name }: Run, level: keyof JobLog, text: string, facts: string): void {
    this.#channel.send({ type: 'log', id, name, level, text, facts })
  }

  enqueue(run: Run, name: string, args: JobArgs, options: EnqueueOptions, ...more: unknown[]): ContextHandle {
    if (more.length > 0) {
      throw new TypeError(
        'ctx.enqueue takes no feedback functions: they end with this process. Use JR.feedback in the app',
      )
    }
    checked(NAME, name, "ctx.enqueue: the job's name")
    const { clock, chance } = this.#surroundings
    const { id, strictNode, delayMs, runAt, ...parsed } = parseEnqueueOptions(options, clock.now())
    const packed = packArgs(args)
    const request = ++this.#requests
    const accepted = settled<void>()
    const outcome = settled<JobArgs>()
    this.#asked.set(request, {
      accepted: (error) => {
        if (error === null) return accepted.resolve()
        this.#asked.delete(request)
        accepted.reject(error)
        outcome.reject(error)
      },
      outcome: ({ ok, body }) => {
        this.#asked.delete(request)
        // A quick job may be over before it is on the disk.
        accepted.resolve()
        if (ok) outcome.resolve(unpackChecked(body) as JobArgs)
        else outcome.reject(unpackError(body))
      },
    })
    const ownId = id ?? chance.id()
    const handle = { id: ownId, accepted: accepted.promise, result: () => outcome.promise }
    if (packed.length > this.#maxArgs) {
      this.#asked.get(request)?.accepted(argsTooLarge(name, packed.length, this.node, this.#maxArgs))
      return handle
    }
    const job = {
      ...parsed,
      ...waitLeft({ delayMs, runAt }, 0, clock.now()),
      id: ownId,
      edition: id === null ? 0 : newEdition(chance.random),
      name,
      strictNode: strictNode ?? false,
      args: packed,
    }
    this.#channel.send({ type: 'enqueue', request, token: run.token, wanted: true, heldMs: 0, ...job })
    return handle
  }

  /** An error that no job's promise has caught: nobody can say what state the process is in. */
  fatal(error: unknown): void {
    this.#channel.send({ type: 'fatal', message: messageOf(error) })
    this.#channel.close()
    this.#surroundings.clock.setTimer(500, () => process.exit(1)).unref()
  }

  /** A rejection that nobody caught leaves the process as it was; what runs may end, and nothing more is begun. */
  stray(error: unknown): void {
    this.#channel.send({ type: 'stray', message: messageOf(error) })
  }

  #handle(message: ChildMessage): void {
    switch (message.type) {
      case 'run':
        return this.#run(message)
      case 'abort':
        return this.#contexts.get(message.token)?.abort(message.reason)
      case 'ping':
        this.#channel.send({ type: 'pong' })
        return
      case 'init':
        this.#init(message).catch((error) => {
          this.#channel.send({ type: 'start-failed', message: messageOf(error) })
          this.#channel.close()
        })
        return
      case 'enqueue-reply': {
        const asked = this.#asked.get(message.request)
        if (message.what === 'outcome') asked?.outcome(message)
        else asked?.accepted(message.ok ? null : unpackError(message.body))
        return
      }
      case 'unreadable':
        if (message.about.what === 'run') this.#fail(message.about.number, pack({}), message.error)
    }
  }

  async #init(init: Init): Promise<void> {
    closeInherited(init.dataDir)
    this.node = init.node
    this.#maxArgs = init.maxArgs
    this.#rules = { ...this.#rules, maxResult: init.maxResult, mergeJobItself: init.mergeJobItself }
    registry().runsJobs = true
    tellOfMissing(init.withheld, (name) => this.#channel.send({ type: 'withheld', name }))
    const jobs = await loadJobs(init.jobs, init.imports, (file) => {
      this.#channel.send({ type: 'loading', file })
      // The file may hold this thread for ever.
      this.#channel.flush()
    })
    this.#channel.send({ type: 'ready', jobs })
  }

  #run(run: Run): void {
    const job = registry().jobs.get(run.name)
    if (job === undefined) {
      const error = new JrError('JR_NO_SUCH_JOB', `the job files define no job '${run.name}'`)
      return this.#fail(run.token, run.args, error)
    }
    const ctx = new Context(run, this)
    this.#contexts.set(run.token, ctx)
    runAttempt(run, job, ctx, this.#rules).then(this.#finish, (error) => this.fatal(error))
  }

  /** An attempt that could not begin. */
  #fail(token: number, args: Buffer, failure: JrError): void {
    const { code, message } = failure
    const error = packError(failure)
    this.#channel.send({
      type: 'done',
      token,
      status: 'failed',
      code,
      message,
      retryAfterMs: null,
      args,
      error,
    })
  }

  readonly #finish = (done: Done): void => {
    this.#contexts.delete(done.token)
    this.#channel.send(done)
  }
}

/** A promise whose rejection nobody has to wait for. */
function settled<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

/** LevelDB's files are inherited by every process that the node starts; a stray write there would ruin the store. */
function closeInherited(dataDir: string): void {
  if (process.platform !== 'linux' || dataDir === '') return
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd <= LIFE_LINE) continue
    let target = ''
    try {
      target = readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The one that read the directory is closed by now.
      continue
    }
    if (target.startsWith(dataDir + sep)) closeSync(fd)
  }
}

function offerToTheKernel(): void {
  try {
    // When memory runs out, a job should go rather than the node.
    writeFileSync('/proc/self/oom_score_adj', '500')
  } catch {
    // Only Linux has it, and a sandbox may forbid it; the node then takes its chances.
  }
}

const child = new ChildProcess(SYSTEM)
process.on('uncaughtException', (error) => child.fatal(error))
process.on('unhandledRejection', (error) => child.stray(error))
// Ctrl-C in a terminal goes to the node, which decides what becomes of its children.
process.on('SIGINT', () => {})
holdLifeLine(LIFE_LINE)
offerToTheKernel()
