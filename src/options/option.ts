/**
 * One option, said once: its types, help, the tables of the docs, validation and its names in the environment and on the
 * command line all come from this. `Given` is what a user may write, `Value` what is made of it.
 */
export interface Option<Given = unknown, Value = unknown, Unit extends string = string> {
  /** What it may be, for the docs. */
  readonly kind: string
  /** What stands behind the flag in help; null: nothing, the flag is a switch. */
  readonly placeholder: string | null
  /** Follows the key where the value is used: durations are `…Ms`. */
  readonly unit: Unit
  /** As a user would write it; undefined: none, or worked out from others (the text says how). */
  readonly default: Given | undefined
  /** May hold a password: it is never shown, and goes to another process in its environment. */
  readonly secret: boolean
  /** A sentence for help, the docs, and the docstring above the option in its table. */
  readonly text: string
  /** Throws a TypeError that begins with `where`. */
  read(given: unknown, where: string): Value
  /** The value as `jr config` shows it. */
  show(value: Value): string | number | boolean
  /** As it is given to a process that we start. */
  write(given: Given): string
}

/** Options by their name in code and in a config file; `--dashed` on the command line, `JR_UPPER` in the environment. */
export type Table = Readonly<Record<string, Option>>

/** What a user may give of a table of options. */
export type Given<T extends Table> = {
  readonly [Key in keyof T]?: T[Key] extends Option<infer G, unknown, string> ? G : never
}

/** What the table makes of it: an option without a default may be undefined. */
export type Settled<T extends Table> = {
  readonly [Key in keyof T & string as `${Key}${T[Key]['unit']}`]: ReturnType<T[Key]['read']>
}

export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export function asFlag(key: string): string {
  return `--${flagOf(key)}`
}

export function envOf(key: string): string {
  return `JR_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}
