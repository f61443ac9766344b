/** What an option may be. Durations are resolved to milliseconds, sizes to bytes. */
export type OptionType =
  | 'string'
  | 'name'
  | 'integer'
  | 'duration'
  | 'size'
  | 'boolean'
  | 'enum'
  | 'address'
  | 'addresses'
  | 'backoff'
  /** A folder or file: text, or a `file:` URL. */
  | 'path'
  | 'modules'
  | 'variables'

/** One option: help, the README's table, validation and the environment's names all come from this. */
export interface OptionSpec {
  /** The name in code and in a config file; `--dashed` on the command line, `JR_UPPER` in the environment. */
  readonly key: string
  readonly type: OptionType
  /** As a user would write it; undefined: none, or worked out from others (the text says how). */
  readonly default?: string | number | boolean
  readonly values?: readonly string[]
  readonly min?: number
  readonly max?: number
  /** May hold a password: it is never shown, and goes to another process in its environment. */
  readonly secret?: boolean
  readonly text: string
}

export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export function envOf(key: string): string {
  return `JR_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}
