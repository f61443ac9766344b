import { flowFor, smallArgs } from '../flow.mjs'
import { fsyncTimes } from '../machine.mjs'
import { percentile } from '../statistics.mjs'

export default {
  key: 'one',
  title: 'One at a time',
  text: ({ single, singleWarmUpMs, limitMs }) =>
    `${single} jobs, or what is done of them in ${limitMs}, each enqueued when the result of the one before is there, after ${singleWarmUpMs} of the same: the time from the call to the result. Then, how long an fsync of 4 KiB appended to a file takes (p50).`,
  measures: { p50: 'ms (p50)', p99: 'ms (p99)', fsync: 'ms (an fsync)', cpu: 'CPU µs a job' },
  digits: { p50: 2, p99: 2, fsync: 2 },
  async run({ system, sample, settings, startMeter }) {
    const { enqueue } = system
    const { inbox } = sample
    const { single, singleWarmUpMs, limitMs } = settings
    // The same load: what a runtime learns of a thousand jobs at once does not fit one at a time.
    await flowFor(sample, singleWarmUpMs, { inFlight: 1, enqueue })
    const times = []
    const meter = startMeter()
    const since = performance.now()
    while (times.length < single && (times.length < 20 || performance.now() - since < limitMs)) {
      const args = smallArgs(inbox)
      const at = performance.now()
      await new Promise((resolve) => {
        inbox.onTake = resolve
        enqueue(args)?.catch(sample.fail)
      })
      times.push(performance.now() - at)
    }
    const used = meter()
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
    // The disk is not the same each minute.
    const fsync = percentile(fsyncTimes(sample.root), 0.5)
    return { ...used, p50, p99, fsync, cpu: used.cpu / times.length, jobs: times.length }
  },
}
