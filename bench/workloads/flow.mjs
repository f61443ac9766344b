import { flowFor } from '../flow.mjs'

export default {
  key: 'flow',
  title: 'Results, one by one',
  text: ({ inFlight, warmUpMs, flowMs }) =>
    `Jobs with a small argument, each enqueued by a call of its own, ${inFlight} under way at a time, for ${flowMs} after ${warmUpMs} to warm up; until the app has all results.`,
  measures: { rate: 'jobs/s', cpu: 'CPU µs a job' },
  async run({ system, sample, settings, startMeter }) {
    const { enqueue } = system
    const { inFlight, warmUpMs, flowMs } = settings
    await flowFor(sample, warmUpMs, { inFlight, enqueue })
    const before = sample.inbox.done
    const meter = startMeter()
    await flowFor(sample, flowMs, { inFlight, enqueue })
    const used = meter()
    const done = sample.inbox.done - before
    return { ...used, rate: done / used.seconds, cpu: used.cpu / done, jobs: done }
  },
}
