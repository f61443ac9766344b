import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEMO_HELP, MOST } from '../demo/help.js'
import { runDemo } from '../demo/run.js'
import { demoTable } from '../demo/table.js'
import { EXIT } from '../exit-codes.js'
import { readCommandLine } from '../options.js'
import { Progress } from '../progress.js'
import { paintFor } from '../terminal.js'

const EXTRA = [
  { name: 'chaos', type: 'boolean' },
  { name: 'json', type: 'boolean' },
  { name: 'keep', type: 'boolean' },
  { name: 'help', type: 'boolean' },
  { name: 'max-files', type: 'string' },
  { name: 'max-mb', type: 'string' },
  { name: 'seconds', type: 'string' },
] as const

/** `jr demo`. */
export async function run(argv: string[]): Promise<number> {
  const { flags, positionals } = readCommandLine(argv, {}, EXTRA, true)
  if (flags.help === true) {
    process.stdout.write(DEMO_HELP)
    return EXIT.ok
  }
  if (positionals.length > 1) throw new TypeError(`expected one folder, got ${positionals.join(' ')}`)
  const root = resolve(positionals[0] ?? defaultFolder())
  if (!isFolder(root)) throw new TypeError(`${root} is not a folder that can be read`)
  const limits = {
    maxFiles: count(flags['max-files'], MOST.files, '--max-files'),
    maxBytes: count(flags['max-mb'], MOST.megabytes, '--max-mb') * 1e6,
    budgetMs: count(flags.seconds, MOST.seconds, '--seconds') * 1000,
  }
  const progress = new Progress(process.stderr)
  const abort = new AbortController()
  const onSignal = () => abort.abort(new Error('interrupted'))
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  const dataDir = mkdtempSync(join(tmpdir(), 'jr-demo-'))
  try {
    const report = await runDemo({
      root,
      dataDir,
      ...limits,
      chaos: flags.chaos === true,
      signal: abort.signal,
      onProgress: (done, jobs, kills) =>
        progress.update(
          done,
          jobs,
          kills === 0 ? '' : `node killed ${kills} ${kills === 1 ? 'time' : 'times'}`,
        ),
    })
    progress.end()
    const text =
      flags.json === true
        ? `${JSON.stringify(report, null, 2)}\n`
        : demoTable(report, paintFor(process.stdout))
    process.stdout.write(text)
    return report.wrong.length === 0 ? EXIT.ok : EXIT.failed
  } finally {
    progress.end()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    if (flags.keep === true) process.stderr.write(`the node's data are in ${dataDir}\n`)
    else rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Real files that are there: the project's own modules, or the folder that the package is installed in. */
function defaultFolder(): string {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const own = join(root, 'node_modules')
  return isFolder(own) ? own : resolve(root, '..')
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function count(value: string | boolean | undefined, otherwise: number, flag: string): number {
  if (value === undefined) return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`${flag}: expected a whole number, 1 or more, got '${value}'`)
}
