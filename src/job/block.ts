import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import { JrError } from '../errors.js'

/** One sort of value that a block may hold. */
export interface Entry<Value> {
  /** Says in a block which value follows. For good: never used for another one. */
  readonly no: number
  write(w: ByteWriter, value: Value): void
  /** `name`: for the error when it is none that it may be (JR_PROTOCOL). */
  read(r: ByteReader, name: string): Value
}

/** An entry under the name that its table has it by. */
export interface Named<E extends Entry<unknown>> {
  readonly name: string
  readonly entry: E
}

/** The entries of a table, each at its number. Throws a TypeError when two have the same. */
export function byNumber<E extends Entry<unknown>>(
  table: Readonly<Record<string, E>>,
): readonly (Named<E> | undefined)[] {
  const entries: (Named<E> | undefined)[] = []
  for (const [name, entry] of Object.entries(table)) {
    const { no } = entry
    if (no < 1 || entries[no] !== undefined) throw new TypeError(`${name}: the number ${no} is taken`)
    entries[no] = { name, entry }
  }
  return entries
}

/**
 * Reads a block: numbers going up, each with its value. Ends at a number that is not known: what a later version has added
 * comes last. Answers the last number.
 */
export function readBlock(
  r: ByteReader,
  known: readonly (Named<Entry<unknown>> | undefined)[],
  into: Record<string, unknown>,
): number {
  let last = 0
  while (r.left > 0) {
    const no = r.uint()
    if (no <= last) throw new JrError('JR_PROTOCOL', `not what was expected: number ${no} after ${last}`)
    last = no
    const found = known[no]
    if (found === undefined) break
    into[found.name] = found.entry.read(r, found.name)
  }
  return last
}
