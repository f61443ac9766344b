/** Longer texts are not kept. */
const SHORT = 64
const SLOTS = 256

/** Names come again with every job: one string for all of them, found by its bytes. */
export class TextTable {
  readonly #entries: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = new Array(SLOTS)

  find(bytes: Buffer, from: number, end: number): string {
    const length = end - from
    if (length === 0) return ''
    if (length > SHORT) return bytes.toString('utf8', from, end)
    const first = bytes[from] as number
    const last = bytes[end - 1] as number
    const slot = (length * 7 + first * 31 + last * 127) % SLOTS
    const entry = this.#entries[slot]
    if (entry !== undefined && entry.bytes.length === length) {
      const known = entry.bytes
      let i = 0
      while (i < length && known[i] === bytes[from + i]) i++
      if (i === length) return entry.text
    }
    const text = bytes.toString('utf8', from, end)
    this.#entries[slot] = { bytes: Buffer.from(bytes.subarray(from, end)), text }
    return text
  }
}
