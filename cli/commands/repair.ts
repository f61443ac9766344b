import { resolve } from 'node:path'
import { type Repaired, repair } from '../../src/store/level/repair/repair.js'
import { SYSTEM } from '../../src/surroundings.js'
import { EXIT } from '../exit-codes.js'
import { REPAIR_HELP } from '../help-machine.js'
import { readCommandLine } from '../options.js'
import { Progress } from '../progress.js'
import { printable } from '../terminal.js'

/** Lines of what is gone that a person is shown; `--json` has them all. */
const SHOWN = 50

/** `jr repair`: a copy of what is whole of a store. */
export async function run(argv: string[]): Promise<number> {
  const extra = [
    { name: 'to', type: 'string' },
    { name: 'json', type: 'boolean' },
    { name: 'help', type: 'boolean' },
  ] as const
  const { flags, positionals } = readCommandLine(argv, {}, extra, true)
  if (flags.help === true) {
    process.stdout.write(REPAIR_HELP)
    return EXIT.ok
  }
  const [dir] = positionals
  if (dir === undefined || positionals.length > 1) throw new TypeError('expected one data directory')
  if (typeof flags.to !== 'string') throw new TypeError('--to: expected where the copy is to be made')
  const to = resolve(flags.to)
  const progress = new Progress(process.stderr, 'files')
  const onProgress = (done: number, of: number) => progress.update(done, of, '')
  const repaired = await repair({ dir: resolve(dir), to, onProgress }, SYSTEM)
  progress.end()
  process.stdout.write(
    flags.json === true ? `${JSON.stringify({ to, ...repaired }, null, 2)}\n` : inWords(to, repaired),
  )
  return repaired.gone.length + repaired.lost.length > 0 ? EXIT.failed : EXIT.ok
}

function inWords(to: string, { node, kept, gone, lost }: Repaired): string {
  const { jobs, ended, outcomes, entries } = kept
  const lines = [
    `${to} is the store of node ${node}: ${jobs} jobs with rows, ${ended} that have ended, ${outcomes} outcomes,`,
    `and ${entries} entries of the log, with the young jobs.`,
    gone.length + lost.length === 0 ? 'Nothing is gone.' : 'What is gone, or was damaged:',
    ...part(gone.map(printable)),
    ...part(lost.map((id) => `job ${printable(id)}`)),
  ]
  return `${lines.join('\n')}\n`
}

function part(lines: readonly string[]): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`)
  return lines.length > SHOWN ? [...shown, `  and ${lines.length - SHOWN} more (--json has all)`] : shown
}
