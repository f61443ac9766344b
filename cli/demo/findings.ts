import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { entropyOf } from './entropy.js'
import type { FoundFile } from './files.js'
import type { Facts } from './workload.js'

/** Retries without a kill: two of the flaky job, one of the hopeless one. */
const RETRIES = 3
const SAMPLE = 25
const LARGEST_SAMPLED = 4 * 1024 * 1024

export interface Expected {
  readonly files: readonly FoundFile[]
  readonly chaos: boolean
  readonly node: string
  /** How often the node was started again. */
  readonly restarts: number
}

/** What is not as it should be. */
export function findWrong(facts: Facts, { files, chaos, node, restarts }: Expected): string[] {
  const wrong = [...facts.surprises]
  const must = (holds: boolean, otherwise: string) => {
    if (!holds) wrong.push(otherwise)
  }
  const repeated = [...facts.ended.values()].filter((count) => count > 1).length
  must(facts.ended.size === facts.jobs, `jobs without a last feedback: ${facts.jobs - facts.ended.size}`)
  must(repeated === 0, `jobs with more than one last feedback: ${repeated}`)
  for (const file of files) {
    const result = facts.results.get(file)
    if (result === undefined) wrong.push(`there is no digest of ${file.shown}`)
    else if (result.bytes !== file.bytes)
      wrong.push(`${file.shown} had ${file.bytes} bytes, and ${result.bytes} when a job read it`)
  }
  must(facts.lateMs >= 0, `the delayed job began ${facts.lateMs} ms after its time`)
  must(facts.pinnedTo === node, `the pinned job ran on '${facts.pinnedTo}'`)
  must(facts.flakyAttempts >= 3, `the flaky job succeeded at attempt ${facts.flakyAttempts}, not 3`)
  // A node that is killed may be what ends its last attempt.
  const hopeless = chaos ? /^JR_/ : /^JR_JOB_FAILED: this job fails on purpose$/
  must(hopeless.test(facts.hopelessEnd), `the hopeless job ended as '${facts.hopelessEnd}'`)
  must(facts.ticks === 3, `good runs of the periodic job: ${facts.ticks}, not 3`)
  must(facts.tickEnd === 'JR_CANCELLED', `the periodic job ended as '${facts.tickEnd}'`)
  must(facts.successes === facts.jobs - 2, `${facts.successes} of ${facts.jobs - 2} jobs succeeded`)
  must(facts.errors === 1, `jobs that failed: ${facts.errors}, not 1`)
  if (chaos) must(facts.kills > 0, 'the node was not killed')
  else must(facts.retries === RETRIES, `retries: ${facts.retries}, not ${RETRIES}`)
  must(restarts <= facts.kills, `times that the node ended by itself: ${restarts - facts.kills}`)
  return wrong
}

/** Reads some of the files again, here in the app, and compares what it finds with what the jobs answered. */
export async function checkSample(files: readonly FoundFile[], facts: Facts): Promise<string[]> {
  const wrong: string[] = []
  const step = Math.max(1, Math.floor(files.length / SAMPLE))
  for (let i = 0; i < files.length; i += step) {
    const file = files[i] as FoundFile
    if (file.bytes > LARGEST_SAMPLED) continue
    const bytes = await readFile(file.path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (facts.results.get(file)?.sha256 !== sha256) wrong.push(`the digest of ${file.shown} is not ${sha256}`)
    const bits = facts.entropies.get(file)
    if (bits !== undefined && bits !== entropyOf(bytes))
      wrong.push(`the entropy of ${file.shown} is not ${bits}`)
  }
  return wrong
}
