// `npm run bench`, `npm run bench:peers`: interleaved rounds, each sample a fresh process, server and folder.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeMachine } from './machine.mjs'
import { whatIsMissing } from './missing.mjs'
import { readOptions } from './options.mjs'
import { FOREIGN_LIMIT } from './processes.mjs'
import { describe, figure, summarize, tableOf } from './summary.mjs'
import { takeSample } from './take-sample.mjs'

const options = readOptions()
const cache = mkdtempSync(join(tmpdir(), 'jr-bench-'))
chmodSync(cache, 0o711)
const interrupted = new AbortController()
process.on('SIGINT', () => interrupted.abort()).on('SIGTERM', () => interrupted.abort())
const { signal } = interrupted
const say = (line) => process.stderr.write(`${line}\n`)

try {
  const machine = describeMachine(cache)
  say(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join('; '),
  )
  const skipped = skip(options.systems)
  const systems = options.systems.filter(({ name }) => skipped[name] === undefined)
  for (const workload of options.workloads) {
    if (signal.aborted) break
    await runWorkload(workload, { systems, skipped, machine })
  }
} finally {
  rmSync(cache, { recursive: true, force: true, maxRetries: 5 })
}
if (signal.aborted) process.exitCode = 130

function skip(systems) {
  const skipped = {}
  for (const system of systems) {
    const reason = whatIsMissing(system)
    if (reason === null) continue
    skipped[system.name] = reason
    say(`!!! SKIPPED: ${system.name}: ${reason}`)
  }
  return skipped
}

async function runWorkload(workload, { systems, skipped, machine }) {
  const taking = workload.systems ?? systems.filter(({ cannot }) => cannot?.[workload.key] === undefined)
  const facts = {}
  const samples = Object.fromEntries(taking.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (const [turn] of taking.entries()) {
      if (signal.aborted) return
      const system = taking[(round + turn) % taking.length]
      const { versions, ...sample } = await quietSample(workload, system)
      samples[system.name].push(sample)
      facts[system.name] ??= {
        durability: system.durability,
        results: system.results,
        versions: written(versions),
      }
      say(
        `${workload.key}, round ${round + 1} of ${options.rounds}: ${system.name}: ${told(workload, sample)}`,
      )
    }
  }
  if (signal.aborted) return
  const rows = summarize(workload, samples)
  process.stdout.write(
    `\n${workload.title}\n${describe(workload, options.settings)}\n\n${columns(tableOf(workload, rows))}\n\n`,
  )
  for (const [name, { durability, versions }] of Object.entries(facts)) {
    process.stdout.write(`${name}: ${durability}; ${versions}\n`)
  }
  if (rows.some(({ disturbed }) => disturbed > 0)) {
    process.stdout.write('* others used more than a tenth of a core during at least one of the samples\n')
  }
  process.stdout.write('\n')
  if (rows.some(({ lost, twice, failed }) => lost + twice + failed > 0)) process.exitCode = 1
  keep(workload, { machine, facts, samples, skipped })
}

/** A sample that others disturbed is taken again; the least disturbed one counts. */
async function quietSample(workload, system) {
  let best
  for (let tries = 0; tries <= options.repeats && !signal.aborted; tries++) {
    const { settings, timeoutMs } = options
    const { versions, measured, error } = await takeSample({
      workload,
      system,
      settings,
      cache,
      timeoutMs,
      signal,
    })
    if (error !== undefined) {
      say(`!!! FAILED: ${system.name}: ${error}`)
      return best ?? { versions: {}, error }
    }
    if (best === undefined || measured.foreign < best.foreign) best = { versions, ...measured }
    if (best.foreign <= FOREIGN_LIMIT) break
  }
  return best ?? { versions: {}, error: 'interrupted' }
}

function told(workload, sample) {
  if (sample.error !== undefined) return 'failed'
  const figures = Object.entries(workload.measures).map(
    ([key, label]) => `${figure(sample[key], workload.digits?.[key])} ${label}`,
  )
  return `${figures.join(', ')}; others ${Math.round(sample.foreign * 100)} % of a core`
}

function written(versions) {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function columns(table) {
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)))
  return table
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    )
    .join('\n')
}

function keep(workload, measured) {
  if (options.json === undefined) return
  const all = existsSync(options.json) ? JSON.parse(readFileSync(options.json, 'utf8')) : {}
  const { rounds, settings } = options
  all[workload.key] = { date: new Date().toISOString().slice(0, 10), rounds, settings, ...measured }
  writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`)
}
