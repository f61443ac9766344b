import type { State } from './types.js'

/** What the page of jobs may be asked for: it stands in the URL, and goes to the API as it is. */
export const FILTERS = [
  'state',
  'name',
  'tag',
  'group',
  'serial',
  'code',
  'text',
  'enqueuedAfter',
  'enqueuedBefore',
  'finishedAfter',
  'finishedBefore',
  'node',
] as const
export type Filter = { readonly [Name in (typeof FILTERS)[number]]?: string }

export function filterOf(query: URLSearchParams): Filter {
  const entries = FILTERS.flatMap((name) => {
    const value = query.get(name)
    return value === null || value === '' ? [] : [[name, value]]
  })
  return Object.fromEntries(entries)
}

export function queryOf(filter: Filter & { readonly after?: string; readonly limit?: string }): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter))
    if (value !== undefined && value !== '') query.set(name, value)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** The same for an act on all that match. */
export function actQuery({ node, state, name, ...rest }: Filter): Record<string, unknown> {
  const query = {
    ...rest,
    ...(state === undefined ? {} : { state: state.split(',') }),
    ...(name === undefined ? {} : { name: name.split(',') }),
  }
  return {
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(node === undefined ? {} : { node }),
    ...(Object.keys(query).length === 0 && node === undefined ? { all: true } : {}),
  }
}

/** The list of jobs that are so. */
export function jobsPath(filter: Filter & { readonly state?: State | string }): string {
  return `jobs${queryOf(filter)}`
}
