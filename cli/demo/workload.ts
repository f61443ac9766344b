import type {
  Distributor,
  EnqueueOptions,
  JobArgs,
  OutcomeInfo,
  SpawnedNode,
} from '../../distributor/index.js'
import { systemClock } from '../../src/clock.js'
import type { FoundFile } from './files.js'

export interface Plan {
  readonly files: readonly FoundFile[]
  /** No more files are begun after this. */
  readonly budgetMs: number
  /** Kill the node in the middle, twice. */
  readonly chaos: boolean
  readonly onProgress: (done: number, jobs: number, kills: number) => void
}

export interface FileResult {
  readonly sha256: string
  readonly bytes: number
  readonly gzipped: number
}

/** What the feedbacks said. */
export interface Facts {
  /** Files for which a job was enqueued: the first of the plan's. */
  files: number
  jobs: number
  readonly results: Map<FoundFile, FileResult>
  readonly entropies: Map<FoundFile, number>
  /** How many last feedbacks each job had. */
  readonly ended: Map<string, number>
  successes: number
  errors: number
  retries: number
  ticks: number
  /** The code with which the periodic job ended. */
  tickEnd: string
  lateMs: number
  pinnedTo: string
  flakyAttempts: number
  hopelessEnd: string
  kills: number
  /** Jobs that ended in another way than they should. */
  readonly surprises: string[]
}

/** Of every ten files, one is also read by a deferred job, if it is not larger than this. */
const ENTROPY_BYTES = 1024 * 1024
const ENTROPY_EVERY = 10
/** Jobs that have not ended: a folder of any size takes no more memory than this many. */
const AT_ONCE = 500
const KILLS = 2
const DELAY_MS = 1000
/** No feedback for so long: it is not going to come. */
const QUIET_MS = 30_000
/** The jobs that are about no file. */
const OTHERS = 5

/** Enqueues the demo's jobs and writes down what becomes of them. */
export class Workload {
  readonly facts: Facts = {
    files: 0,
    jobs: 0,
    results: new Map(),
    entropies: new Map(),
    ended: new Map(),
    successes: 0,
    errors: 0,
    retries: 0,
    ticks: 0,
    tickEnd: '',
    lateMs: Number.NaN,
    pinnedTo: '',
    flakyAttempts: 0,
    hopelessEnd: '',
    kills: 0,
    surprises: [],
  }
  readonly #plan: Plan
  readonly #app: Distributor
  readonly #node: SpawnedNode
  readonly #planned: number
  #from = 0
  #onEnded: () => void = () => {}

  constructor(plan: Plan, app: Distributor, node: SpawnedNode) {
    this.#plan = plan
    this.#app = app
    this.#node = node
    this.#planned = OTHERS + plan.files.length + plan.files.filter(isSampled).length
  }

  /** Resolves when every job has had its last feedback, or when none has come for long. */
  async run(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#from = systemClock.mono()
    await new Promise<void>((resolve, reject) => {
      let quiet = systemClock.setTimer(QUIET_MS, resolve)
      this.#onEnded = () => {
        quiet.cancel()
        if (this.facts.ended.size < this.facts.jobs) quiet = systemClock.setTimer(QUIET_MS, resolve)
        else resolve()
      }
      signal.addEventListener('abort', () => {
        quiet.cancel()
        reject(signal.reason)
      })
      this.#enqueueOthers()
      this.#enqueueFiles()
    })
  }

  /** Of the time for files, as a fraction. */
  get #elapsed(): number {
    return (systemClock.mono() - this.#from) / this.#plan.budgetMs
  }

  #enqueueFiles(): void {
    const { facts } = this
    const { files } = this.#plan
    while (facts.jobs - facts.ended.size < AT_ONCE && facts.files < files.length && this.#elapsed < 1) {
      const file = files[facts.files] as FoundFile
      this.#expect('demo_digest', { path: file.path }, {}, ({ sha256, bytes, gzipped }) => {
        facts.results.set(file, { sha256: String(sha256), bytes: Number(bytes), gzipped: Number(gzipped) })
      })
      if (isSampled(file, facts.files)) {
        this.#expect('demo_entropy', { path: file.path }, {}, ({ bits }) => {
          facts.entropies.set(file, Number(bits))
        })
      }
      facts.files++
    }
  }

  #enqueueOthers(): void {
    const { facts } = this
    const node = this.#node.name
    this.#expect(
      'demo_delayed',
      { notBefore: systemClock.now() + DELAY_MS },
      { after: DELAY_MS / 1000 },
      (args) => {
        facts.lateMs = Number(args.lateMs)
      },
    )
    this.#expect('demo_pinned', {}, { node, strictNode: true }, (args) => {
      facts.pinnedTo = String(args.ranOn)
    })
    this.#expect('demo_flaky', {}, {}, (_args, info) => {
      facts.flakyAttempts = info.attempt
    })
    facts.jobs += 2
    this.#app.enqueue(
      'demo_hopeless',
      {},
      {},
      (_args, info) => this.#ended(info),
      ({ error }, info) => {
        facts.errors++
        facts.hopelessEnd = `${error.code}: ${error.message}`
        this.#ended(info)
      },
    )
    this.#app.enqueue(
      'demo_tick',
      {},
      // Slots that pass while the node is killed are run, too: three runs, whatever happens.
      { period: '300ms', missed: 'all' },
      () => facts.ticks++,
      ({ error }, info) => {
        if (info.more)
          return facts.surprises.push(`run ${info.run} of the periodic job failed: ${error.message}`)
        facts.tickEnd = error.code
        this.#ended(info)
      },
    )
  }

  /** A job that should succeed. */
  #expect(
    name: string,
    args: JobArgs,
    options: EnqueueOptions,
    note: (args: JobArgs, info: OutcomeInfo) => void,
  ): void {
    const { facts } = this
    facts.jobs++
    this.#app.enqueue(
      name,
      args,
      options,
      (result, info) => {
        facts.successes++
        note(result, info)
        this.#ended(info)
      },
      ({ error, path }, info) => {
        facts.errors++
        facts.surprises.push(`${name} failed: ${error.message}${path === undefined ? '' : ` (${path})`}`)
        this.#ended(info)
      },
    )
  }

  /** A job's last feedback. */
  #ended({ id, attempt }: OutcomeInfo): void {
    const { facts } = this
    facts.ended.set(id, (facts.ended.get(id) ?? 0) + 1)
    facts.retries += Math.max(0, attempt - 1)
    this.#enqueueFiles()
    const total = this.#elapsed < 1 ? this.#planned : facts.jobs
    this.#plan.onProgress(facts.ended.size, total, facts.kills)
    if (this.#plan.chaos) this.#maybeKill(Math.max(facts.ended.size / total, this.#elapsed))
    this.#onEnded()
  }

  /** Kills the node when another third of the way is done. */
  #maybeKill(way: number): void {
    const { facts } = this
    const { pid } = this.#node
    if (facts.kills >= KILLS || way * (KILLS + 1) < facts.kills + 1 || pid === 0) return
    process.kill(pid, 'SIGKILL')
    facts.kills++
  }
}

function isSampled({ bytes }: FoundFile, index: number): boolean {
  return index % ENTROPY_EVERY === 0 && bytes > 0 && bytes <= ENTROPY_BYTES
}
