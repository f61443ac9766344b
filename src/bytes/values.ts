import { JrError } from '../errors.js'
import { MAX_DEPTH, MAX_VALUES } from '../rules.js'
import { messageOf } from '../thrown.js'
import { pack } from './codec.js'

/** What is beside the args: a feedback, or a log line, may put them a little deeper. */
const DEEPEST = MAX_DEPTH - 4
const MAX_BIGINT = 2n ** 8000n

/** Values met so far in what is being checked, keys among them, as the reader counts them. */
let met = 0

/**
 * Packs the args of a job, or what it made of them. Throws a TypeError with the path of the first value that cannot
 * be sent (`args.user.save is a function`). What can be: null, booleans, numbers, strings, BigInt, Date, Buffer and
 * Uint8Array, arrays and plain objects of these; undefined counts as absent.
 */
export function packArgs(args: unknown, path = 'args'): Buffer {
  if (!isPlainObject(args)) throw new TypeError(`${path}: expected a plain object, got ${kindOf(args)}`)
  met = 1
  checkEntries(args, path, 0)
  return pack(args)
}

/**
 * Packs any value that can be sent, which is called `path`. Throws JR_VALUE_NOT_SERIALIZABLE with the path of the first part that cannot
 * be, and JR_VALUE_TOO_LARGE beyond `most` bytes.
 */
export function packValue(value: unknown, path: string, most: number): Buffer {
  met = 0
  try {
    check(value, path, 0)
  } catch (cause) {
    throw new JrError('JR_VALUE_NOT_SERIALIZABLE', messageOf(cause), { cause })
  }
  const packed = pack(value)
  if (packed.length <= most) return packed
  throw new JrError('JR_VALUE_TOO_LARGE', `${path} takes ${packed.length} bytes; ${most} are allowed`)
}

function check(value: unknown, path: string, depth: number): void {
  if (++met > MAX_VALUES) tooMany(path)
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return
    case 'string':
      return checkText(value, path)
    case 'bigint':
      if (value > MAX_BIGINT || value < -MAX_BIGINT)
        throw new TypeError(`${path} is an integer of over 8,000 bits`)
      return
    case 'object':
      if (value === null || value instanceof Uint8Array) return
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw new TypeError(`${path} is an invalid Date`)
        return
      }
      if (depth > DEEPEST) {
        throw new TypeError(`${path.slice(0, 120)}… is nested more than ${DEEPEST} deep, or refers to itself`)
      }
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) checkItem(value[i], path, i, depth)
        return
      }
      if (isPlainObject(value)) return checkEntries(value, path, depth)
  }
  throw new TypeError(`${path} is ${kindOf(value)}, which cannot be sent`)
}

/** The path is made only where it may be wanted: a long list of numbers costs none. */
function checkItem(item: unknown, path: string, i: number, depth: number): void {
  if (typeof item === 'number') {
    if (++met > MAX_VALUES) tooMany(path)
  } else check(item, `${path}[${i}]`, depth + 1)
}

function checkEntries(value: Record<string, unknown>, path: string, depth: number): void {
  for (const key in value) {
    if (key === '__proto__') throw new TypeError(`${path} has a key '__proto__', which cannot be sent`)
    if (!key.isWellFormed()) throw new TypeError(`${path} has a key with half of a surrogate pair`)
    const entry = value[key]
    const type = typeof entry
    met += 1
    // The common cases, without building a path.
    if (type === 'number' || type === 'boolean' || entry === null) met++
    else if (type === 'string' && (entry as string).isWellFormed()) met++
    else check(entry, `${path}.${key}`, depth + 1)
  }
  if (met > MAX_VALUES) tooMany(path)
}

function checkText(value: string, path: string): void {
  if (value.isWellFormed()) return
  throw new TypeError(
    `${path} has half of a surrogate pair, which cannot be sent: it would arrive as another text`,
  )
}

function tooMany(path: string): never {
  const most = MAX_VALUES.toLocaleString('en')
  throw new TypeError(
    `${path.slice(0, 120)}: expected at most ${most} values, got more; send a Buffer or a file's name`,
  )
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
