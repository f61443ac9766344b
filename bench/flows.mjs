// Flows beside plain jobs: `node bench/flows.mjs [jobs of the large one] [seconds of small ones]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Distributor } from '../dist/distributor/index.js'
import { NODE } from './ours/job-reactor.mjs'

const LARGE = Number(process.argv[2] ?? 10_000)
const SECONDS = Number(process.argv[3] ?? 10)
const SMALL_A_SECOND = 1000
const OF_SMALL = 10

const dir = mkdtempSync(join(tmpdir(), 'jr-flows-'))
const app = new Distributor({ logLevel: 'silent' })
const ticks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
try {
  await app.start()
  const node = await app.spawnNode({ ...NODE, dir })
  /** How long it takes to be accepted while the node is paused, what of the processor, and at which rate all end then. */
  const measured = async (what, count, enqueue) => {
    await app.pause({ node: NODE.name })
    const cpu = { app: process.cpuUsage(), node: ticks(node.pid) }
    const from = performance.now()
    const { accepted, ended } = enqueue()
    await accepted
    const at = performance.now() - from
    const used = process.cpuUsage(cpu.app)
    const appMs = Math.round((used.user + used.system) / 1000)
    const cost = `${appMs} ms of a processor in the app, ${ticks(node.pid) - cpu.node} in the node`
    const begun = performance.now()
    await app.resume({ node: NODE.name })
    await ended
    const rate = Math.round((count / (performance.now() - begun)) * 1000)
    console.log(`${what}: ${count} jobs accepted in ${Math.round(at)} ms (${cost}); ended at ${rate} jobs/s`)
    return rate
  }
  const plain = () => {
    const handles = app.enqueueMany(
      'noop',
      Array.from({ length: LARGE }, (_, n) => ({ n })),
    )
    return { accepted: handles.accepted, ended: handles.results() }
  }
  const together = () => {
    const all = app.enqueueAll(Array.from({ length: LARGE }, (_, n) => ({ name: 'noop', args: { n } })))
    return { accepted: all.accepted, ended: all.results() }
  }
  const flow = () => {
    const jobs = { first: { name: 'noop' } }
    for (let n = 1; n < LARGE; n++) jobs[`job-${n}`] = { name: 'noop', args: { n }, needs: ['first'] }
    const made = app.flow({ jobs })
    return { accepted: made.accepted, ended: made.result() }
  }
  for (let round = 1; round <= 3; round++) {
    const rate = await measured('one by one', LARGE, plain)
    await measured('all or none', LARGE, together)
    const ofFlow = await measured('a flow of one and all others', LARGE, flow)
    console.log(`round ${round}: the flow ends at ${(ofFlow / rate).toFixed(2)} of the rate of plain jobs`)
  }

  const chain = () =>
    Object.fromEntries(
      Array.from({ length: OF_SMALL }, (_, n) => [
        `job-${n}`,
        { name: 'noop', needs: n === 0 ? [] : [`job-${n - 1}`] },
      ]),
    )
  let [begun, most] = [0, 0]
  const from = performance.now()
  const open = new Set()
  while (performance.now() - from < SECONDS * 1000) {
    for (const due = ((performance.now() - from) / 1000) * SMALL_A_SECOND; begun < due; begun++) {
      const one = app
        .flow({ jobs: chain() })
        .result()
        .then(() => {
          open.delete(one)
        })
      open.add(one)
    }
    most = Math.max(most, open.size)
    await sleep(10)
  }
  const behind = open.size
  await Promise.all(open)
  const seconds = ((performance.now() - from) / 1000).toFixed(1)
  console.log(
    `flows of ${OF_SMALL}, one behind the other, ${SMALL_A_SECOND} a second: ${begun} in ${SECONDS} s; ${most} open at most, ${behind} at the end; all had ended after ${seconds} s`,
  )
} finally {
  await app.stop()
  rmSync(dir, { recursive: true, force: true })
}
