import { formatDuration } from '../../src/duration.js'
import { NODE_OPTIONS } from '../../src/options/node-options.js'
import type { OptionSpec } from '../../src/options/table.js'
import { withoutPassword } from '../../src/secret.js'
import { type Address, formatAddress } from '../../src/wire/address.js'
import { EXIT } from '../exit-codes.js'
import { CONFIG_HELP } from '../help.js'
import { nodeOptions, readCommandLine } from '../options.js'
import { columns } from '../terminal.js'

/** `jr config`: the options of a node as they would be, and where each comes from. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, [
    { name: 'config', type: 'string' },
    { name: 'json', type: 'boolean' },
    { name: 'help', type: 'boolean' },
  ])
  if (flags.help === true) {
    process.stdout.write(CONFIG_HELP)
    return EXIT.ok
  }
  const { values, from } = nodeOptions(flags, process.env)
  const rows = NODE_OPTIONS.map((spec) => {
    const value = values[spec.key]
    return {
      option: spec.key,
      value: value === undefined ? null : shownAs(spec, value),
      from: from[spec.key] ?? 'unset',
    }
  })
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

function shownAs(spec: OptionSpec, value: unknown): unknown {
  if (spec.type === 'variables') return Object.keys(value as object).join(',')
  if (spec.type === 'modules') return (value as string[]).join(',')
  if (spec.secret === true) return withoutPassword(String(value))
  if (spec.type === 'duration') return formatDuration(value as number)
  if (spec.type === 'address') return formatAddress(value as Address)
  if (spec.type === 'addresses') return (value as Address[]).map(formatAddress).join(',')
  return spec.type === 'backoff' ? JSON.stringify(value) : value
}
