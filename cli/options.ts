import { parseArgs } from 'node:util'
import { readConfig } from '../src/options/config-file.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { asFlag, flagOf, type Table } from '../src/options/option.js'
import { environment, nearest, type Resolved, resolveOptions, type Source } from '../src/options/resolve.js'
import { messageOf } from '../src/thrown.js'

/** A flag of a command that is no option of a node. */
export interface ExtraFlag {
  readonly name: string
  readonly type: 'string' | 'boolean'
  /** It may have several values, with commas or with a flag for each. */
  readonly several?: boolean
}

export interface CommandLine {
  readonly flags: Readonly<Record<string, string | boolean>>
  readonly positionals: readonly string[]
}

/** Reads a command line. Throws a TypeError that a person can act on. */
export function readCommandLine(
  argv: readonly string[],
  table: Table,
  extra: readonly ExtraFlag[],
  positionals = false,
): CommandLine {
  const options: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const [key, { placeholder }] of Object.entries(table))
    options[flagOf(key)] = { type: placeholder === null ? 'boolean' : 'string' }
  for (const { name, type } of extra) options[name] = { type }
  const lists = listsOf(table, extra)
  // `--log-json=false` is how a person says it, and parseArgs does not take it.
  const args = argv.map((arg) =>
    /^--[a-z-]+=true$/.test(arg) && isFlag(options, arg) ? arg.slice(0, -5) : arg,
  )
  const negated: Record<string, boolean> = {}
  const rest = args.filter((arg) => {
    const match = /^--(?:no-([a-z-]+)|([a-z-]+)=false)$/.exec(arg)
    const name = match?.[1] ?? match?.[2]
    if (name === undefined || options[name]?.type !== 'boolean') return true
    negated[name] = false
    return false
  })
  try {
    const parsed = parseArgs({
      args: rest,
      options,
      allowPositionals: positionals,
      strict: true,
      tokens: true,
    })
    const flags = Object.fromEntries(Object.entries(parsed.values).filter(([, value]) => value !== undefined))
    for (const name of lists) {
      const values = parsed.tokens.flatMap((token) =>
        token.kind === 'option' && token.name === name ? [token.value] : [],
      )
      if (values.length > 1) flags[name] = values.join(',')
    }
    return { flags: { ...(flags as CommandLine['flags']), ...negated }, positionals: parsed.positionals }
  } catch (error) {
    throw new TypeError(explain(error, Object.keys(options)))
  }
}

/** The options of a node from flags, environment, config file and defaults, in this order. */
export function nodeOptions(
  flags: CommandLine['flags'],
  env: NodeJS.ProcessEnv,
): Resolved<typeof NODE_OPTIONS> {
  return someNodeOptions(NODE_OPTIONS, flags, env)
}

/** Some of them, for a command that needs no more: what the others say is not looked at. */
export function someNodeOptions<T extends Table>(
  table: T,
  flags: CommandLine['flags'],
  env: NodeJS.ProcessEnv,
): Resolved<T> {
  const fromFlags: Record<string, unknown> = {}
  for (const key of Object.keys(table)) {
    const value = flags[flagOf(key)]
    if (value !== undefined) fromFlags[key] = value
  }
  const sources: Source[] = [{ name: 'flag', values: fromFlags, written: asFlag }, environment(table, env)]
  const file = readConfig(typeof flags.config === 'string' ? flags.config : undefined)
  if (file !== null) sources.push(file)
  return resolveOptions(table, sources, NODE_OPTIONS)
}

/** Of any other flag that comes twice the last one counts. */
function listsOf(table: Table, extra: readonly ExtraFlag[]): readonly string[] {
  const keys = Object.keys(table).filter((key) => table[key]?.placeholder?.endsWith(',…') === true)
  return [...keys.map(flagOf), ...extra.filter(({ several }) => several === true).map(({ name }) => name)]
}

function isFlag(options: Record<string, { type: string }>, arg: string): boolean {
  return options[arg.slice(2, -5)]?.type === 'boolean'
}

function explain(error: unknown, known: readonly string[]): string {
  const text = messageOf(error)
  const unknown = /Unknown option '(--?)([^']+)'/.exec(text)
  if (unknown?.[2] !== undefined) {
    const [, dashes, name] = unknown
    if (dashes === '-') return `unknown flag -${name}; an id that begins with - goes after --`
    const meant = nearest(name, known)
    return `unknown flag --${name}${meant === null ? '' : `; did you mean --${meant}?`}`
  }
  return text.split('. ')[0] ?? text
}
