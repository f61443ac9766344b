// Jobs enqueued over HTTP at a fixed rate beside a flow of jobs, and how soon a page that waits hears of the end of its job:
// `node bench/http.mjs [seconds] [enqueues a second] [jobs a second of the flow; 0: as many as go]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { client, cpuOf, startFlow, startWeb } from './ours/web.mjs'
import { percentile } from './statistics.mjs'

const SECONDS = Number(process.argv[2] ?? 10)
const RATE = Number(process.argv[3] ?? 1000)
const FLOWS = process.argv[4] === undefined ? [null, 2000, 5000, 0] : [Number(process.argv[4])]
const WAITS = 200
const WARM_UP_S = 5

const dir = mkdtempSync(join(tmpdir(), 'jr-http-'))
const web = await startWeb(dir)
const { ask, close } = client(web.base)
try {
  await enqueues(WARM_UP_S)
  for (const rate of FLOWS) {
    const flow = rate === null ? null : await startFlow(web.address, { rate })
    if (flow !== null) await sleep(WARM_UP_S * 1000)
    const before = (await flow?.ended()) ?? 0
    const from = performance.now()
    const cpu = { web: cpuOf(web.webPid), node: cpuOf(web.pid), client: process.cpuUsage() }
    const times = await enqueues(SECONDS)
    const { user, system } = process.cpuUsage(cpu.client)
    const used = `${Math.round((cpuOf(web.webPid) - cpu.web) / SECONDS)} ms of a processor a second in the server, ${Math.round((cpuOf(web.pid) - cpu.node) / SECONDS)} in the node, ${Math.round((user + system) / 1000 / SECONDS)} in the client`
    const waits = await waitsOf(WAITS)
    const seconds = (performance.now() - from) / 1000
    const jobs = (((await flow?.ended()) ?? 0) - before) / seconds
    const what =
      rate === null ? 'alone' : `beside ${Math.round(jobs)} jobs/s${rate === 0 ? ', as many as go' : ''}`
    console.log(`${times.length} enqueues, ${RATE} a second, ${what}: ${told(times)}`)
    console.log(`  ${used}`)
    console.log(`  ?wait= answers after the end of the job: ${told(waits)}`)
    await flow?.stop()
  }
} finally {
  close()
  await web.stop()
  rmSync(dir, { recursive: true, force: true })
}

function told(times) {
  const of = (part) => percentile(times, part).toFixed(1)
  return `p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, most ${of(1)} ms`
}

/** Each is sent when it is due, whether or not those before it have been answered: its time counts from then. */
async function enqueues(seconds) {
  const times = []
  const open = new Set()
  const from = performance.now()
  for (let n = 0; n < seconds * RATE; n++) {
    const due = from + (n / RATE) * 1000
    if (due > performance.now()) await sleep(due - performance.now())
    const one = ask('POST', 'jobs', { name: 'noop', args: { x: n } }).then(({ at }) => {
      times.push(at - due)
      open.delete(one)
    })
    open.add(one)
  }
  await Promise.all(open)
  return times
}

/** Jobs that say in their result when they ended. */
async function waitsOf(count) {
  const times = []
  for (let n = 0; n < count; n++) {
    const { body } = await ask('POST', 'jobs', {
      name: 'says_when',
      args: { ms: 30 },
      opts: { keepResult: '1m' },
    })
    const answer = await ask('GET', `jobs/${body.id}?wait=30`)
    times.push(answer.at + performance.timeOrigin - answer.body.result.endedAt)
  }
  return times
}
