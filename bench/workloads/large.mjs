import { randomBytes } from 'node:crypto'
import { flow } from '../flow.mjs'

const MIB = 1024 * 1024
const TEXT = randomBytes((MIB * 3) / 4).toString('base64')

export default {
  key: 'large',
  title: 'Large arguments',
  text: ({ large }) =>
    `${large} jobs with an argument of 1 MiB of text that does not compress well, 16 under way at a time; the result is small.`,
  measures: { rate: 'MiB/s', cpu: 'CPU ms a job' },
  digits: { cpu: 1 },
  async run({ system, sample, settings, startMeter }) {
    const enqueue = system.enqueueLarge
    const { large, limitMs } = settings
    const args = (inbox) => ({ x: inbox.next(), text: TEXT })
    await flow(sample, { count: 10, inFlight: 4, enqueue, args })
    const before = sample.inbox.done
    const meter = startMeter()
    await flow(sample, { count: large, inFlight: 16, limitMs, enqueue, args })
    const used = meter()
    const done = sample.inbox.done - before
    return { ...used, rate: done / used.seconds, cpu: used.cpu / done / 1000, jobs: done }
  },
}
