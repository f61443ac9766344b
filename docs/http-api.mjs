// The HTTP API as text: each path, what it takes, and what it answers.
import { STATUSES, TITLES, WEB_CODES } from '../dist/web/problem.js'
import { SCHEMAS } from '../dist/web/schemas.js'
import { ROUTES } from '../dist/web/table.js'

/** By what stands first in their paths. */
const PARTS = {
  '': 'The whole',
  jobs: 'Jobs',
  actions: 'Many jobs at once',
  flows: 'Flows',
  failures: 'Failures',
  names: 'Names and their limits',
  schedules: 'Schedules',
  nodes: 'Nodes and children',
}
const WORDS = { string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false' }

export function routes() {
  const parts = new Map(Object.keys(PARTS).map((part) => [part, []]))
  for (const route of ROUTES) (parts.get(route.path.split('/')[1] ?? '') ?? parts.get('')).push(route)
  return [...parts].flatMap(([part, some]) => [`### ${PARTS[part]}`, ...some.map(routeText)]).join('\n\n')
}

function routeText({ method, path, says, query = {}, body = {}, answers, status = 200 }) {
  return [
    `**\`${method} /api/v1${path}\`**: ${says} Answers ${status === 200 ? '' : `${status} and `}${link(answers)}.`,
    fields('query', query),
    fields('body', body),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
}

function fields(where, some) {
  const rows = Object.entries(some).map(([name, what]) => `| \`${name}\` | ${what.replaceAll('|', '\\|')} |`)
  return rows.length === 0 ? '' : [`| ${where} | |`, '|---|---|', ...rows].join('\n')
}

function link(name) {
  return `[${name}](#${name.toLowerCase()})`
}

export function schemas() {
  return Object.entries(SCHEMAS)
    .map(([name, schema]) => `### ${name}\n\n${fieldsOf(schema)}`)
    .join('\n\n')
}

function fieldsOf({ properties, required = [] }) {
  if (properties === undefined) return 'An object.'
  const rows = Object.entries(properties).map(([name, schema]) => {
    const when = required.includes(name) ? '' : ', not always'
    const more = schema.description === undefined ? '' : `: ${schema.description}`
    return `| \`${name}\` | ${wordsOf(schema)}${when}${more} |`
  })
  return ['| field | |', '|---|---|', ...rows].join('\n')
}

function wordsOf(schema) {
  if (schema.$ref !== undefined) return link(schema.$ref.split('/').at(-1))
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ')
  const types = [schema.type ?? 'any JSON'].flat()
  const [type] = types
  const orNull = types.includes('null') ? ' or null' : ''
  if (type === 'array') return `list of ${wordsOf(schema.items)}${orNull}`
  if (type === 'object') return `${objectWords(schema)}${orNull}`
  if (schema.format === 'date-time') return `time${orNull}`
  return `${WORDS[type] ?? type}${orNull}`
}

function objectWords({ properties }) {
  if (properties === undefined) return 'object'
  return `{ ${Object.entries(properties)
    .map(([name, one]) => (one.type === 'object' && one.properties ? `${name}: ${objectWords(one)}` : name))
    .join(', ')} }`
}

export function statuses() {
  const rows = Object.entries(TITLES).map(([status, title]) => {
    const codes = Object.keys(STATUSES).filter((code) => STATUSES[code] === Number(status))
    return `| ${status} | ${title} | ${codes.map((code) => `\`${code}\``).join(', ')} |`
  })
  return ['| status | title | for errors of the package |', '|---|---|---|', ...rows].join('\n')
}

export function codes() {
  const rows = Object.entries(WEB_CODES).map(([code, text]) => `| \`${code}\` | ${text} |`)
  return ['| code | |', '|---|---|', ...rows].join('\n')
}
