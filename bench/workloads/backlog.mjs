import { flow } from '../flow.mjs'
import { jobReactorWith } from '../ours/job-reactor.mjs'
import { memoryBytes } from '../processes.mjs'

const DAY_S = 86_400
const CHUNK = 20_000

const waiting = (count, priorities = 1) => {
  const name = `${count.toLocaleString('en')} waiting${priorities > 1 ? `, of ${priorities.toLocaleString('en')} priorities` : ''}`
  return { ...jobReactorWith(name, { durability: 'fsync' }), waiting: count, priorities }
}

export default {
  key: 'backlog',
  title: 'With a backlog',
  text: ({ jobs }) =>
    `So many jobs wait for a later time; then ${jobs} with results, one by one; then the node is stopped and started again, until the result of a job is there. Memory is that of all processes, after the start.`,
  measures: { rate: 'jobs/s', cpu: 'CPU µs a job', start: 's to start', memory: 'MiB', stored: 'stored/s' },
  digits: { start: 2 },
  systems: [waiting(0), waiting(100_000), waiting(1_000_000, 100_000), waiting(5_000_000)],
  apart: true,
  async run({ system, sample, settings, startMeter, chosen }) {
    const { enqueue } = system
    const { jobs, inFlight, warmUp } = settings
    const filler = startMeter()
    for (let left = chosen.waiting; left > 0; left -= CHUNK) {
      await system.storeMany(Math.min(left, CHUNK), DAY_S, chosen.priorities)
    }
    const filled = filler()
    await flow(sample, { count: warmUp, inFlight, enqueue })
    const meter = startMeter()
    await flow(sample, { count: jobs, inFlight, enqueue })
    const used = meter()
    await system.stopNode()
    const from = performance.now()
    await system.startNode()
    await flow(sample, { count: 1, inFlight: 1, enqueue })
    const start = (performance.now() - from) / 1000
    return {
      ...used,
      stored: chosen.waiting === 0 ? null : chosen.waiting / filled.seconds,
      rate: jobs / used.seconds,
      cpu: used.cpu / jobs,
      start,
      memory: memoryBytes(process.pid) / 1024 / 1024,
      jobs,
    }
  },
}
