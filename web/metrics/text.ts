import type { Distributor } from '../../distributor/index.js'
import { type Facts, factsOf, HISTOGRAMS, histogramSamples, METRICS, type Sample } from './table.js'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** All numbers in the text format of Prometheus. */
export async function metricsText(reactor: Distributor): Promise<string> {
  return textOf(await factsOf(reactor))
}

export function textOf(facts: Facts): string {
  const lines: string[] = []
  for (const { name, type, help, samples } of METRICS) {
    const all = samples(facts)
    if (all.length > 0) lines.push(...head(name, type, help), ...all.map((one) => lineOf(name, one)))
  }
  for (const { name, help, of } of HISTOGRAMS) {
    const all = histogramSamples(facts, of)
    if (all.length === 0) continue
    lines.push(
      ...head(name, 'histogram', help),
      ...all.map(({ part, ...one }) => lineOf(`${name}_${part}`, one)),
    )
  }
  return `${lines.join('\n')}\n`
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function lineOf(name: string, { labels, value }: Sample): string {
  const all = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}{${all.join(',')}} ${value}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
