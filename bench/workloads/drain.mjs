import { fill, flow, smallArgs } from '../flow.mjs'

export default {
  key: 'drain',
  title: 'Enqueue only, then drain',
  text: ({ jobs, inFlight }) =>
    `No worker takes jobs while ${jobs} are enqueued, one a call, at most ${inFlight} of them not yet acknowledged as stored; then the worker is let go, until the app has all results.`,
  measures: { stored: 'stored/s', rate: 'drained/s', cpu: 'CPU µs a job' },
  hold: true,
  async run({ system, sample, settings, startMeter }) {
    const { stored = system.enqueue } = system
    const { jobs, inFlight, warmUp, limitMs } = settings
    const next = () => stored(smallArgs(sample.inbox))
    await fill({ count: warmUp, inFlight, stored: next })
    const meter = startMeter()
    const count = await fill({ count: jobs, inFlight, limitMs, stored: next })
    const filled = meter()
    const drainer = startMeter()
    system.release()
    await flow(sample, { count: 0, inFlight: 0, enqueue: () => {} })
    const used = drainer()
    return {
      stored: count / filled.seconds,
      rate: (count + warmUp) / used.seconds,
      cpu: filled.cpu / count + used.cpu / (count + warmUp),
      jobs: count,
      seconds: filled.seconds + used.seconds,
      foreign: Math.max(filled.foreign, used.foreign),
    }
  },
}
