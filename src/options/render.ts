import { asFlag } from './resolve.js'
import { envOf, flagOf, type OptionSpec } from './table.js'

/** The options as lines of help, at most `width` wide. */
export function renderHelp(table: readonly OptionSpec[], width = 100): string {
  const left = table.map((spec) => `  ${flag(spec)}${spec.type === 'boolean' ? '' : ` ${placeholder(spec)}`}`)
  const column = Math.max(...left.map((text) => text.length)) + 2
  return table
    .map((spec, i) => {
      const about = spec.default === undefined ? spec.text : `${spec.text} (${spec.default})`
      const lines = wrap(about, width - column)
      return `${(left[i] ?? '').padEnd(column)}${lines.join(`\n${' '.repeat(column)}`)}`
    })
    .join('\n')
}

/** The options as a table in Markdown; `commandLine`: with their flags and variables. */
export function renderMarkdown(table: readonly OptionSpec[], commandLine = true): string {
  const rows = table.map((spec) => {
    const kind = spec.values?.join(' or ') ?? spec.type
    const value = spec.default === undefined ? '' : `\`${spec.default}\``
    const written = commandLine ? ` \`${flag(spec)}\` | \`${envOf(spec.key)}\` |` : ''
    return `| \`${spec.key}\` |${written} ${kind} | ${value} | ${spec.text} |`
  })
  const head = commandLine ? ' flag | environment |' : ''
  const rule = commandLine ? '---|---|' : ''
  return [`| option |${head} type | default | |`, `|---|${rule}---|---|---|`, ...rows].join('\n')
}

/** What is on is switched off by its other form. */
function flag(spec: OptionSpec): string {
  if (spec.type !== 'boolean') return asFlag(spec.key)
  const no = `--no-${flagOf(spec.key)}`
  return spec.default === true ? no : spec.default === false ? asFlag(spec.key) : `--[no-]${flagOf(spec.key)}`
}

function placeholder(spec: OptionSpec): string {
  if (spec.type === 'enum') return (spec.values ?? []).join('|')
  const names = {
    string: 'TEXT',
    name: 'NAME',
    integer: 'N',
    duration: 'TIME',
    size: 'SIZE',
    address: 'ADDR',
    addresses: 'ADDR,…',
    path: 'PATH',
    modules: 'MODULE,…',
    variables: 'NAME,…',
  }
  return spec.type === 'backoff' || spec.type === 'boolean' ? 'RULE' : names[spec.type]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
