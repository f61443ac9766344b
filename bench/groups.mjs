// How fast jobs of very many groups are done beside as many without one, and what the node takes: `node bench/groups.mjs [groups] [jobs of each]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Distributor } from '../dist/distributor/index.js'
import { fill } from './flow.mjs'
import { NODE } from './ours/job-reactor.mjs'

const GROUPS = Number(process.argv[2] ?? 100_000)
const EACH = Number(process.argv[3] ?? 10)
const IN_FLIGHT = 4000

/** Stores all while the node is paused, and lets it go. `groupOf`: of the nth job. */
async function drained(what, groupOf) {
  const dir = mkdtempSync(join(tmpdir(), 'jr-groups-'))
  const app = new Distributor({ logLevel: 'silent' })
  const total = GROUPS * EACH
  try {
    await app.start()
    const node = await app.spawnNode({ ...NODE, dir })
    await app.pause({ node: NODE.name })
    const done = {}
    done.promise = new Promise((resolve, reject) => Object.assign(done, { resolve, reject }))
    let ended = 0
    const turns = new Map()
    let ahead = 0
    const onSuccess = (args) => {
      const { group } = args
      if (group !== null) {
        const had = (turns.get(group) ?? 0) + 1
        turns.set(group, had)
        ahead = Math.max(ahead, had - ended / GROUPS)
      }
      if (++ended === total) done.resolve()
    }
    let sent = 0
    const stored = () => {
      const group = groupOf(sent++)
      const opts = group === null ? {} : { group }
      return app.enqueue('noop', { n: sent, group }, opts, onSuccess, (args) => done.reject(args.error))
        .accepted
    }
    await fill({ count: total, inFlight: IN_FLIGHT, stored })
    const memory = () => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))?.[1] / 1024
    const waiting = memory()
    let most = waiting
    const timer = setInterval(() => {
      most = Math.max(most, memory())
    }, 100)
    const from = performance.now()
    await app.resume({ node: NODE.name })
    await done.promise
    clearInterval(timer)
    const rate = (total / (performance.now() - from)) * 1000
    const mib = `node ${Math.round(waiting)} MiB when all wait, ${Math.round(most)} MiB at most`
    const turn = turns.size === 0 ? '' : `; a group was ${ahead.toFixed(1)} jobs ahead of the others at most`
    console.log(`${what}: ${Math.round(rate)} jobs/s; ${mib}${turn}`)
    return rate
  } finally {
    await app.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const plain = await drained(`${GROUPS * EACH} jobs without a group`, () => null)
const grouped = await drained(`${GROUPS} groups of ${EACH} jobs`, (n) => `group ${n % GROUPS}`)
console.log(`ratio ${(grouped / plain).toFixed(2)}`)
