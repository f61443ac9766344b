import { completionFor, SHELLS, type Shell } from '../completion.js'
import { EXIT } from '../exit-codes.js'
import { COMPLETION_HELP } from '../help-running.js'
import { readCommandLine } from '../options.js'
import { print } from '../terminal.js'

/** `jr completion`: a script for a shell. */
export async function run(argv: string[]): Promise<number> {
  const { flags, positionals } = readCommandLine(argv, {}, [{ name: 'help', type: 'boolean' }], true)
  if (flags.help === true) {
    process.stdout.write(COMPLETION_HELP)
    return EXIT.ok
  }
  const [shell, more] = positionals
  if (more !== undefined || !SHELLS.includes(shell as Shell))
    throw new TypeError(`expected ${SHELLS.join(', ')}, got '${positionals.join(' ')}'`)
  return print(completionFor(shell as Shell))
}
