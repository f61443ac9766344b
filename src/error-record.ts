import { pack, unpackChecked } from './codec.js'

const MAX_MESSAGE = 4096
const MAX_STACK = 8192
const MAX_CAUSES = 8

interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly stack: string
  readonly code: string
  readonly cause: ErrorRecord | null
}

/** An error as bytes. Takes whatever was thrown, and never throws itself. */
export function packError(error: unknown): Buffer {
  return pack(recordOf(error, 0))
}

/** The error again, as an Error with its name, message, stack, code and cause. Throws JR_PROTOCOL for other bytes. */
export function unpackError(bytes: Uint8Array): Error & { code: string } {
  return errorOf(unpackChecked(bytes), 0)
}

/** The message of whatever was thrown, for a log line or a record. */
export function messageOf(error: unknown): string {
  return recordOf(error, MAX_CAUSES).message
}

function recordOf(error: unknown, depth: number): ErrorRecord {
  if (typeof error !== 'object' || error === null) {
    const message = typeof error === 'symbol' || typeof error === 'function' ? typeof error : String(error)
    return { name: 'Error', message: message.slice(0, MAX_MESSAGE), stack: '', code: '', cause: null }
  }
  const cause = depth < MAX_CAUSES ? read(error, 'cause') : undefined
  return {
    name: text(read(error, 'name'), 256) || 'Error',
    message: text(read(error, 'message'), MAX_MESSAGE),
    stack: text(read(error, 'stack'), MAX_STACK),
    code: text(read(error, 'code'), 256),
    cause: cause === undefined || cause === null ? null : recordOf(cause, depth + 1),
  }
}

/** A property that may be a getter that throws. */
function read(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key)
  } catch {
    return undefined
  }
}

function text(value: unknown, longest: number): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.slice(0, longest) : ''
}

function errorOf(value: unknown, depth: number): Error & { code: string } {
  const record: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {}
  const cause = record.cause
  const nested = typeof cause === 'object' && cause !== null && depth < MAX_CAUSES
  const error = new Error(
    text(record.message, MAX_MESSAGE),
    nested ? { cause: errorOf(cause, depth + 1) } : {},
  )
  const stack = text(record.stack, MAX_STACK)
  const hidden = (value: string) => ({ value, configurable: true, enumerable: false, writable: true })
  Object.defineProperty(error, 'name', hidden(text(record.name, 256) || 'Error'))
  if (stack !== '') Object.defineProperty(error, 'stack', hidden(stack))
  return Object.assign(error, { code: text(record.code, 256) })
}
