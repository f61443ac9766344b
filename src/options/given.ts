import { fileURLToPath } from 'node:url'
import type { Backoff } from '../job/retry-policy.js'
import { checkBackoff } from '../job/terms/backoff.js'
import { checked, wholeFrom } from '../rules.js'
import { shown } from './duration.js'

/** What a number may be. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
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

export function parseSize(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) : null
  const unit = match === null ? undefined : SIZES[(match[2] || 'b').toLowerCase()]
  if (match === null || unit === undefined) return refuse(where, "bytes, or a size such as '64MiB'", value)
  return Math.floor(Number(match[1]) * unit)
}

export function parsePath(value: unknown, where: string): string {
  const isUrl = value instanceof URL || (typeof value === 'string' && value.startsWith('file:'))
  if (!isUrl) return isText(value) ? value : refuse(where, 'a path or a file: URL', value)
  try {
    return fileURLToPath(value)
  } catch {
    return refuse(where, 'a path or a file: URL', String(value))
  }
}

export function parseBackoff(value: unknown, where: string): Backoff {
  if (typeof value !== 'string') return checkBackoff(value, where)
  const forms = 'seconds, linear:DELAY[:MAX] or exponential:DELAY[:MAX]'
  if (value.startsWith('{')) {
    return checkBackoff(parsedJson(value) ?? refuse(where, `${forms}, or an object in JSON`, value), where)
  }
  const [type, delay, max, ...rest] = value.split(':')
  if (delay === undefined) return checkBackoff(Number(type), where)
  const most = max === undefined ? {} : { max: Number(max) }
  if (rest.length > 0) return refuse(where, `${forms}, in seconds`, value)
  return checkBackoff({ type, delay: Number(delay), ...most }, where)
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function within({ min = 0, max }: Bounds, value: unknown, where: string): number {
  if (max !== undefined) return checked(wholeFrom(min, max), value, where)
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value
  return refuse(where, `a whole number, ${min} or more`, value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function listed(text: string): unknown {
  return text.startsWith('["') ? parsedJson(text) : text.split(',').map((part) => part.trim())
}

/** As `listed` reads it again. */
export function joined(items: readonly string[]): string {
  return items.some((item) => item.includes(',') || item !== item.trim())
    ? JSON.stringify(items)
    : items.join()
}

export function refuse(where: string, expected: string, value: unknown): never {
  throw new TypeError(`${where}: expected ${expected}, got ${shown(value)}`)
}
