import { FOREIGN_LIMIT } from './processes.mjs'
import { median } from './statistics.mjs'

/**
 * The rows of one workload: for each system the median and the spread of each measure over the rounds, and how the first
 * measure compares with that of the first system.
 */
export function summarize(workload, samplesOf) {
  const keys = Object.keys(workload.measures)
  const rows = Object.entries(samplesOf).map(([system, samples]) => {
    const good = samples.filter((sample) => sample.error === undefined)
    const measures = Object.fromEntries(
      keys.map((key) => {
        const all = good.map((sample) => sample[key])
        return [
          key,
          all.length === 0 ? null : { median: median(all), from: Math.min(...all), to: Math.max(...all) },
        ]
      }),
    )
    const sum = (key) => good.reduce((total, sample) => total + sample[key], 0)
    return {
      system,
      measures,
      samples: good.length,
      failed: samples.length - good.length,
      lost: sum('lost'),
      twice: sum('twice'),
      disturbed: good.filter(({ foreign }) => foreign > FOREIGN_LIMIT).length,
      note: good[0]?.note ?? null,
    }
  })
  const first = rows[0]?.measures[keys[0]]?.median
  for (const row of rows) {
    const own = row.measures[keys[0]]?.median
    row.ratio = first === undefined || own === undefined ? null : own / first
  }
  return rows
}

/** What a workload did, with its settings in words. */
export function describe(workload, settings) {
  const words = Object.entries(settings).map(([key, value]) => {
    return [key, key.endsWith('Ms') ? `${value / 1000} s` : value.toLocaleString('en')]
  })
  return workload.text(Object.fromEntries(words))
}

/** Large figures lose what is below their third or fourth digit. */
export function figure(value, digits) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (digits !== undefined) return value.toLocaleString('en', { maximumFractionDigits: digits })
  const unit = value >= 10_000 ? 100 : value >= 1000 ? 10 : 1
  return (Math.round(value / unit) * unit).toLocaleString('en')
}

/** A table of text cells: the head, then a row for each system. */
export function tableOf(workload, rows) {
  const keys = Object.keys(workload.measures)
  const digits = workload.digits ?? {}
  const [main] = keys
  const head = ['system', workload.measures[main], 'from … to', 'of the first']
  head.push(...keys.slice(1).map((key) => workload.measures[key]), 'lost', 'twice')
  const body = rows.map(({ system, measures, ratio, lost, twice, disturbed, failed, samples, note }) => {
    if (samples === 0) return [system, 'failed', ...head.slice(2).map(() => '–')]
    const { median: middle, from, to } = measures[main]
    return [
      `${system}${note === null ? '' : ` (${note})`}`,
      `${figure(middle, digits[main])}${disturbed > 0 ? '*' : ''}${failed > 0 ? ` (${failed} failed)` : ''}`,
      `${figure(from, digits[main])} … ${figure(to, digits[main])}`,
      ratio === null ? '–' : ratio.toLocaleString('en', { maximumSignificantDigits: 2 }),
      ...keys.slice(1).map((key) => figure(measures[key]?.median, digits[key])),
      String(lost),
      String(twice),
    ]
  })
  return [head, ...body]
}
