import type { Option, Table } from './option.js'
import { settledKey } from './resolve.js'

/** An option as a person may see it: what may be a password is hidden. */
export interface ShownOption {
  readonly option: string
  /** Null: it has none. */
  readonly value: string | number | boolean | null
  /** The name of its source, `default`, or `unset`. */
  readonly from: string
}

/** All options of a table, in its order. */
export function shownOptions(
  table: Table,
  values: object,
  from: Readonly<Record<string, string>>,
): ShownOption[] {
  const settled = new Map<string, unknown>(Object.entries(values))
  return Object.entries<Option>(table).map(([key, option]) => {
    const value = settled.get(settledKey(key, option))
    return { option: key, value: value === undefined ? null : option.show(value), from: from[key] ?? 'unset' }
  })
}
