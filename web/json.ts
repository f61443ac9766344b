/**
 * As JSON shows it: times as ISO 8601, big integers as text, bytes in base64. Fields that are undefined are left out.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, given: unknown) {
    const own = this[key]
    if (typeof own === 'bigint') return String(own)
    if (own instanceof Uint8Array)
      return Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('base64')
    return given
  })
}
