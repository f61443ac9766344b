import type { Backoff } from '../job/retry-policy.js'
import { checked, NAME } from '../rules.js'
import { type Address, type AddressOption, formatAddress, parseAddress } from '../wire/address.js'
import { formatDuration, parseDurationMs } from './duration.js'
import { parseVariables, type Variables } from './env.js'
import {
  type Bounds,
  isText,
  joined,
  listed,
  parseBackoff,
  parsePath,
  parseSize,
  refuse,
  within,
} from './given.js'
import type { Option } from './option.js'
import { withoutPassword } from './secret.js'

interface About {
  readonly text: string
}

/** Makes options of one kind. One with a default is never undefined. */
interface Maker<Given, Value, Unit extends string, Bounds> {
  (about: About & Bounds & { readonly default: Given }): Option<Given, Value, Unit>
  (about: About & Bounds): Option<Given, Value | undefined, Unit>
}

interface Kind<Given, Value, Bounds> {
  readonly kind: string
  readonly placeholder: string | null
  readonly secret?: boolean
  read(given: unknown, where: string, bounds: Bounds): Value
  show?(value: Value): string | number | boolean
  write?(given: Given): string
}

function kind<Given, Value, Unit extends string = '', B = unknown>(
  of: Kind<Given, Value, B>,
  unit: Unit,
): Maker<Given, Value, Unit, B> {
  return (about: About & B & { readonly default?: Given }) => ({
    kind: of.kind,
    placeholder: of.placeholder,
    unit,
    default: about.default,
    secret: of.secret ?? false,
    text: about.text,
    read: (given, where) => of.read(given, where, about),
    show: (value: Value) => (of.show === undefined ? String(value) : of.show(value)),
    write: (given) => (of.write === undefined ? String(given) : of.write(given)),
  })
}

export const text = kind<string, string>(
  {
    kind: 'string',
    placeholder: 'TEXT',
    read: (given, where) => (isText(given) ? given : refuse(where, 'text', given)),
  },
  '',
)

/** Text that may hold a password. */
export const url = kind<string, string>(
  {
    kind: 'string',
    placeholder: 'TEXT',
    secret: true,
    read: (given, where) => (isText(given) ? given : refuse(where, 'text', given)),
    show: withoutPassword,
  },
  '',
)

export const name = kind<string, string>(
  { kind: 'name', placeholder: 'NAME', read: (given, where) => checked(NAME, given, where) },
  '',
)

/** A whole number. */
export const whole = kind<number, number, '', Bounds>(
  {
    kind: 'integer',
    placeholder: 'N',
    read: (given, where, bounds) =>
      within(bounds, typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given, where),
    show: (value) => value,
  },
  '',
)

/** Seconds, or text such as `'5m'`; settled to milliseconds. `min` is milliseconds. */
export const duration = kind<number | string, number, 'Ms', Pick<Bounds, 'min'>>(
  {
    kind: 'duration',
    placeholder: 'TIME',
    read: (given, where, { min = 0 }) => {
      const ms = parseDurationMs(given, where)
      return ms < min ? refuse(where, `at least ${min} ms`, given) : ms
    },
    show: formatDuration,
  },
  'Ms',
)

/** Bytes, or text such as `'64MiB'`; settled to bytes. */
export const size = kind<number | string, number, '', Bounds>(
  {
    kind: 'size',
    placeholder: 'SIZE',
    read: (given, where, bounds) => within(bounds, parseSize(given, where), where),
    show: (value) => value,
  },
  '',
)

export const flag = kind<boolean, boolean>(
  {
    kind: 'boolean',
    placeholder: null,
    read: (given, where) => {
      if (typeof given === 'boolean') return given
      if (given === 'true' || given === '1' || given === 'yes') return true
      if (given === 'false' || given === '0' || given === 'no') return false
      return refuse(where, 'true or false', given)
    },
    show: (value) => value,
  },
  '',
)

/** One of some words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  about: About & { readonly default: NoInfer<Word> },
): Option<Word, Word, ''> {
  const read = (given: unknown, where: string) =>
    words.find((word) => word === given) ?? refuse(where, words.join(', '), given)
  return kind<Word, Word>({ kind: words.join(' or '), placeholder: words.join('|'), read }, '')(about)
}

export const address = kind<AddressOption, Address>(
  {
    kind: 'address',
    placeholder: 'ADDR',
    read: parseAddress,
    show: formatAddress,
    write: (given) => formatAddress(parseAddress(given, 'address')),
  },
  '',
)

/** A list, or text with commas, or a list in JSON, for items that have commas. */
export const addresses = kind<readonly AddressOption[] | string, readonly Address[]>(
  {
    kind: 'addresses',
    placeholder: 'ADDR,…',
    read: (given, where) => {
      const list = typeof given === 'string' ? listed(given) : given
      if (!Array.isArray(list)) return refuse(where, 'addresses separated by commas, or a list', given)
      return list.map((item, i) => parseAddress(item, `${where}[${i}]`))
    },
    show: (value) => joined(value.map(formatAddress)),
    write: (given) =>
      typeof given === 'string'
        ? given
        : joined(given.map((one) => formatAddress(parseAddress(one, 'address')))),
  },
  '',
)

/** A folder or file: text, or a `file:` URL. */
export const path = kind<string | URL, string>({ kind: 'path', placeholder: 'PATH', read: parsePath }, '')

/** Modules to import: a list, or text as of addresses. */
export const modules = kind<string | readonly string[], readonly string[]>(
  {
    kind: 'modules',
    placeholder: 'MODULE,…',
    read: (given, where) => {
      const list = typeof given === 'string' ? listed(given) : given
      if (Array.isArray(list) && list.every(isText)) return list
      return refuse(where, 'modules separated by commas, or a list', given)
    },
    show: joined,
    write: (given) => (typeof given === 'string' ? given : joined(given)),
  },
  '',
)

export const variables = kind<Variables, Readonly<Record<string, string>>>(
  {
    kind: 'variables',
    placeholder: 'NAME,…',
    secret: true,
    read: (given, where) => parseVariables(given, where, process.env),
    show: (value) => Object.keys(value).join(','),
    write: (given) => JSON.stringify(given),
  },
  '',
)

/** When a failed attempt is tried again. */
export const backoff = kind<Backoff | string, Backoff>(
  {
    kind: 'backoff',
    placeholder: 'RULE',
    read: parseBackoff,
    show: (value) => JSON.stringify(value),
    write: (given) => (typeof given === 'object' ? JSON.stringify(given) : String(given)),
  },
  '',
)
