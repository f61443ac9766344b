import { JrError } from '../errors.js'
import { shown } from '../options/duration.js'
import type { Rule } from '../rules.js'

/** What crosses with a verb: said once, for the side that sends it and for the side that receives it. */
export interface Form<T> {
  /** Behind "expected", and in PROTOCOL.md. */
  readonly says: string
  /** What was understood of the value, and nothing else of it. `wrong` makes the error for a part that is of no such form. */
  readonly read: (value: unknown, path: string, wrong: Wrong) => T
}

/** What a value of this form is. */
export type FormOf<F> = F extends Form<infer T> ? T : never

type Wrong = (path: string, says: string, value: unknown) => Error
type Fields = { readonly [Name in string]: Form<unknown> }
type MayBeAbsent<F extends Fields> = { [K in keyof F]: undefined extends FormOf<F[K]> ? K : never }[keyof F]
type RecordOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, MayBeAbsent<F>>]: FormOf<F[K]>
} & { readonly [K in MayBeAbsent<F>]?: FormOf<F[K]> }

/** On the way out, at the call of the user: throws a TypeError that names the part, with `path` in front. */
export function given<T>({ read }: Form<T>, value: unknown, path: string): T {
  return read(value, path, (part, says, got) => new TypeError(`${part}: expected ${says}, got ${shown(got)}`))
}

/** On the way in: throws JR_PROTOCOL. `what` is the message, for people. */
export function understood<T>({ read }: Form<T>, value: unknown, what: string): T {
  const wrong: Wrong = (part, says) => new JrError('JR_PROTOCOL', `${what}: expected ${part} to be ${says}`)
  return read(value, '', wrong)
}

export function one<T>({ says, meets }: Rule<T>): Form<T> {
  return {
    says,
    read: (value, path, wrong) => {
      if (meets(value)) return value
      throw wrong(path, says, value)
    },
  }
}

/** Of a field that may be left out. */
export function optional<T>({ says, read }: Form<T>): Form<T | undefined> {
  return {
    says: `${says}, or absent`,
    read: (value, path, wrong) => (value === undefined ? undefined : read(value, path, wrong)),
  }
}

export function orNull<T>({ says, read }: Form<T>): Form<T | null> {
  return {
    says: `${says}, or null`,
    read: (value, path, wrong) => (value === null ? null : read(value, path, wrong)),
  }
}

export function listOf<T>({ says, read }: Form<T>): Form<T[]> {
  return {
    says: `a list of ${says}`,
    read: (value, path, wrong) => {
      if (!Array.isArray(value)) throw wrong(path, 'a list', value)
      return value.map((item, i) => read(item, `${path}[${i}]`, wrong))
    },
  }
}

/** One, or several, at most so many: a list in any case. */
export function oneOrMore<T>({ says, meets }: Rule<T>, most: number): Form<readonly T[]> {
  const each = one({ says, meets })
  return {
    says: `a list of ${says}`,
    read: (value, path, wrong) => {
      if (!Array.isArray(value)) return [each.read(value, path, wrong)]
      if (value.length === 0 || value.length > most) throw wrong(path, `1 to ${most} of them`, value)
      return value.map((item, i) => each.read(item, `${path}[${i}]`, wrong))
    },
  }
}

/** A map with these keys. What else it has is left out: a later version may have more. */
export function record<F extends Fields>(fields: F, says = saysOf(fields)): Form<RecordOf<F>> {
  const entries = Object.entries(fields)
  return {
    says,
    read: (value, path, wrong) => {
      const own = new Map(Object.entries(mapOf(value, path, wrong)))
      const read: Record<string, unknown> = {}
      for (const [name, form] of entries) {
        const part = form.read(own.get(name), within(path, name), wrong)
        if (part !== undefined) read[name] = part
      }
      return read as RecordOf<F>
    },
  }
}

/** A map with these keys and no others: to leave out a part of a query would be to mean more jobs. */
export function exactly<F extends Fields>(fields: F): Form<RecordOf<F>> {
  const { says, read } = record(fields)
  return {
    says,
    read: (value, path, wrong) => {
      for (const [name, own] of Object.entries(mapOf(value, path, wrong))) {
        const known = `absent; known are ${Object.keys(fields).join(', ')}`
        if (own !== undefined && !Object.hasOwn(fields, name)) throw wrong(within(path, name), known, own)
      }
      return read(value, path, wrong)
    },
  }
}

function mapOf(value: unknown, path: string, wrong: Wrong): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw wrong(path === '' ? 'it' : path, 'an object', value)
}

function within(path: string, name: string): string {
  return /[\w\]]$/.test(path) ? `${path}.${name}` : `${path}${name}`
}

function saysOf(fields: Fields): string {
  return `{ ${Object.entries(fields)
    .map(([name, { says }]) => `${name}: ${says}`)
    .join('; ')} }`
}

export function oneOf<const T extends string>(values: readonly T[]): Rule<T> {
  return { says: values.join(', '), meets: (value): value is T => values.includes(value as T) }
}
