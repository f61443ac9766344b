import { JrError } from '../errors.js'
import { envOf, type Option, type Settled, type Table } from './option.js'

/** Where options may come from; the first that has one decides. */
export interface Source {
  /** For messages: `flag`, `environment`, `config file`, … */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  /** How the key is written there. */
  readonly written: (key: string) => string
}

export interface Resolved<T extends Table> {
  readonly values: Settled<T>
  /** The name of the source of each option that has a value. */
  readonly from: Readonly<Record<string, string>>
}

/**
 * Checks every value and settles each option of `table`; the sources may hold others of `known`. Throws JR_BAD_CONFIG with
 * source, key, what was expected and what came.
 */
export function resolveOptions<T extends Table>(
  table: T,
  sources: readonly Source[],
  known: Table = table,
): Resolved<T> {
  const values: Record<string, unknown> = {}
  const from: Record<string, string> = {}
  for (const source of sources) refuseUnknown(known, source)
  for (const [key, option] of Object.entries(table)) {
    const source = [...sources, defaults(key, option)].find((one) => one.values[key] !== undefined)
    if (source === undefined) continue
    values[settledKey(key, option)] = read(
      option,
      source.values[key],
      `${source.name} ${source.written(key)}`,
    )
    from[key] = source.name
  }
  return { values: values as Settled<T>, from }
}

/** Under which key the value of an option is found: see `Option.unit`. */
export function settledKey(key: string, option: Option): string {
  return `${key}${option.unit}`
}

export function given(values: object, name = 'option'): Source {
  return { name, values: { ...values }, written: (key) => key }
}

export function environment(table: Table, env: NodeJS.ProcessEnv): Source {
  const values: Record<string, string> = {}
  for (const key of Object.keys(table)) {
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

function defaults(key: string, option: Option): Source {
  return { name: 'default', values: { [key]: option.default }, written: () => key }
}

function refuseUnknown(table: Table, source: Source): void {
  for (const key of Object.keys(source.values)) {
    if (Object.hasOwn(table, key)) continue
    const meant = nearest(key, Object.keys(table))
    const help = meant === null ? '' : `; did you mean ${source.written(meant)}?`
    throw new JrError('JR_BAD_CONFIG', `${source.name} ${source.written(key)}: no such option${help}`)
  }
}

function read(option: Option, value: unknown, where: string): unknown {
  try {
    return option.read(value, where)
  } catch (cause) {
    if (cause instanceof TypeError) throw new JrError('JR_BAD_CONFIG', cause.message, { cause })
    throw cause
  }
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
