import { flow, flowFor } from '../flow.mjs'
import { percentile } from '../statistics.mjs'

export default {
  key: 'one',
  title: 'One at a time',
  text: ({ single }) =>
    `${single} jobs, each enqueued when the result of the one before is there: the time from the call to the result.`,
  measures: { p50: 'ms (p50)', p99: 'ms (p99)', cpu: 'CPU µs a job' },
  digits: { p50: 2, p99: 2 },
  async run({ system, sample, settings, startMeter }) {
    const { enqueue } = system
    const { single, inFlight, warmUpMs, limitMs } = settings
    await flowFor(sample, warmUpMs, { inFlight, enqueue })
    // What a runtime has learnt of a thousand jobs at once does not fit one at a time.
    await flowFor(sample, warmUpMs, { inFlight: 1, enqueue })
    const times = []
    const meter = startMeter()
    const since = performance.now()
    while (times.length < single && (times.length < 20 || performance.now() - since < limitMs)) {
      const at = performance.now()
      await flow(sample, { count: 1, inFlight: 1, enqueue })
      times.push(performance.now() - at)
    }
    const used = meter()
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
    return { ...used, p50, p99, cpu: used.cpu / times.length, jobs: times.length }
  },
}
