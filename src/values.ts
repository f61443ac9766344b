import { pack } from './codec.js'

const MAX_DEPTH = 60

/**
 * Packs the args of a job, or what it made of them. Throws a TypeError with the path of the first value that cannot
 * be sent (`args.user.save is a function`). What can be: null, booleans, numbers, strings, BigInt, Date, Buffer and
 * Uint8Array, arrays and plain objects of these; undefined counts as absent.
 */
export function packArgs(args: unknown, path = 'args'): Buffer {
  if (!isPlainObject(args)) throw new TypeError(`${path}: expected a plain object, got ${kindOf(args)}`)
  checkEntries(args, path, 0)
  return pack(args)
}

/** Throws a TypeError with the path of the first value below `value` that cannot be sent. */
export function checkValue(value: unknown, path: string, depth = 0): void {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return
    case 'bigint':
      if (value > MAX_BIGINT || value < -MAX_BIGINT)
        throw new TypeError(`${path} is an integer of over 8,000 bits`)
      return
    case 'object':
      if (value === null || value instanceof Date || value instanceof Uint8Array) return
      if (depth > MAX_DEPTH) {
        throw new TypeError(
          `${path.slice(0, 120)}… is nested more than ${MAX_DEPTH} deep, or refers to itself`,
        )
      }
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) checkValue(value[i], `${path}[${i}]`, depth + 1)
        return
      }
      if (isPlainObject(value)) return checkEntries(value, path, depth)
  }
  throw new TypeError(`${path} is ${kindOf(value)}, which cannot be sent`)
}

const MAX_BIGINT = 2n ** 8000n

function checkEntries(value: Record<string, unknown>, path: string, depth: number): void {
  for (const key in value) {
    if (key === '__proto__') throw new TypeError(`${path} has a key '__proto__', which cannot be sent`)
    const entry = value[key]
    const type = typeof entry
    // The common cases, without building a path.
    if (type === 'string' || type === 'number' || type === 'boolean' || entry === null) continue
    checkValue(entry, `${path}.${key}`, depth + 1)
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return `an instance of ${value.constructor?.name || 'a class'}`
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
}
