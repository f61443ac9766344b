const SLOTS = 256
/** Longer blocks are rare, and rarely the same. */
const LONGEST = 256

/** The same terms come again and again: one value for all of them, found by its bytes. A cache, and nothing else. */
export class KeptBlocks<Value extends { readonly bytes: Buffer }> {
  readonly #slots: (Value | undefined)[] = new Array(SLOTS)

  find(bytes: Buffer, from: number, end: number): Value | undefined {
    if (end - from > LONGEST) return undefined
    const kept = this.#slots[slotOf(bytes, from, end)]
    if (kept === undefined || kept.bytes.length !== end - from) return undefined
    for (let i = from; i < end; i++) if (kept.bytes[i - from] !== bytes[i]) return undefined
    return kept
  }

  /** Answers it. */
  keep(value: Value): Value {
    const { bytes } = value
    if (bytes.length <= LONGEST) this.#slots[slotOf(bytes, 0, bytes.length)] = value
    return value
  }
}

function slotOf(bytes: Buffer, from: number, end: number): number {
  let hash = end - from
  for (let i = from; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
  return (hash >>> 0) % SLOTS
}
