/** Each with the next finer one: what rounds to a whole one is said in it, so never `60 s` or `1000 ms`. */
const UNITS: readonly (readonly [length: number, name: string, finer: number])[] = [
  [86_400_000, 'd', 3_600_000],
  [3_600_000, 'h', 60_000],
  [60_000, 'min', 1000],
  [1000, 's', 1],
]

/** A length of time in a word or two: `3 min`, `1.2 s`, `80 ms`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms)
  for (const [unit, name, finer] of UNITS) {
    if (Math.round(length / finer) * finer < unit) continue
    const many = length / unit
    return `${many < 10 ? Number(many.toFixed(1)) : Math.round(many)} ${name}`
  }
  return `${length < 10 ? Number(length.toFixed(1)) : Math.round(length)} ms`
}

/** Such as `12.3 MiB`. */
export function bytes(value: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = value
  let at = 0
  while (Math.round(size) >= 1024 && at < names.length - 1) {
    size /= 1024
    at++
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : Number(size.toFixed(1))} ${names[at]}`
}
