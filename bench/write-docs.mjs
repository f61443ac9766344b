// `node bench/write-docs.mjs`: writes what bench/results.json says into docs/benchmarks.md and docs/bench.svg.
import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.mjs'
import { describe, summarize, tableOf } from './summary.mjs'
import { SYSTEMS } from './systems.mjs'
import { WORKLOADS } from './workloads.mjs'

const RESULTS = new URL('./results.json', import.meta.url)
const PAGE = new URL('../docs/benchmarks.md', import.meta.url)
const PICTURE = new URL('../docs/bench.svg', import.meta.url)
const [START, END] = ['<!-- results:start -->', '<!-- results:end -->']
const BOUNDS = ['bare pipeline', 'Piscina']

const results = JSON.parse(readFileSync(RESULTS, 'utf8'))
const measured = WORKLOADS.filter(({ key }) => results[key] !== undefined)

const page = readFileSync(PAGE, 'utf8')
const [from, to] = [page.indexOf(START), page.indexOf(END)]
if (from < 0 || to < 0) throw new Error(`docs/benchmarks.md has no ${START} … ${END}`)
const text = [machine(), systems(), ...measured.map(section), legend()].join('\n\n')
writeFileSync(PAGE, `${page.slice(0, from + START.length)}\n${text}\n${page.slice(to)}`)
if (results.flow !== undefined) writeFileSync(PICTURE, picture(results.flow))

function machine() {
  const { machine: m, date } = results[measured[0].key]
  return [
    `Measured on ${date}: ${m.cpu}, ${m.memory}, ${m.system}, ${m.fileSystem}.`,
    `One fsync of 4 KiB appended to a file took ${m.fsyncMsP50} ms (p50), ${m.fsyncMsP99} ms (p99).`,
  ].join(' ')
}

function systems() {
  const facts = Object.assign({}, ...measured.toReversed().map(({ key }) => results[key].facts))
  const skipped = Object.assign({}, ...measured.map(({ key }) => results[key].skipped))
  const rows = SYSTEMS.filter(({ name }) => facts[name] !== undefined).map(({ name }) => {
    const { durability, results: way, versions } = facts[name]
    return [name, durability, way, versions]
  })
  const table = markdown([['system', 'an accepted job', 'results', 'versions'], ...rows])
  const absent = Object.entries(skipped).map(([name, reason]) => `- not measured here: ${name} (${reason})`)
  return ['### Systems', table, ...(absent.length > 0 ? [absent.join('\n')] : [])].join('\n\n')
}

function section(workload) {
  const { date, rounds, settings, samples } = results[workload.key]
  const rows = summarize(workload, samples)
  const out = SYSTEMS.filter(({ cannot }) => cannot?.[workload.key] !== undefined)
  const left = out.map(({ name, cannot }) => `${name}: ${cannot[workload.key]}`)
  return [
    `### ${workload.title}`,
    `${describe(workload, settings)} ${rounds === 1 ? 'One round' : `${rounds} rounds`}, ${date}.`,
    markdown(tableOf(workload, rows)),
    ...(left.length > 0 && workload.systems === undefined ? [`Not in this table: ${left.join('; ')}.`] : []),
  ].join('\n\n')
}

function legend() {
  return [
    '"of the first": the first figure divided by that of the first row. `*`: in at least one sample that counts, other',
    'processes of the machine used more than a tenth of a core. "lost" and "twice": results that never came, and that',
    'came again.',
  ].join('\n')
}

function picture({ date, machine: m, settings, samples }) {
  const workload = WORKLOADS.find(({ key }) => key === 'flow')
  const rows = summarize(workload, samples)
    .filter(({ system, samples: good }) => good > 0 && !BOUNDS.some((name) => system.startsWith(name)))
    .map(({ system, measures, disturbed }) => ({
      name: system,
      text: SYSTEMS.find(({ name }) => name === system).durability,
      ours: system.startsWith('job-reactor'),
      mark: disturbed > 0 ? '*' : '',
      ...measures.rate,
    }))
  return chart({
    title: 'Jobs a second, from the call to the result back in the app',
    text: `one call a job, ${settings.inFlight.toLocaleString('en')} under way; app, server and one worker on ${m.cpu}; median and spread, ${date}${rows.some(({ mark }) => mark !== '') ? '; * others used the cores too' : ''}`,
    rows,
  })
}

function markdown([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
