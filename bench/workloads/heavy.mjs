import { flow } from '../flow.mjs'
import { jobReactorWith } from '../ours/job-reactor.mjs'

const WORK_MS = 20

const withChildren = (count) =>
  jobReactorWith(`${count} deferred ${count === 1 ? 'child' : 'children'}`, {
    children: 1,
    deferredChildren: count,
  })

export default {
  key: 'heavy',
  title: 'CPU-heavy jobs',
  text: ({ heavy }) =>
    `${heavy} deferred jobs that keep the CPU busy for ${WORK_MS} ms each: one child could do ${1000 / WORK_MS} a second.`,
  measures: { rate: 'jobs/s' },
  digits: { rate: 1 },
  systems: [withChildren(1), withChildren(2)],
  async run({ system, sample, settings, startMeter }) {
    const enqueue = (args) => system.enqueueNamed('heavy', { ...args, ms: WORK_MS })
    await flow(sample, { count: 10, inFlight: 10, enqueue })
    const meter = startMeter()
    await flow(sample, { count: settings.heavy, inFlight: 100, enqueue })
    const used = meter()
    return { ...used, rate: settings.heavy / used.seconds, jobs: settings.heavy }
  },
}
