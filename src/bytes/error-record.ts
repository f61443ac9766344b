import { MAX_MESSAGE, messageOf } from '../thrown.js'
import { pack, unpackChecked } from './codec.js'
import { json, ownKeys, plain, read } from './plain.js'

const MAX_STACK = 8192
const MAX_CAUSES = 8
/** Of an AggregateError; and of one with all that is nested in it. */
const MAX_ERRORS = 16
const MAX_FIELDS = 32
const MAX_FIELDS_BYTES = 16 * 1024

/** What an error's code may be: what it was where it was thrown. */
export type ErrorCode = string | number | bigint | boolean

interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly stack: string
  readonly code: ErrorCode
  readonly cause: ErrorRecord | null
  /** Of an AggregateError; null for any other. */
  readonly errors: readonly ErrorRecord[] | null
  /** What else it carried, in plain data. */
  readonly fields: Readonly<Record<string, unknown>> | null
}

/** Not among the fields: these have places of their own, or would harm who reads them. */
const NO_FIELDS = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors', '__proto__'])

/**
 * An error as bytes, with its own fields, its causes, and the errors of an AggregateError, all within bounds. Takes
 * whatever was thrown, and never throws itself. `code`: the code of one that has none.
 */
export function packError(error: unknown, code: ErrorCode = ''): Buffer {
  const record = recordOf(error, 0, { errors: MAX_ERRORS })
  return pack(record.code === '' ? { ...record, code } : record)
}

/**
 * The error again, as an Error with its name, message, stack, code, cause, errors and own fields. Throws JR_PROTOCOL for
 * other bytes.
 */
export function unpackError(bytes: Uint8Array): Error & { code: ErrorCode } {
  return errorOf(unpackChecked(bytes), 0)
}

/** The code of whatever was thrown, when it has one. */
export function codeOf(error: unknown): ErrorCode {
  return typeof error === 'object' && error !== null ? code(read(error, 'code')) : ''
}

function recordOf(error: unknown, depth: number, left: { errors: number }): ErrorRecord {
  if (typeof error !== 'object' || error === null) {
    const message = messageOf(error)
    return { name: 'Error', message, stack: '', code: '', cause: null, errors: null, fields: null }
  }
  const cause = depth < MAX_CAUSES ? read(error, 'cause') : undefined
  return {
    name: text(read(error, 'name'), 256) || 'Error',
    message: messageOf(error),
    stack: text(read(error, 'stack'), MAX_STACK),
    code: codeOf(error),
    cause: cause === undefined || cause === null ? null : recordOf(cause, depth + 1, left),
    errors: errorsOf(error, depth, left),
    fields: fieldsOf(error),
  }
}

function errorsOf(error: object, depth: number, left: { errors: number }): ErrorRecord[] | null {
  const all = depth < MAX_CAUSES ? read(error, 'errors') : undefined
  if (!(error instanceof AggregateError) || !Array.isArray(all)) return null
  const records: ErrorRecord[] = []
  for (const one of all) {
    if (left.errors-- <= 0) break
    records.push(recordOf(one, depth + 1, left))
  }
  return records
}

/** Own properties that a person would see if the error were printed. */
function fieldsOf(error: object): Record<string, unknown> | null {
  const fields: [string, unknown][] = []
  let bytes = 0
  // A list of its own, such as a validator's, is a field like any other.
  const aggregate = error instanceof AggregateError
  for (const key of ownKeys(error)) {
    if (fields.length >= MAX_FIELDS) break
    if (NO_FIELDS.has(key) && (key !== 'errors' || aggregate)) continue
    const value = read(error, key)
    if (value === undefined || typeof value === 'function') continue
    const field = plain(value)
    bytes += key.length + json(field).length
    if (bytes > MAX_FIELDS_BYTES) break
    fields.push([key, field])
  }
  return fields.length === 0 ? null : Object.fromEntries(fields)
}

function text(value: unknown, longest: number): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.slice(0, longest) : ''
}

function code(value: unknown): ErrorCode {
  if (typeof value === 'string') return value.slice(0, 256)
  if (typeof value === 'bigint')
    return BigInt.asIntN(64, value) === value ? value : String(value).slice(0, 256)
  return typeof value === 'number' || typeof value === 'boolean' ? value : ''
}

function errorOf(value: unknown, depth: number): Error & { code: ErrorCode } {
  const record = objectOf(value)
  const { cause, errors } = record
  const nested = typeof cause === 'object' && cause !== null && depth < MAX_CAUSES
  const options = nested ? { cause: errorOf(cause, depth + 1) } : {}
  const message = text(record.message, MAX_MESSAGE)
  const error =
    Array.isArray(errors) && depth < MAX_CAUSES
      ? new AggregateError(
          errors.slice(0, MAX_ERRORS).map((one) => errorOf(one, depth + 1)),
          message,
          options,
        )
      : new Error(message, options)
  for (const [key, field] of Object.entries(objectOf(record.fields))) {
    if (key === 'errors' ? Array.isArray(errors) : NO_FIELDS.has(key)) continue
    Object.defineProperty(error, key, { value: field, configurable: true, enumerable: true, writable: true })
  }
  const stack = text(record.stack, MAX_STACK)
  const hidden = (value: string) => ({ value, configurable: true, enumerable: false, writable: true })
  Object.defineProperty(error, 'name', hidden(text(record.name, 256) || 'Error'))
  if (stack !== '') Object.defineProperty(error, 'stack', hidden(stack))
  return Object.assign(error, { code: code(record.code) })
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
