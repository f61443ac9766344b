const MAX_DEPTH = 6
const MAX_ENTRIES = 64
const MAX_TEXT = 4096
/** Of one value with all that is in it: whatever is nested in whatever. */
const MAX_VALUES = 256

/**
 * A copy of any value, in plain data that JSON and MessagePack both take: bounded, without circles, whatever getters
 * and prototypes it had. Reads each property once, and never throws.
 */
export function plain(value: unknown): unknown {
  return copy(value, [], { values: MAX_VALUES })
}

/** JSON of any value. What JSON has no word for is told in text; never throws. */
export function json(value: unknown): string {
  try {
    return JSON.stringify(value, withBigInt) ?? 'null'
  } catch {
    return JSON.stringify(plain(value))
  }
}

/** A property, whose getter may throw. */
export function read(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key)
  } catch {
    return undefined
  }
}

/** The names of an object's own properties that can be listed; none when it will not say. */
export function ownKeys(of: object): string[] {
  try {
    return Object.keys(of)
  } catch {
    return []
  }
}

function withBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function copy(value: unknown, above: readonly object[], left: { values: number }): unknown {
  left.values--
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value
    case 'number':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'bigint':
      return copy(String(value), above, left)
    case 'symbol':
      return String(value)
    case 'function':
      return `[function ${String(read(value, 'name')) || 'without a name'}]`
    case 'object':
      return value === null ? null : copyObject(value, above, left)
  }
}

function copyObject(value: object, above: readonly object[], left: { values: number }): unknown {
  // A proxy may throw at anything.
  try {
    if (above.includes(value)) return '[circular]'
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (value instanceof Uint8Array) return `[${value.length} bytes]`
    if (value instanceof Error) return `${String(read(value, 'name'))}: ${String(read(value, 'message'))}`
    if (above.length >= MAX_DEPTH) return Array.isArray(value) ? '[an array]' : '[an object]'
    const within = [...above, value]
    if (Array.isArray(value)) {
      const items: unknown[] = []
      for (let i = 0; i < value.length && i < MAX_ENTRIES && left.values > 0; i++)
        items.push(copy(item(value, i), within, left))
      if (items.length < value.length) items.push(`[${value.length - items.length} more]`)
      return items
    }
    const keys = ownKeys(value)
    const entries: [string, unknown][] = []
    for (const key of keys) {
      if (entries.length >= MAX_ENTRIES || left.values <= 0) break
      entries.push([key, copy(item(value, key), within, left)])
    }
    if (entries.length < keys.length) entries.push(['…', `[${keys.length - entries.length} more]`])
    // Not by assignment: a key may be `__proto__`.
    return Object.fromEntries(entries)
  } catch {
    return '[unreadable]'
  }
}

function item(from: object, key: string | number): unknown {
  try {
    return Reflect.get(from, key)
  } catch (error) {
    return `[threw ${error instanceof Error ? String(read(error, 'message')) : 'something'}]`
  }
}
