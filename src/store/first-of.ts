/** The first of these: up to so many, and until they have about so many bytes. */
export function firstOf<T>(
  all: readonly T[],
  limit: number,
  maxBytes: number,
  bytesOf: (one: T) => number,
): T[] {
  let count = 0
  for (let bytes = 0; count < all.length && count < limit && bytes < maxBytes; count++) {
    bytes += bytesOf(all[count] as T)
  }
  return all.slice(0, count)
}
