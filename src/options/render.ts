import { asFlag, envOf, flagOf, type Option, type Table } from './option.js'

/** The options as lines of help, at most `width` wide. */
export function renderHelp(table: Table, width = 100): string {
  const options = Object.entries(table)
  const left = options.map(
    ([key, option]) => `  ${[flag(key, option), option.placeholder ?? []].flat().join(' ')}`,
  )
  const column = Math.max(...left.map((text) => text.length)) + 2
  return options
    .map(([, option], i) => {
      const about = `${option.text}${defaultOf(option)}`
      const lines = wrap(about, width - column)
      return `${(left[i] ?? '').padEnd(column)}${lines.join(`\n${' '.repeat(column)}`)}`
    })
    .join('\n')
}

function defaultOf({ default: value }: Option): string {
  if (value === undefined) return ''
  return value === true ? ' On by default; this turns it off.' : ` (${value})`
}

/** The options as a table in Markdown; `commandLine`: with their flags and variables. */
export function renderMarkdown(table: Table, commandLine = true): string {
  const rows = Object.entries(table).map(([key, option]) => {
    const value = option.default === undefined ? '' : `\`${option.default}\``
    const written = commandLine ? ` \`${flag(key, option)}\` | \`${envOf(key)}\` |` : ''
    return `| \`${key}\` |${written} ${option.kind} | ${value} | ${option.text} |`
  })
  const head = commandLine ? ' flag | environment |' : ''
  const rule = commandLine ? '---|---|' : ''
  return [`| option |${head} type | default | |`, `|---|${rule}---|---|---|`, ...rows].join('\n')
}

/** The docstring of an option: what an editor shows where the option is written. */
export function docstring({ text, default: value }: Option): string {
  if (value === undefined) return text
  return `${text} Default: \`${typeof value === 'string' ? `'${value}'` : String(value)}\`.`
}

/** What is on is switched off by its other form. */
function flag(key: string, option: Option): string {
  if (option.placeholder !== null) return asFlag(key)
  const no = `--no-${flagOf(key)}`
  return option.default === true ? no : option.default === false ? asFlag(key) : `--[no-]${flagOf(key)}`
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
