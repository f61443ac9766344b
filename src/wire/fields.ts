import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { JrError } from '../errors.js'
import { MAX_NAME, NAME, received, wholeFrom } from '../rules.js'

/** Checks of what was read: each answers the value, or throws JR_PROTOCOL. */
export function text(value: unknown, name: string, longest = MAX_NAME): string {
  if (typeof value === 'string' && value.length <= longest) return value
  return refuse(name, `text of at most ${longest}`)
}

/** A name or an id. */
export function label(value: unknown, name: string): string {
  return received(NAME, value, name)
}

export function whole(value: unknown, name: string, most = Number.MAX_SAFE_INTEGER): number {
  return received(wholeFrom(0, most), value, name)
}

/** One of a list, written as its place there. */
export function choice<T>(index: number, choices: readonly T[], name: string): T {
  return choices[index] ?? refuse(name, `0 to ${choices.length - 1}`)
}

/** A list: how many, then each. */
export function writeList<T>(
  w: ByteWriter,
  items: readonly T[],
  each: (w: ByteWriter, item: T) => void,
): void {
  w.uint(items.length)
  for (const item of items) each(w, item)
}

export function readList<T>(r: ByteReader, name: string, most: number, each: (r: ByteReader) => T): T[] {
  const length = r.uint()
  // Each takes a byte at least.
  if (length > most || length > r.left) refuse(name, `at most ${most}, and no more than there are bytes`)
  return Array.from({ length }, () => each(r))
}

export function refuse(name: string, expected: string): never {
  throw new JrError('JR_PROTOCOL', `field '${name}' of a message: expected ${expected}`)
}
