import { given } from '../src/verbs/form.js'
import { FILTER, type JobFilter } from '../src/verbs/query.js'
import type { Rights, WebValues } from './options.js'
import { Problem } from './problem.js'

/** What lists and acts on many take, and what it means. */
export const FILTER_WORDS = {
  state: 'one state, or several with commas',
  name: 'one name, or several with commas',
  tag: 'one of its tags',
  group: 'its group',
  serial: 'its series',
  code: 'the code of the error of its last attempt',
  text: 'a part of its id, or of a text in its args',
  enqueuedAfter: 'ISO 8601 or epoch milliseconds',
  enqueuedBefore: 'ISO 8601 or epoch milliseconds',
  finishedAfter: 'ISO 8601 or epoch milliseconds',
  finishedBefore: 'ISO 8601 or epoch milliseconds',
} as const

const LISTS = ['state', 'name']

/** What a query string means. Throws a TypeError with the name of what is wrong. */
export function filterOfQuery(query: URLSearchParams): JobFilter {
  const entries = Object.keys(FILTER_WORDS).flatMap((name): [string, unknown][] => {
    const text = query.get(name)
    if (text === null || text === '') return []
    if (LISTS.includes(name)) return [[name, text.split(',')]]
    return [[name, /(After|Before)$/.test(name) && /^\d+$/.test(text) ? Number(text) : text]]
  })
  const filter = Object.fromEntries(entries)
  given(FILTER, filter, 'query ')
  return filter
}

/** The same in JSON. */
export function filterOfBody(value: unknown): JobFilter {
  if (value === undefined) return {}
  given(FILTER, value, 'query.')
  return value as JobFilter
}

/** To search in args is to see them, letter by letter: what is hidden of them, too. */
export function checkText(
  { text }: JobFilter,
  { args }: Pick<Rights, 'args'>,
  { redact }: Pick<WebValues, 'redact'>,
): void {
  if (text === undefined || (args && redact === null)) return
  const why = args ? 'of which something is hidden here' : 'which you may not see'
  throw new Problem(403, 'JR_AUTH', `text: it is looked for in args, ${why}`, { path: 'text' })
}

/** A whole number of the query string. Throws a TypeError. */
export function numberOf(
  query: URLSearchParams,
  name: string,
  usual: number,
  from: number,
  to: number,
): number {
  const text = query.get(name)
  if (text === null || text === '') return usual
  const number = Number(text)
  if (Number.isInteger(number) && number >= from && number <= to) return number
  throw new TypeError(`${name}: expected a whole number, ${from} to ${to}, got '${text.slice(0, 40)}'`)
}
