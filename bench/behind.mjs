// How long a job takes while very many of another name wait for a limit, beside an empty node: `node bench/behind.mjs [jobs]`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Distributor } from '../dist/distributor/index.js'
import { fill } from './flow.mjs'
import { NODE } from './ours/job-reactor.mjs'
import { percentile } from './statistics.mjs'

const WAITING = Number(process.argv[2] ?? 1_000_000)
const IN_FLIGHT = 4000
const MEASURED = 3000

const dir = mkdtempSync(join(tmpdir(), 'jr-behind-'))
const gate = join(dir, 'gate')
const app = new Distributor({ logLevel: 'silent' })
try {
  await app.start()
  await app.spawnNode({ ...NODE, dir: join(dir, 'data'), shutdownTimeout: 1 })
  await app.setLimits('gate', { concurrency: 1 })
  await oneByOne()
  const before = await oneByOne()
  await fill({ count: WAITING, inFlight: IN_FLIGHT, stored: () => app.enqueue('gate', { gate }).accepted })
  const behind = await oneByOne()
  const told = (times) =>
    `p50 ${percentile(times, 0.5).toFixed(3)} ms, p99 ${percentile(times, 0.99).toFixed(3)} ms`
  console.log(`on an empty node: ${told(before)}`)
  console.log(`while ${WAITING} jobs of another name wait, of which one runs at a time: ${told(behind)}`)
  console.log(`ratio of p50 ${(percentile(behind, 0.5) / percentile(before, 0.5)).toFixed(2)}`)
} finally {
  await app.stop()
  writeFileSync(gate, 'open')
  rmSync(dir, { recursive: true, force: true })
}

async function oneByOne() {
  const times = []
  for (let n = 0; n < MEASURED; n++) {
    const from = performance.now()
    await app.enqueue('noop', { x: n }).result()
    times.push(performance.now() - from)
  }
  return times
}
