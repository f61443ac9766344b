import type { Distributor } from '../../distributor/index.js'
import { type Facts, factsOf, METRICS } from './table.js'

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
 * The numbers of `/metrics` but for the histograms, as OpenTelemetry metrics: they are looked up when the meter's reader collects. Answers how to stop.
 */
export function observe(meter: Meter, reactor: Distributor): () => void {
  const instruments = METRICS.map(({ name, type, unit, help }) => {
    const options = { description: help, unit: UNITS[unit] }
    const dotted = name.replace(/^job_reactor_/, 'job_reactor.').replace(/_total$/, '')
    return type === 'counter'
      ? meter.createObservableCounter(dotted, options)
      : meter.createObservableGauge(dotted, options)
  })
  const callback = async (result: Result): Promise<void> => {
    const facts: Facts = await factsOf(reactor)
    for (const [i, { samples }] of METRICS.entries())
      for (const { labels, value } of samples(facts)) result.observe(instruments[i], value, labels)
  }
  meter.addBatchObservableCallback(callback, instruments)
  return () => meter.removeBatchObservableCallback(callback, instruments)
}
