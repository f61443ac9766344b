import { flowFor, smallArgs } from '../flow.mjs'
import { fsyncTimes } from '../machine.mjs'
import { FOREIGN_LIMIT } from '../processes.mjs'
import { percentile } from '../statistics.mjs'

export default {
  key: 'one',
  title: 'One at a time',
  text: ({ single, singleWarmUpMs, singleMs, singleWindowMs }) =>
    `Each job is enqueued when the result of the one before is there: the time from the call to the result, after ${singleWarmUpMs} of the same. Measured in windows of ${singleWindowMs} until ${single} jobs have been done in windows during which others used less than a tenth of a core, for ${singleMs} at most; the least disturbed windows that hold so many jobs count. Between the windows: how long an fsync of 4 KiB appended to a file takes (p50).`,
  measures: { p50: 'ms (p50)', p99: 'ms (p99)', fsync: 'ms (an fsync)', cpu: 'CPU µs a job' },
  digits: { p50: 2, p99: 2, fsync: 2 },
  async run({ system, sample, settings, startMeter }) {
    const { single, singleWarmUpMs, singleMs, singleWindowMs } = settings
    // The same load: what a runtime learns of a thousand jobs at once does not fit one at a time.
    await flowFor(sample, singleWarmUpMs, { inFlight: 1, enqueue: system.enqueue })
    const windows = []
    const until = performance.now() + singleMs
    while (countJobs(windows.filter(isQuiet)) < single && performance.now() < until) {
      const meter = startMeter()
      const times = await oneByOne(system, sample, singleWindowMs)
      const used = meter()
      // The disk is not the same each minute.
      windows.push({ ...used, times, fsyncs: fsyncTimes(sample.root, FSYNCS) })
    }
    return summary(leastDisturbed(windows, single))
  },
}

const FSYNCS = 20

/** How long each job took, in ms. */
async function oneByOne({ enqueue }, { inbox, fail }, ms) {
  const times = []
  const until = performance.now() + ms
  while (performance.now() < until) {
    const args = smallArgs(inbox)
    const at = performance.now()
    await new Promise((resolve) => {
      inbox.onTake = resolve
      enqueue(args)?.catch(fail)
    })
    times.push(performance.now() - at)
  }
  return times
}

function leastDisturbed(windows, jobs) {
  const taken = []
  for (const window of windows.toSorted((a, b) => a.foreign - b.foreign)) {
    if (countJobs(taken) >= jobs) break
    taken.push(window)
  }
  return taken
}

function summary(windows) {
  const times = windows.flatMap((window) => window.times)
  const sum = (value) => windows.reduce((total, window) => total + value(window), 0)
  const seconds = sum((window) => window.seconds)
  return {
    seconds,
    foreign: sum((window) => window.foreign * window.seconds) / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    fsync: percentile(
      windows.flatMap(({ fsyncs }) => fsyncs),
      0.5,
    ),
    cpu: sum(({ cpu }) => cpu) / times.length,
    jobs: times.length,
  }
}

function countJobs(windows) {
  return windows.reduce((total, { times }) => total + times.length, 0)
}

function isQuiet({ foreign }) {
  return foreign <= FOREIGN_LIMIT
}
