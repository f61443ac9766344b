/** Bits of information in a byte, after Shannon: 0 when all are the same, 8 when nothing can be foreseen. */
export function entropyOf(bytes: Buffer): number {
  const counts = new Float64Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  let bits = 0
  for (const count of counts) if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length)
  return bits
}
