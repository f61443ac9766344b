import { readFileSync } from 'node:fs'
import t from 'tap'
import { HISTOGRAMS, METRICS } from '#dist/web/metrics/table.js'

t.test('the Grafana dashboard and the alarms ask for numbers that are there', async (t) => {
  const known = new Set([
    ...METRICS.map(({ name }) => name),
    ...HISTOGRAMS.flatMap(({ name }) => ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)),
  ])
  for (const file of ['docs/grafana.json', 'docs/operations.md']) {
    const asked = [...readFileSync(file, 'utf8').matchAll(/\bjob_reactor_\w+/g)].map(([name]) => name)
    t.ok(asked.length > 4, file)
    for (const name of new Set(asked)) t.ok(known.has(name), `${file}: ${name}`)
  }
  const { panels } = JSON.parse(readFileSync('docs/grafana.json', 'utf8')) as {
    panels: { targets: unknown[] }[]
  }
  for (const { targets } of panels) t.ok(targets.length > 0)
})
