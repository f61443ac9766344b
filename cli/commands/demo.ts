import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shellCommands } from '../demo/files.js'
import { Progress } from '../demo/progress.js'
import { type DemoReport, isFolder, runDemo } from '../demo/run.js'
import { EXIT } from '../exit-codes.js'
import { readCommandLine } from '../options.js'
import { columns, paintFor } from '../terminal.js'

const HELP = `jr demo: see it work, on the files of a folder of yours

  jr demo                       the modules beside this package
  jr demo DIR                   a folder of yours; it is only read
  jr demo DIR --chaos           the node is killed with kill -9 in the middle, twice
  jr demo --json                the figures as JSON

  --max-files N    at most so many files (${'4000'})
  --max-mb N       at most so many megabytes (${'200'})

Starts an app and a node with a LevelDB and three children, enqueues a job for each file and a few
others, waits for their feedbacks, and prints what happened. Exits with 1 when any figure is wrong.
`

const EXTRA = [
  { name: 'chaos', type: 'boolean' },
  { name: 'json', type: 'boolean' },
  { name: 'help', type: 'boolean' },
  { name: 'max-files', type: 'string' },
  { name: 'max-mb', type: 'string' },
] as const

/** `jr demo`. */
export async function run(argv: string[]): Promise<number> {
  const { flags, positionals } = readCommandLine(argv, [], EXTRA, true)
  if (flags.help === true) {
    process.stdout.write(HELP)
    return EXIT.ok
  }
  const root = resolve(positionals[0] ?? defaultFolder())
  if (!isFolder(root)) throw new TypeError(`${root} is not a folder that can be read`)
  const dataDir = mkdtempSync(join(tmpdir(), 'jr-demo-'))
  const json = flags.json === true
  const progress = new Progress(process.stderr, 0)
  const abort = new AbortController()
  const onSignal = () => abort.abort(new Error('interrupted'))
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  let bar: Progress = progress
  let total = 0
  try {
    const report = await runDemo({
      root,
      dataDir,
      maxFiles: count(flags['max-files'], 4000, '--max-files'),
      maxBytes: count(flags['max-mb'], 200, '--max-mb') * 1e6,
      chaos: flags.chaos === true,
      signal: abort.signal,
      onProgress: (done, jobs, note) => {
        if (jobs !== total) bar = new Progress(process.stderr, jobs)
        total = jobs
        bar.update(done, note)
      },
    })
    bar.end()
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : table(report))
    return report.wrong.length === 0 ? EXIT.ok : EXIT.failed
  } finally {
    bar.end()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function table(report: DemoReport): string {
  const paint = paintFor(process.stdout)
  const all = report.files === report.filesFound
  const number = (value: number) => value.toLocaleString('en-US')
  const rows: string[][] = [
    ['folder', report.root],
    [
      'files',
      all
        ? number(report.files)
        : `${number(report.files)} of the ${number(report.filesFound)} that are there (--max-files, --max-mb)`,
    ],
    ['bytes', number(report.bytes)],
    [
      'gzipped',
      `${number(report.gzipped)} (${Math.round((report.gzipped / Math.max(1, report.bytes)) * 100)} %)`,
    ],
    [
      'jobs',
      `${number(report.jobs)} in ${report.seconds.toFixed(1)} s, ${number(Math.round(report.jobs / report.seconds))} a second`,
    ],
    ['success feedbacks', number(report.successes)],
    ['error feedbacks', `${report.errors} (one job fails for good, on purpose)`],
    [
      'retries',
      `${report.retries} (two on purpose, one before the job fails for good${report.kills > 0 ? ', and those that were killed' : ''})`,
    ],
    ['periodic runs', `${report.periodicRuns}, then the job cancelled itself`],
    ['delayed job', `${report.delayedLateMs} ms after its time, and not before it`],
    [
      'node killed',
      report.kills === 0 ? 'no (try --chaos)' : `${report.kills} times with kill -9; it came back`,
    ],
    ['digest', report.digest],
  ]
  const commands = shellCommands(report.root, report.files, all)
  const verdict =
    report.wrong.length === 0
      ? paint.good('All figures agree with each other.')
      : paint.bad(
          `Wrong:\n${report.wrong
            .slice(0, 20)
            .map((line) => `  ${line}`)
            .join('\n')}`,
        )
  const check = `See for yourself (files and bytes, then the digest):\n  ${commands.count}\n  ${commands.digest}\n`
  return `${columns(rows)}\n\n${verdict}\n\n${check}`
}

/** Real files that are there: the project's own modules, or the folder that the package is installed in. */
function defaultFolder(): string {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const own = join(root, 'node_modules')
  return isFolder(own) ? own : resolve(root, '..')
}

function count(value: string | boolean | undefined, otherwise: number, flag: string): number {
  if (value === undefined) return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`${flag}: expected a whole number, 1 or more, got '${value}'`)
}
