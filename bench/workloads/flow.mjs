import { flow } from '../flow.mjs'

export default {
  key: 'flow',
  title: 'Results, one by one',
  text: ({ jobs, inFlight }) =>
    `${jobs} jobs with a small argument, each enqueued by a call of its own, ${inFlight} under way at a time; until the app has all results.`,
  measures: { rate: 'jobs/s', cpu: 'CPU µs a job' },
  async run({ system, sample, settings, startMeter }) {
    const { enqueue } = system
    const { jobs, inFlight, warmUp, limitMs } = settings
    await flow(sample, { count: warmUp, inFlight, enqueue })
    const before = sample.inbox.done
    const meter = startMeter()
    await flow(sample, { count: jobs, inFlight, limitMs, enqueue })
    const used = meter()
    const done = sample.inbox.done - before
    return { ...used, rate: done / used.seconds, cpu: used.cpu / done, jobs: done }
  },
}
