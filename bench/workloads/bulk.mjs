import { flowFor, smallArgs } from '../flow.mjs'

export default {
  key: 'bulk',
  title: 'Results, in bulk',
  text: ({ jobs }) =>
    `${jobs} jobs with a small argument, enqueued by one bulk call, or by a loop where there is none; until the app has all results.`,
  measures: { rate: 'jobs/s', cpu: 'CPU µs a job' },
  async run({ system, sample, settings, startMeter }) {
    const { enqueue, enqueueMany } = system
    const { jobs, inFlight, warmUpMs } = settings
    await flowFor(sample, warmUpMs, { inFlight, enqueue })
    const list = Array.from({ length: jobs }, () => smallArgs(sample.inbox))
    const meter = startMeter()
    if (enqueueMany !== undefined) Promise.resolve(enqueueMany(list)).catch(sample.fail)
    else for (const args of list) enqueue(args)?.catch(sample.fail)
    await sample.inbox.all()
    const used = meter()
    return {
      ...used,
      rate: jobs / used.seconds,
      cpu: used.cpu / jobs,
      jobs,
      note: enqueueMany === undefined ? 'a loop' : null,
    }
  },
}
