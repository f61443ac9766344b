import { fill, flow } from '../flow.mjs'
import { memoryBytes } from '../processes.mjs'
import { percentile } from '../statistics.mjs'

const HOUR_MS = 3_600_000
const SOON = 1000
const WITHIN_MS = 3000
const LEAD_MS = 500

export default {
  key: 'delayed',
  title: 'Delayed jobs',
  text: ({ delayed, inFlight }) =>
    `${delayed} jobs due in an hour, one a call, at most ${inFlight} of them not yet acknowledged; the memory of all processes then; and how late ${SOON} more begin that are due within ${WITHIN_MS / 1000} s.`,
  measures: { stored: 'stored/s', memory: 'MiB', p50: 'ms late (p50)', p99: 'ms late (p99)', early: 'early' },
  digits: { p50: 0, p99: 0 },
  async run({ system, sample, settings, startMeter }) {
    const { delayed, inFlight, limitMs } = settings
    const { enqueue, storedUntil } = system
    await flow(sample, { count: 500, inFlight, enqueue })
    const later = Date.now() + HOUR_MS
    const meter = startMeter()
    const count = await fill({
      count: delayed,
      inFlight,
      limitMs: 2 * limitMs,
      stored: () => storedUntil({ x: 0, text: 'abcdefghijklmnopqrstuvwxyz' }, later, false),
    })
    const filled = meter()
    const memory = memoryBytes(process.pid) / 1024 / 1024
    const late = []
    const from = Date.now() + LEAD_MS
    for (let i = 0; i < SOON; i++) {
      const due = from + Math.floor((i / SOON) * (WITHIN_MS - LEAD_MS))
      storedUntil({ x: sample.inbox.next(), due }, due, true).catch(sample.fail)
    }
    sample.inbox.onTake = (result) => late.push(result.late)
    await sample.inbox.all()
    return {
      ...filled,
      stored: count / filled.seconds,
      memory,
      p50: percentile(late, 0.5),
      p99: percentile(late, 0.99),
      early: late.filter((ms) => ms < 0).length,
      jobs: count,
    }
  },
}
