import { json, plain, read } from './bytes/plain.js'

export const MAX_MESSAGE = 4096
const MAX_THROWN = 300

/** The message of whatever was thrown, for a log line, a record, or the text of another error. Never throws. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return thrown(error)
  const message = read(error, 'message')
  if (typeof message === 'string') return message.slice(0, MAX_MESSAGE)
  return `an object was thrown: ${short(json(plain(error)))}`
}

function thrown(value: unknown): string {
  if (typeof value === 'symbol') return `a symbol was thrown: ${short(String(value))}`
  if (typeof value === 'function') return `a function was thrown: ${short(String(read(value, 'name')))}`
  return String(value).slice(0, MAX_MESSAGE)
}

function short(value: string): string {
  return value.length > MAX_THROWN ? `${value.slice(0, MAX_THROWN)}…` : value
}
