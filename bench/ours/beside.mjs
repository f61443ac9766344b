import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * job-reactor as another checkout has it, to be measured in the same run: its own `dist`, node and job files. `directory`
 * is that of the checkout, which has been built; undefined: there is none.
 */
export async function besideOurs(directory) {
  if (directory === undefined) return []
  const root = resolve(directory)
  const file = resolve(root, 'bench/ours/job-reactor.mjs')
  if (!existsSync(file) || !existsSync(resolve(root, 'dist/index.js'))) {
    throw new Error(`JR_BENCH_BESIDE: expected a checkout of job-reactor that has been built, got ${root}`)
  }
  const { jobReactor } = await import(pathToFileURL(file).href)
  return jobReactor.map((system) => ({ ...system, name: `${system.name}, beside` }))
}
