import { fileURLToPath } from 'node:url'
import { parseDurationMs, shown } from '../duration.js'
import { parseVariables } from '../env.js'
import { JrError } from '../errors.js'
import { checkBackoff } from '../job/enqueue-options.js'
import { checked, NAME, wholeFrom } from '../rules.js'
import { parseAddress } from '../wire/address.js'
import { envOf, flagOf, type OptionSpec } from './table.js'

/** Where options may come from; the first that has one decides. */
export interface Source {
  /** For messages: `flag`, `environment`, `config file`, … */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  /** How the key is written there. */
  readonly written: (key: string) => string
}

export interface Resolved {
  readonly values: Readonly<Record<string, unknown>>
  /** The name of the source of each value. */
  readonly from: Readonly<Record<string, string>>
}

/** Checks every value and settles each option. Throws JR_BAD_CONFIG with source, key, what was expected and what came. */
export function resolveOptions(table: readonly OptionSpec[], sources: readonly Source[]): Resolved {
  const values: Record<string, unknown> = {}
  const from: Record<string, string> = {}
  for (const source of sources) refuseUnknown(table, source)
  for (const spec of table) {
    for (const source of [...sources, defaults(spec)]) {
      const value = source.values[spec.key]
      if (value === undefined) continue
      values[spec.key] = parse(spec, value, `${source.name} ${source.written(spec.key)}`)
      from[spec.key] = source.name
      break
    }
  }
  return { values, from }
}

export function given(values: object, name = 'option'): Source {
  return { name, values: { ...values }, written: (key) => key }
}

export function environment(table: readonly OptionSpec[], env: NodeJS.ProcessEnv): Source {
  const values: Record<string, string> = {}
  for (const { key } of table) {
    const value = env[envOf(key)]
    if (value !== undefined && value !== '') values[key] = value
  }
  return { name: 'environment', values, written: envOf }
}

/** The name in `known` that is most like `wrong`, when one is. */
export function nearest(wrong: string, known: readonly string[]): string | null {
  const distances = known.map((name) => ({
    name,
    distance: editDistance(wrong.toLowerCase(), name.toLowerCase()),
  }))
  distances.sort((a, b) => a.distance - b.distance)
  const best = distances[0]
  return best !== undefined && best.distance <= Math.max(2, wrong.length / 4) ? best.name : null
}

function defaults(spec: OptionSpec): Source {
  const values = spec.default === undefined ? {} : { [spec.key]: spec.default }
  return { name: 'default', values, written: (key) => key }
}

function refuseUnknown(table: readonly OptionSpec[], source: Source): void {
  const keys = table.map(({ key }) => key)
  for (const key of Object.keys(source.values)) {
    if (keys.includes(key)) continue
    const meant = nearest(key, keys)
    const help = meant === null ? '' : `; did you mean ${source.written(meant)}?`
    throw new JrError('JR_BAD_CONFIG', `${source.name} ${source.written(key)}: no such option${help}`)
  }
}

function parse(spec: OptionSpec, value: unknown, where: string): unknown {
  try {
    return read(spec, value, where)
  } catch (cause) {
    if (cause instanceof TypeError) throw new JrError('JR_BAD_CONFIG', cause.message, { cause })
    throw cause
  }
}

function read(spec: OptionSpec, value: unknown, where: string): unknown {
  switch (spec.type) {
    case 'string':
      return typeof value === 'string' && value !== '' ? value : refuse(where, 'text', value)
    case 'name':
      return checked(NAME, value, where)
    case 'integer':
      return within(spec, typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value, where)
    case 'duration': {
      const numeric = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
      const ms = parseDurationMs(numeric, where)
      return ms < (spec.min ?? 0) ? refuse(where, `at least ${spec.min} ms`, value) : ms
    }
    case 'size':
      return within(spec, parseSize(value, where), where)
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === '1' || value === 'yes') return true
      if (value === 'false' || value === '0' || value === 'no') return false
      return refuse(where, 'true or false', value)
    case 'enum':
      if (typeof value === 'string' && spec.values?.includes(value)) return value
      return refuse(where, (spec.values ?? []).join(', '), value)
    case 'address':
      return parseAddress(value, where)
    case 'addresses': {
      const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
      if (!Array.isArray(list)) return refuse(where, 'addresses separated by commas, or a list', value)
      return list.map((item, i) => parseAddress(item, `${where}[${i}]`))
    }
    case 'path':
      return parsePath(value, where)
    case 'modules':
      return parseModules(value, where)
    case 'variables':
      return parseVariables(value, where, process.env)
    case 'backoff':
      return parseBackoff(value, where)
  }
}

const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
}

function parseSize(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) : null
  const unit = match === null ? undefined : SIZES[(match[2] || 'b').toLowerCase()]
  if (match === null || unit === undefined) return refuse(where, "bytes, or a size such as '64MiB'", value)
  return Math.floor(Number(match[1]) * unit)
}

function parsePath(value: unknown, where: string): string {
  const url = value instanceof URL || (typeof value === 'string' && value.startsWith('file:'))
  if (!url)
    return typeof value === 'string' && value !== '' ? value : refuse(where, 'a path or a file: URL', value)
  try {
    return fileURLToPath(value)
  } catch {
    return refuse(where, 'a path or a file: URL', String(value))
  }
}

function parseModules(value: unknown, where: string): readonly string[] {
  const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
  if (Array.isArray(list) && list.every((name) => typeof name === 'string' && name !== '')) return list
  return refuse(where, 'modules separated by commas, or a list', value)
}

function parseBackoff(value: unknown, where: string): unknown {
  if (typeof value !== 'string') return checkBackoff(value, where)
  const [type, delay, max, ...rest] = value.split(':')
  if (delay === undefined) return checkBackoff(Number(type), where)
  const most = max === undefined ? {} : { max: Number(max) }
  if (rest.length > 0)
    return refuse(where, 'linear:DELAY[:MAX] or exponential:DELAY[:MAX], in seconds', value)
  return checkBackoff({ type, delay: Number(delay), ...most }, where)
}

function within({ min = 0, max }: OptionSpec, value: unknown, where: string): number {
  if (max !== undefined) return checked(wholeFrom(min, max), value, where)
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value
  return refuse(where, `a whole number, ${min} or more`, value)
}

function refuse(where: string, expected: string, value: unknown): never {
  throw new TypeError(`${where}: expected ${expected}, got ${shown(value)}`)
}

export function asFlag(key: string): string {
  return `--${flagOf(key)}`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
