import type { ByteReader } from '../../bytes/byte-reader.js'
import type { ByteWriter } from '../../bytes/byte-writer.js'
import { shown } from '../../options/duration.js'
import { checked, HEADER_NAME, HEADER_VALUE, HEADERS, received } from '../../rules.js'

/** What goes with a job beside its args, such as what a trace is found by: text under a name. Frozen. */
export type JobHeaders = Readonly<Record<string, string>>

export const NO_HEADERS: JobHeaders = Object.freeze({})

/** Throws a TypeError that names `path`, or the header below it. */
export function checkHeaders(given: unknown, path: string): JobHeaders {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`${path}: expected an object of texts, got ${shown(given)}`)
  const entries = Object.entries(given)
  for (const [name, value] of entries) {
    checked(HEADER_NAME, name, `${path}: a name`)
    checked(HEADER_VALUE, value, `${path}.${name}`)
  }
  return checked(HEADERS, Object.freeze(Object.fromEntries(entries)), path)
}

/** The options of a job that a job with these headers makes: it has them too, but for those that it has of its own. */
export function inherit<Options extends { readonly headers?: JobHeaders }>(
  headers: JobHeaders,
  options: Options,
): Options {
  if (headers === NO_HEADERS || typeof options !== 'object') return options
  const own = options?.headers
  return { ...options, headers: own === undefined ? headers : { ...headers, ...checkHeaders(own, PATH) } }
}

const PATH = 'opts.headers'

export function writeHeaders(w: ByteWriter, headers: JobHeaders): void {
  const entries = Object.entries(headers)
  w.uint(entries.length)
  for (const [name, value] of entries) {
    w.text(name)
    w.text(value)
  }
}

/** Throws JR_PROTOCOL. */
export function readHeaders(r: ByteReader, field: string): JobHeaders {
  // Each takes two bytes at least.
  const length = Math.min(r.uint(), r.left + 1)
  const entries = Array.from({ length }, () => [
    received(HEADER_NAME, r.text(), field),
    received(HEADER_VALUE, r.text(), field),
  ])
  return received(HEADERS, Object.freeze(Object.fromEntries(entries)), field)
}
