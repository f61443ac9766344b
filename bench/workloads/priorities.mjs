import { fill, flow, smallArgs } from '../flow.mjs'
import { jobReactorWith } from '../ours/job-reactor.mjs'

const among = (priorities) => ({
  ...jobReactorWith(`${priorities.toLocaleString('en')} in use`, { durability: 'fsync' }),
  priorities,
})

export default {
  key: 'priorities',
  title: 'Drain by priority',
  text: ({ jobs }) =>
    `${jobs} jobs wait, each of one of so many priorities, in turn; then the node is let go, until the app has all results.`,
  measures: { rate: 'drained/s', cpu: 'CPU µs a job' },
  systems: [among(1), among(1000)],
  hold: true,
  apart: true,
  async run({ system, sample, settings, startMeter, chosen }) {
    const { jobs, inFlight, limitMs } = settings
    let next = 0
    const stored = () => system.storedAs(smallArgs(sample.inbox), next++ % chosen.priorities)
    const count = await fill({ count: jobs, inFlight, limitMs, stored })
    const meter = startMeter()
    system.release()
    await flow(sample, { count: 0, inFlight: 0, enqueue: () => {} })
    const used = meter()
    return { ...used, rate: count / used.seconds, cpu: used.cpu / count, jobs: count }
  },
}
