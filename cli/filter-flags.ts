import { parseDurationMs } from '../src/options/duration.js'
import { flagOf } from '../src/options/option.js'
import { given } from '../src/verbs/form.js'
import { FILTER, FILTER_FIELDS, type JobFilter } from '../src/verbs/query.js'
import type { CommandLine, ExtraFlag } from './options.js'

const FIELDS = Object.keys(FILTER_FIELDS) as (keyof JobFilter)[]

/** Of these any one of several is meant. */
const LISTS: readonly (keyof JobFilter)[] = ['state', 'name']

/** The flags that say which jobs are meant: one for each part of a query. */
export const FILTER_FLAGS: readonly ExtraFlag[] = FIELDS.map((field) => ({
  name: flagOf(field),
  type: 'string',
  several: LISTS.includes(field),
}))

/** The jobs that are meant. `now`: times may be given as spans, which count back from it. Throws a TypeError that names the flag. */
export function filterOf(flags: CommandLine['flags'], now: number): JobFilter {
  const filter: Record<string, unknown> = {}
  for (const field of FIELDS) {
    const value = flags[flagOf(field)]
    if (typeof value === 'string') filter[field] = partOf(field, value, now)
  }
  try {
    return given(FILTER, filter, '')
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`flag --${error.message.replace(/^\w+/, flagOf)}`)
  }
}

function partOf(field: keyof JobFilter, value: string, now: number): unknown {
  if (LISTS.includes(field)) return value.includes(',') ? value.split(',') : value
  const isTime = field.endsWith('After') || field.endsWith('Before')
  return isTime && /^[\d.]+(ms|s|m|h|d)$/.test(value) ? now - parseDurationMs(value, flagOf(field)) : value
}
