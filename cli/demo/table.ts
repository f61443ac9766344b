import { columns, type Paint } from '../terminal.js'
import type { DemoReport } from './run.js'

const MOST_WRONG = 20

/** The report for people. */
export function demoTable(report: DemoReport, paint: Paint): string {
  const { kills, retries, seconds, jobs } = report
  const why = kills > 0 ? `, and those of jobs that ran when it was killed` : ''
  const rows = [
    ['folder', report.root],
    ['files', filesRow(report)],
    ['bytes', number(report.bytes)],
    ['gzipped', `${number(report.gzipped)} (${percent(report.gzipped, report.bytes)})`],
    ['jobs', `${number(jobs)} in ${seconds.toFixed(1)} s, ${number(Math.round(jobs / seconds))} a second`],
    ['success feedbacks', number(report.successes)],
    ['error feedbacks', `${report.errors} (one job fails for good, on purpose)`],
    ['retries', `${retries} (two on purpose, one before a job fails for good${why})`],
    ['periodic runs', `${report.periodicRuns}, then the job cancelled itself`],
    ['delayed job', `${report.delayedLateMs} ms after its time, and not before it`],
    ['node killed', kills === 0 ? 'no (try --chaos)' : `${times(kills)} with kill -9; it came back`],
    ['digest', report.digest],
  ]
  const check = `See for yourself, with GNU tools (files and bytes, then the digest):\n  ${report.check.count}\n  ${report.check.digest}\n`
  return `${columns(rows)}\n\n${verdict(report.wrong, paint)}\n\n${check}`
}

function filesRow({ files, filesFound, foundAll, limit, unreadable }: DemoReport): string {
  const found = `${foundAll ? '' : 'more than '}${number(filesFound)}`
  const cut = limit === null ? '' : ` (${limit})`
  const parts = [limit === null && foundAll ? found : `the first ${number(files)} of ${found}${cut}`]
  if (unreadable > 0) parts.push(`${number(unreadable)} that may not be read left out`)
  return parts.join('; ')
}

function verdict(wrong: readonly string[], paint: Paint): string {
  if (wrong.length === 0) return paint.good('All figures agree with each other.')
  const lines = wrong.slice(0, MOST_WRONG).map((line) => `  ${line}`)
  if (wrong.length > MOST_WRONG) lines.push(`  and ${wrong.length - MOST_WRONG} more`)
  return paint.bad(`Wrong:\n${lines.join('\n')}`)
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function percent(part: number, whole: number): string {
  return `${Math.round((part / Math.max(1, whole)) * 100)} %`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
