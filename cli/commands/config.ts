import { NODE_OPTIONS } from '../../src/options/node-options.js'
import { shownOptions } from '../../src/options/shown.js'
import { EXIT } from '../exit-codes.js'
import { CONFIG_HELP } from '../help-machine.js'
import { nodeOptions, readCommandLine } from '../options.js'
import { columns } from '../terminal.js'
import { NODE_WEB_FLAGS } from '../web-flags.js'

/** `jr config`: the options of a node as they would be, and where each comes from. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, [
    { name: 'config', type: 'string' },
    // They take all that jr node takes; where the dashboard is, is no option of the node.
    ...NODE_WEB_FLAGS,
    { name: 'json', type: 'boolean' },
    { name: 'help', type: 'boolean' },
  ])
  if (flags.help === true) {
    process.stdout.write(CONFIG_HELP)
    return EXIT.ok
  }
  const { values, from } = nodeOptions(flags, process.env)
  const rows = shownOptions(NODE_OPTIONS, values, from)
  if (flags.json === true) {
    const options = Object.fromEntries(rows.map(({ option, ...rest }) => [option, rest]))
    process.stdout.write(`${JSON.stringify(options, null, 2)}\n`)
  } else {
    process.stdout.write(
      `${columns(rows.map(({ option, value, from: source }) => [option, String(value ?? ''), source]))}\n`,
    )
  }
  return EXIT.ok
}
