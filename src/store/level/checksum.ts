const START = 0x2545f491
const MIX = 0x9e3779b1
const END = 0x85ebca6b

/**
 * Of a row and its key, 32 bits, so that a row can't stand in the place of another one. Each step can be undone, so a
 * change within four bytes that stand together is always seen. Rows are short: a call out of JavaScript would take longer
 * than all of this.
 */
export function checksum(key: string, row: Buffer, length: number): number {
  let sum = START ^ length
  for (let i = 0; i < key.length; i++) sum = mixed(sum, key.charCodeAt(i))
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const word =
      (row[at] as number) |
      ((row[at + 1] as number) << 8) |
      ((row[at + 2] as number) << 16) |
      ((row[at + 3] as number) << 24)
    sum = mixed(sum, word)
  }
  for (; at < length; at++) sum = mixed(sum, row[at] as number)
  sum = Math.imul(sum ^ (sum >>> 16), END)
  return (sum ^ (sum >>> 13)) >>> 0
}

function mixed(sum: number, word: number): number {
  const next = Math.imul(sum ^ word, MIX)
  return (next << 13) | (next >>> 19)
}
