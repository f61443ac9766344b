const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** A thousand years. The latest time that is computed from it is one that a Date has, and that stores can order. */
export const LONGEST_MS = 1000 * 365 * 86_400_000

/**
 * Milliseconds of a duration: a number is seconds, text has a unit (`'250ms'`, `'20s'`, `'1.5h'`, `'2d'`). Rounds up
 * to whole milliseconds. Throws a TypeError that names `path`.
 */
export function parseDurationMs(value: unknown, path: string): number {
  const ms =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' ? fromText(value) : Number.NaN
  if (ms >= 0 && ms <= LONGEST_MS) return Math.max(0, Math.ceil(ms - 1e-6))
  throw new TypeError(
    `${path}: expected seconds or a duration such as '20s' or '5m', from 0 to 365000 days, got ${shown(value)}`,
  )
}

export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

/** A value as it may stand in an error message: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

function fromText(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text.trim())
  if (match === null) return Number.NaN
  return Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1)
}
