import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { Context, type ContextHost } from '../src/attempt/context.js'
import { packFacts } from '../src/attempt/job-log.js'
import type { Brought, Done, Run } from '../src/attempt/messages.js'
import { type RunRules, runAttempt } from '../src/attempt/run.js'
import { pack } from '../src/bytes/codec.js'
import { packError } from '../src/bytes/error-record.js'
import { JrError } from '../src/errors.js'
import type { ContextHandle, JobLog } from '../src/job/job-context.js'
import type { ContextOptions } from '../src/job/others.js'
import { type RegisteredJob, registry } from '../src/job/registry.js'
import type { JobArgs } from '../src/job/types.js'
import { childMessages } from '../src/pipe/child-messages.js'
import type { ChildMessage, Init } from '../src/pipe/messages.js'
import { type Surroundings, SYSTEM } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import { Channel } from '../src/wire/channel.js'
import { Enqueuing } from './enqueuing.js'
import { tellOfMissing } from './environment.js'
import { closeInherited } from './inherited.js'
import { loadJobs } from './job-loader.js'
import { endGroup, holdLifeLine } from './life-line.js'
import { Saving } from './saving.js'
import { Telling } from './telling.js'

/** The process in which jobs run: its pipe to the node is fd 3, its life line fd 4. */
const PIPE = 3
const LIFE_LINE = 4

/** The node has checked what it sends: no smaller limit of ours may stand in its way. */
const MAX_FRAME = 2 ** 31

class ChildProcess implements ContextHost {
  node = ''
  readonly #surroundings: Surroundings
  readonly #channel: Channel<ChildMessage>
  readonly #contexts = new Map<number, Context>()
  readonly #enqueuing: Enqueuing
  readonly #saving: Saving
  readonly #telling: Telling
  /** Attempts that begin when what they are given beside their args has come. */
  readonly #awaiting = new Map<number, Run>()
  /** Attempts that are over, and whose jobs have not all been sent. */
  readonly #ended = new Map<number, Done>()
  /** Lines that were left out since that was said last, and of which job the last one was. */
  #unlogged: { readonly id: string; readonly name: string; readonly lines: number } | null = null
  #rules: RunRules

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
        onDrain: () => this.#tellOfUnlogged(),
        // Without its node a child is nobody's, and so is what its jobs have started. This may come before the life line's word.
        onClose: endGroup,
      },
    )
    this.#enqueuing = new Enqueuing({
      ...surroundings,
      send: (ask) => this.#channel.send(ask),
      onSent: (token) => {
        const done = this.#ended.get(token)
        this.#ended.delete(token)
        if (done !== undefined) this.#channel.send(done)
      },
    })
    this.#saving = new Saving({
      send: (token, value) => this.#channel.send({ type: 'checkpoint', token, value }),
    })
    this.#telling = new Telling({
      clock,
      send: (token, value) => this.#channel.send({ type: 'tell', token, value }),
      writable: () => this.#channel.writable,
      onWarning: (run, text) => this.log(run, 'warn', text, ''),
    })
    this.#rules = {
      maxResult: 0,
      mergeJobItself: false,
      clock,
      onBlocked: ({ id, name }, ms) => this.#channel.send({ type: 'blocked', id, name, ms }),
      onWarning: (run, text, facts) => this.log(run, 'warn', text, packFacts(facts)),
    }
  }

  log({ token, id, name }: Run, level: keyof JobLog, text: string, facts: string): void {
    if (this.#channel.writable) this.#channel.send({ type: 'log', token, id, name, level, text, facts })
    else this.#unlogged = { id, name, lines: (this.#unlogged?.lines ?? 0) + 1 }
  }

  /** What jobs log faster than the node reads it is left out, and said to be. */
  #tellOfUnlogged(): void {
    if (this.#unlogged === null) return
    const { id, name, lines } = this.#unlogged
    this.#unlogged = null
    const text = `${lines} lines were left out: they came faster than the node reads them. The last was this job's`
    this.#channel.send({ type: 'log', token: 0, id, name, level: 'warn', text, facts: '' })
  }

  progress(run: Run, value: unknown): void {
    this.#telling.tell(run, value)
  }

  checkpoint(run: Run, value: unknown): Promise<void> {
    return this.#saving.save(run, value)
  }

  enqueue(run: Run, name: string, args: JobArgs, opts: ContextOptions, ...more: unknown[]): ContextHandle {
    if (more.length > 0) {
      throw new TypeError(
        'ctx.enqueue takes no feedback functions: they end with this process. Use JR.feedback in the app',
      )
    }
    return this.#enqueuing.enqueue(run, name, args, opts)
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
      case 'brought':
        return this.#give(message)
      case 'checkpointed':
        return this.#saving.answered(message.token, message.error)
      case 'enqueue-reply':
        return this.#enqueuing.reply(message)
      case 'unreadable':
        if (message.about.what === 'run') this.#fail(message.about.number, pack({}), message.error)
    }
  }

  async #init(init: Init): Promise<void> {
    closeInherited(init.dataDir, LIFE_LINE)
    this.node = init.node
    this.#enqueuing.begin(init)
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
    if (run.follows) this.#awaiting.set(run.token, run)
    else this.#begin(run, job, ctx)
  }

  #begin(run: Run, job: RegisteredJob, ctx: Context): void {
    runAttempt(run, job, ctx, this.#rules).then(this.#finish, (error) => this.fatal(error))
  }

  #give({ token, saved, given }: Brought): void {
    const run = this.#awaiting.get(token)
    const job = registry().jobs.get(run?.name ?? '')
    const ctx = this.#contexts.get(token)
    if (run === undefined || job === undefined || ctx === undefined) return
    this.#awaiting.delete(token)
    ctx.give(saved, given)
    this.#begin(run, job, ctx)
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

  readonly #finish = (ended: Done): void => {
    const done = this.#enqueuing.over(ended)
    this.#contexts.delete(done.token)
    this.#saving.over(done.token)
    this.#telling.over(done.token)
    if (this.#enqueuing.waits(done.token)) this.#ended.set(done.token, done)
    else this.#channel.send(done)
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
