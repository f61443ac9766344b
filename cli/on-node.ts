import type { Distributor } from '../distributor/index.js'
import { nodeAddress, withApp } from './app-of.js'
import { EXIT } from './exit-codes.js'
import { type CommandLine, type ExtraFlag, readCommandLine } from './options.js'

/** What a command does at the node that it is given. Answers what it exits with. */
export type OnNode = (app: Distributor, node: string) => Promise<number>

const FLAGS: readonly ExtraFlag[] = [
  { name: 'node', type: 'string', several: true },
  { name: 'redis', type: 'boolean' },
  { name: 'redis-url', type: 'string' },
  { name: 'secret-file', type: 'string' },
  { name: 'config', type: 'string' },
  { name: 'json', type: 'boolean' },
  { name: 'help', type: 'boolean' },
]

/**
 * A command that asks one node which listens. `plan` checks what is asked for before anything is connected; it gets what is not a
 * flag, at most `most` words of it.
 */
export async function onNode(
  argv: readonly string[],
  command: {
    readonly name: string
    readonly help: string
    readonly most: number
    /** Why there is no `--redis`. */
    readonly belong?: string
    readonly extra?: readonly ExtraFlag[]
    /** It can ask several nodes: `node` is the first of them then. */
    readonly several?: boolean
  },
  plan: (words: readonly string[], flags: CommandLine['flags']) => OnNode,
): Promise<number> {
  const { name, help, most, extra = [], belong = 'limits and pauses belong to each node' } = command
  const { flags, positionals } = readCommandLine(argv, {}, [...FLAGS, ...extra], true)
  if (flags.help === true) {
    process.stdout.write(help)
    return EXIT.ok
  }
  const work = plan(positionals, flags)
  if (positionals.length > most) throw new TypeError(`expected no '${positionals[most]}'`)
  if (flags.redis === true || flags['redis-url'] !== undefined) {
    const why = `${belong}, also of those that share a Redis`
    throw new TypeError(`expected --node ADDR in place of --redis: ${why}`)
  }
  const address = nodeAddress(flags)
  if (command.several !== true && address.includes(','))
    throw new TypeError(`flag --node: expected one address, got '${address}': this command asks one node`)
  return withApp(address, flags, `jr ${name}`, work)
}
