/**
 * As JSON shows it to people and programs: times as ISO 8601, big integers as their digits, bytes in base64. `indent`: on several lines.
 */
export function toJson(value: unknown, indent?: number): string {
  const plain = function (this: Record<string, unknown>, key: string, given: unknown): unknown {
    const own = this[key]
    if (typeof own === 'bigint') return String(own)
    return own instanceof Uint8Array
      ? Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('base64')
      : given
  }
  return JSON.stringify(value, plain, indent)
}
