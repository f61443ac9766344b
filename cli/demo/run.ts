import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Distributor } from '../../distributor/index.js'
import { systemClock } from '../../src/clock.js'
import { CombinedDigest, shellCommands } from './digest.js'
import { type FoundFile, type FoundFiles, findFiles, within } from './files.js'
import { checkSample, findWrong } from './findings.js'
import { type Facts, type Plan, Workload } from './workload.js'

export interface DemoPlan extends Omit<Plan, 'files'> {
  readonly root: string
  readonly dataDir: string
  readonly maxFiles: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export interface DemoReport {
  readonly root: string
  readonly filesFound: number
  /** False: there was no time to look for all files. */
  readonly foundAll: boolean
  readonly unreadable: number
  readonly files: number
  /** The flag that made `files` fewer than were found. */
  readonly limit: '--max-files' | '--max-mb' | '--seconds' | null
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
  /** Shell commands that answer files and bytes, and the digest. */
  readonly check: { readonly count: string; readonly digest: string }
  /** What is not as it should be; empty when all is well. */
  readonly wrong: readonly string[]
}

const NODE = 'demo_node'

/** Runs the demo's jobs, and adds up what their feedbacks say. Rejects with the signal's reason. */
export async function runDemo(plan: DemoPlan): Promise<DemoReport> {
  const { root, dataDir, signal } = plan
  const found = await findFiles(root, signal)
  const files = within(found.files, plan.maxFiles, plan.maxBytes)
  const app = new Distributor()
  try {
    await app.start({ logLevel: 'silent' })
    const node = await app.spawnNode({
      name: NODE,
      jobs: fileURLToPath(new URL('./jobs', import.meta.url)),
      dir: join(dataDir, 'node'),
      children: 2,
      concurrency: 16,
      deferredChildren: 1,
      logLevel: 'silent',
    })
    const workload = new Workload({ ...plan, files }, app, node)
    const from = systemClock.mono()
    await workload.run(signal)
    const seconds = (systemClock.mono() - from) / 1000
    return await report(plan, { found, files, facts: workload.facts, seconds, restarts: node.restarts })
  } finally {
    await app.stop({ timeout: 1000 })
  }
}

interface Ended {
  readonly found: FoundFiles
  /** What fits into the plan; not all of them need have been begun. */
  readonly files: readonly FoundFile[]
  readonly facts: Facts
  readonly seconds: number
  readonly restarts: number
}

async function report({ root, chaos, maxFiles }: DemoPlan, ended: Ended): Promise<DemoReport> {
  const { found, facts, seconds, restarts } = ended
  const files = ended.files.slice(0, facts.files)
  const wrong = findWrong(facts, { files, chaos, node: NODE, restarts })
  wrong.push(...(await checkSample(files, facts)))
  const cutBySize = files.length < maxFiles ? '--max-mb' : '--max-files'
  const limit =
    files.length < ended.files.length ? '--seconds' : files.length < found.files.length ? cutBySize : null
  const first = limit === null && found.all ? null : files.length
  return {
    root,
    filesFound: found.files.length,
    foundAll: found.all,
    unreadable: found.unreadable,
    files: files.length,
    limit,
    ...sumUp(root, files, facts),
    jobs: facts.jobs,
    seconds,
    successes: facts.successes,
    errors: facts.errors,
    retries: facts.retries,
    periodicRuns: facts.ticks,
    delayedLateMs: facts.lateMs,
    kills: facts.kills,
    check: shellCommands({ root, first, readable: found.unreadable > 0 }),
    wrong,
  }
}

function sumUp(
  root: string,
  files: readonly FoundFile[],
  { results }: Facts,
): Pick<DemoReport, 'bytes' | 'gzipped' | 'digest'> {
  const digest = new CombinedDigest()
  const prefix = Buffer.byteLength(root) + 1
  let bytes = 0
  let gzipped = 0
  for (const file of files) {
    const result = results.get(file)
    digest.add(file.path.subarray(prefix), result?.sha256 ?? '')
    bytes += result?.bytes ?? 0
    gzipped += result?.gzipped ?? 0
  }
  return { bytes, gzipped, digest: digest.hex() }
}
