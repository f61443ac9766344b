import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Distributor, type JobArgs, type OutcomeInfo, type SpawnedNode } from '../../distributor/index.js'
import { combinedDigest, type FoundFile, findFiles } from './files.js'

export interface DemoPlan {
  readonly root: string
  readonly dataDir: string
  readonly maxFiles: number
  readonly maxBytes: number
  /** Kill the node in the middle. */
  readonly chaos: boolean
  readonly onProgress: (done: number, total: number, note: string) => void
  readonly signal: AbortSignal
}

export interface DemoReport {
  readonly root: string
  readonly filesFound: number
  readonly files: number
  readonly bytes: number
  readonly gzipped: number
  readonly digest: string
  readonly jobs: number
  readonly seconds: number
  readonly successes: number
  readonly errors: number
  readonly retries: number
  readonly periodicRuns: number
  readonly delayedLateMs: number
  readonly kills: number
  /** What is not as it should be; empty when all is well. */
  readonly wrong: readonly string[]
}

/** The largest file that is also read by a deferred job. */
const ENTROPY_BYTES = 1024 * 1024
const NODE = 'demo_node'
const DELAY_MS = 1000

/** Runs the demo's jobs, and adds up what their feedbacks say. */
export async function runDemo(plan: DemoPlan): Promise<DemoReport> {
  const app = new Distributor()
  try {
    await app.start({ logLevel: 'silent' })
    const node = await app.spawnNode({
      name: NODE,
      jobs: fileURLToPath(new URL('./jobs', import.meta.url)),
      dir: join(plan.dataDir, 'node'),
      children: 2,
      concurrency: 16,
      deferredChildren: 1,
      logLevel: 'silent',
    })
    return await new Demo(plan, app, node).run()
  } finally {
    await app.stop({ timeout: 1000 })
  }
}

class Demo {
  readonly #plan: DemoPlan
  readonly #app: Distributor
  readonly #node: SpawnedNode
  readonly #digests = new Map<string, { sha256: string; bytes: number; gzipped: number }>()
  readonly #feedbacks = new Map<string, number>()
  readonly #wrong: string[] = []
  #jobs = 0
  #done = 0
  #successes = 0
  #errors = 0
  #retries = 0
  #ticks = 0
  #lateMs = 0
  #kills = 0
  #settle: () => void = () => {}

  constructor(plan: DemoPlan, app: Distributor, node: SpawnedNode) {
    this.#plan = plan
    this.#app = app
    this.#node = node
  }

  async run(): Promise<DemoReport> {
    const found = findFiles(this.#plan.root)
    const files = within(found, this.#plan.maxFiles, this.#plan.maxBytes)
    const from = performance.now()
    const settled = new Promise<void>((resolve, reject) => {
      this.#settle = resolve
      this.#plan.signal.addEventListener('abort', () => reject(this.#plan.signal.reason))
    })
    this.#enqueueOthers()
    for (const [i, file] of files.entries()) this.#enqueueFile(file, i)
    await settled
    const seconds = (performance.now() - from) / 1000
    return this.#report(found, files, seconds)
  }

  #enqueueFile({ file, bytes }: FoundFile, index: number): void {
    const { root } = this.#plan
    this.#expect('demo_digest', { root, file }, {}, (args) => {
      const {
        sha256,
        bytes: read,
        gzipped,
      } = args as unknown as { sha256: string; bytes: number; gzipped: number }
      this.#digests.set(file, { sha256, bytes: read, gzipped })
    })
    if (index % 10 === 0 && bytes > 0 && bytes <= ENTROPY_BYTES) {
      this.#expect('demo_entropy', { root, file }, {}, (args) => {
        if (!(Number(args.bits) >= 0 && Number(args.bits) <= 8))
          this.#wrong.push(`entropy of ${file}: ${args.bits}`)
      })
    }
  }

  #enqueueOthers(): void {
    const notBefore = Date.now() + DELAY_MS
    this.#expect('demo_delayed', { notBefore }, { after: DELAY_MS / 1000 }, (args) => {
      this.#lateMs = Number(args.lateMs)
      if (this.#lateMs < 0) this.#wrong.push(`the delayed job ran ${-this.#lateMs} ms early`)
    })
    this.#expect('demo_pinned', {}, { node: NODE, strictNode: true }, (args) => {
      if (args.ranOn !== NODE) this.#wrong.push(`the pinned job ran on ${args.ranOn}`)
    })
    // A node that is killed costs an attempt too.
    this.#expect('demo_flaky', {}, { maxAttempts: 10 }, (args) => {
      if (Number(args.attempts) < 3) this.#wrong.push('the flaky job did not fail twice')
    })
    this.#jobs += 2
    this.#app.enqueue(
      'demo_hopeless',
      {},
      {},
      () => this.#wrong.push('the hopeless job succeeded'),
      (_args, info) => this.#failed(info),
    )
    this.#app.enqueue(
      'demo_tick',
      {},
      // Slots that pass while the node is killed are run, too: three runs, whatever happens.
      { period: '300ms', missed: 'all' },
      () => this.#ticks++,
      (args, info) => {
        if (args.error.code !== 'JR_CANCELLED')
          this.#wrong.push(`the periodic job ended with ${args.error.message}`)
        this.#count(info)
      },
    )
  }

  #expect(name: string, args: JobArgs, options: object, check: (args: JobArgs) => void): void {
    this.#jobs++
    this.#app.enqueue(
      name,
      args,
      options,
      (result, info) => {
        this.#successes++
        check(result)
        this.#count(info)
      },
      (result, info) => {
        this.#wrong.push(`${name} ${JSON.stringify(args)} failed: ${result.error.message}`)
        this.#failed(info)
      },
    )
  }

  #failed(info: OutcomeInfo): void {
    this.#errors++
    this.#count(info)
  }

  #count(info: OutcomeInfo): void {
    this.#feedbacks.set(info.id, (this.#feedbacks.get(info.id) ?? 0) + 1)
    this.#retries += Math.max(0, info.attempt - 1)
    this.#done++
    this.#plan.onProgress(this.#done, this.#jobs, this.#kills > 0 ? `(node killed ${this.#kills} times)` : '')
    if (this.#plan.chaos && this.#kills < 2 && this.#done >= (this.#jobs * (this.#kills + 1)) / 3)
      this.#kill()
    if (this.#done === this.#jobs) this.#settle()
  }

  #kill(): void {
    if (this.#node.pid === 0) return
    process.kill(this.#node.pid, 'SIGKILL')
    this.#kills++
  }

  #report(found: readonly FoundFile[], files: readonly FoundFile[], seconds: number): DemoReport {
    const wrong = [...this.#wrong]
    const listed = files.map(({ file, bytes }) => {
      const digest = this.#digests.get(file)
      if (digest === undefined) wrong.push(`no digest of ${file}`)
      else if (digest.bytes !== bytes) wrong.push(`${file}: ${digest.bytes} bytes were read of ${bytes}`)
      return { file, sha256: digest?.sha256 ?? '', bytes: digest?.bytes ?? 0, gzipped: digest?.gzipped ?? 0 }
    })
    const twice = [...this.#feedbacks.values()].filter((count) => count > 1).length
    if (twice > 0) wrong.push(`${twice} jobs had more than one last feedback`)
    if (this.#ticks !== 3) wrong.push(`the periodic job ran well ${this.#ticks} times, not 3`)
    if (this.#plan.chaos && this.#kills === 0) wrong.push('the node was not killed')
    return {
      root: this.#plan.root,
      filesFound: found.length,
      files: files.length,
      bytes: sum(listed.map(({ bytes }) => bytes)),
      gzipped: sum(listed.map(({ gzipped }) => gzipped)),
      digest: combinedDigest(listed),
      jobs: this.#jobs,
      seconds,
      successes: this.#successes,
      errors: this.#errors,
      retries: this.#retries,
      periodicRuns: this.#ticks,
      delayedLateMs: this.#lateMs,
      kills: this.#kills,
      wrong,
    }
  }
}

/** The first files, as many as fit. */
function within(files: readonly FoundFile[], maxFiles: number, maxBytes: number): FoundFile[] {
  let bytes = 0
  const end = files.findIndex((file, i) => {
    bytes += file.bytes
    return i >= maxFiles || (bytes > maxBytes && i > 0)
  })
  return end === -1 ? [...files] : files.slice(0, end)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
