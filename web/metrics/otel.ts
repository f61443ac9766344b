import type { Distributor } from '../../distributor/index.js'
import { type Facts, factsOf, HISTOGRAMS, histogramSamples, METRICS, PARTS } from './table.js'

type Labels = Readonly<Record<string, string>>

/** What of a Meter of `@opentelemetry/api` is used: any of its versions has it. */
export interface Meter {
  createObservableGauge(name: string, options: InstrumentOptions): Instrument
  createObservableCounter(name: string, options: InstrumentOptions): Instrument
  addBatchObservableCallback(callback: (result: Result) => Promise<void>, instruments: Instrument[]): void
  removeBatchObservableCallback(callback: (result: Result) => Promise<void>, instruments: Instrument[]): void
}
interface InstrumentOptions {
  readonly description?: string
  readonly unit?: string
}
// The real one has more: what is made here is only handed back.
// biome-ignore lint/suspicious/noExplicitAny: an instrument of any implementation
type Instrument = any
interface Result {
  observe(instrument: Instrument, value: number, labels?: Labels): void
}

const UNITS = { jobs: '{job}', bytes: 'By', seconds: 's', 1: '1' } as const

/**
 * The numbers of `/metrics` as OpenTelemetry metrics: they are looked up when the meter's reader collects. OpenTelemetry has no histogram
 * that is looked up, so each one comes as its parts: `….bucket` with the attribute `le`, `….sum` and `….count`. Answers how to stop.
 */
export function observe(meter: Meter, reactor: Distributor): () => void {
  const numbers = METRICS.map(({ name, type, unit, help }) => {
    const options = { description: help, unit: UNITS[unit] }
    return type === 'counter'
      ? meter.createObservableCounter(dotted(name), options)
      : meter.createObservableGauge(dotted(name), options)
  })
  const histograms = HISTOGRAMS.map(({ name, help }) =>
    Object.fromEntries(
      PARTS.map((part) => {
        const options = { description: help, unit: part === 'sum' ? UNITS.seconds : UNITS.jobs }
        return [part, meter.createObservableCounter(`${dotted(name)}.${part}`, options)]
      }),
    ),
  )
  const callback = async (result: Result): Promise<void> => {
    const facts: Facts = await factsOf(reactor)
    for (const [i, { samples }] of METRICS.entries())
      for (const { labels, value } of samples(facts)) result.observe(numbers[i], value, labels)
    for (const [i, { of }] of HISTOGRAMS.entries())
      for (const { part, labels, value } of histogramSamples(facts, of))
        result.observe(histograms[i]?.[part], value, labels)
  }
  const all = [...numbers, ...histograms.flatMap((parts) => Object.values(parts))]
  meter.addBatchObservableCallback(callback, all)
  return () => meter.removeBatchObservableCallback(callback, all)
}

function dotted(name: string): string {
  return name.replace(/^job_reactor_/, 'job_reactor.').replace(/_total$/, '')
}
