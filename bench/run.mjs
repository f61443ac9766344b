// `npm run bench [-- --json] [-- --jobs 50000] [-- --rounds 3]`: job-reactor beside the bare pipeline of the same shape, in turns.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Distributor } from 'job-reactor'
import { startBare } from './bare/app.mjs'
import { cpuMicros, family, flow, median, percentile } from './measure.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '3' },
  },
})
const jobs = Number(values.jobs)
const rounds = Number(values.rounds)
const IN_FLIGHT = 1000

async function startOurs(dir, durability) {
  const app = new Distributor({ logLevel: 'silent' })
  await app.start()
  const node = await app.spawnNode({
    name: 'bench',
    jobs: new URL('./jobs', import.meta.url).pathname,
    dir,
    durability,
    children: 1,
    deferredChildren: 0,
    standbyChildren: 0,
    concurrency: 500,
    logLevel: 'error',
  })
  return {
    pid: node.pid,
    enqueue: (args, onResult) => app.enqueue('noop', args, undefined, onResult),
    enqueueOnly: (args) => app.enqueue('noop', args, { after: 3600 }),
    stop: () => app.stop(),
  }
}

const SYSTEMS = {
  'job-reactor, fsync': (dir) => startOurs(dir, 'fsync'),
  'job-reactor, os': (dir) => startOurs(dir, 'os'),
  'bare pipeline, fsync': startBare,
}

async function round(start) {
  const dir = mkdtempSync(join(tmpdir(), 'jr-bench-'))
  const system = await start(join(dir, 'data'))
  try {
    await flow(system.enqueue, 4000, IN_FLIGHT)
    const pids = [process.pid, ...family(system.pid)]
    const cpu = cpuMicros(pids)
    const from = performance.now()
    const { lost, twice } = await flow(system.enqueue, jobs, IN_FLIGHT)
    const seconds = (performance.now() - from) / 1000
    const cpuPerJob = (cpuMicros(pids) - cpu) / jobs
    const latencies = []
    for (let i = 0; i < 500; i++) {
      const at = performance.now()
      await flow(system.enqueue, 1, 1)
      latencies.push(performance.now() - at)
    }
    let enqueueRate = null
    if (system.enqueueOnly !== undefined) {
      const at = performance.now()
      const handles = Array.from({ length: jobs }, (_, x) =>
        system.enqueueOnly({ x, text: 'abcdefghijklmnopqrstuvwxyz' }),
      )
      await handles.at(-1).accepted
      enqueueRate = jobs / ((performance.now() - at) / 1000)
    }
    return {
      rate: jobs / seconds,
      cpuPerJob,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      enqueueRate,
      lost,
      twice,
    }
  } finally {
    await system.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const results = Object.fromEntries(Object.keys(SYSTEMS).map((name) => [name, []]))
for (let i = 0; i < rounds; i++) {
  for (const [name, start] of Object.entries(SYSTEMS)) {
    process.stderr.write(`round ${i + 1} of ${rounds}: ${name}\n`)
    results[name].push(await round(start))
  }
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const setting = {
  version,
  node: process.version,
  cpu: `${cpus().length} × ${cpus()[0].model}`,
  jobs,
  rounds,
  inFlight: IN_FLIGHT,
  child: 'one evented, 500 jobs at once',
}
const summary = Object.entries(results).map(([name, all]) => {
  const of = (key) => all.map((one) => one[key])
  const rates = of('rate')
  return {
    system: name,
    jobsPerSecond: Math.round(median(rates)),
    from: Math.round(Math.min(...rates)),
    to: Math.round(Math.max(...rates)),
    cpuMicrosPerJob: Math.round(median(of('cpuPerJob')) * 10) / 10,
    oneAtATimeP50Ms: Math.round(median(of('p50')) * 100) / 100,
    oneAtATimeP99Ms: Math.round(median(of('p99')) * 100) / 100,
    enqueueOnlyPerSecond: all[0].enqueueRate === null ? null : Math.round(median(of('enqueueRate'))),
    lost: of('lost').reduce((a, b) => a + b),
    twice: of('twice').reduce((a, b) => a + b),
  }
})
if (values.json) process.stdout.write(`${JSON.stringify({ setting, summary, results }, null, 2)}\n`)
else {
  console.log(
    Object.entries(setting)
      .map(([key, value]) => `${key}: ${value}`)
      .join('; '),
  )
  console.table(Object.fromEntries(summary.map(({ system, ...rest }) => [system, rest])))
  const limit = summary.at(-1).jobsPerSecond
  for (const { system, jobsPerSecond } of summary.slice(0, -1)) {
    console.log(`${system}: ${(jobsPerSecond / limit).toFixed(2)} of the bare pipeline`)
  }
}
if (summary.some(({ lost, twice }) => lost + twice > 0)) process.exitCode = 1
