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

/** A time as it is from now: `3 min ago`, `in 2 h`. */
export function fromNow(time: string, now: number): string {
  const ms = Date.parse(time) - now
  if (Number.isNaN(ms)) return ''
  if (Math.abs(ms) < 1000) return 'now'
  return ms < 0 ? `${duration(-ms)} ago` : `in ${duration(ms)}`
}

const WHOLE = new Intl.NumberFormat('en-GB')

export function count(value: number): string {
  return WHOLE.format(value)
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

/** Jobs a second, of so many in so many milliseconds. */
export function rate(many: number, ms: number): string {
  const perSecond = (many * 1000) / ms
  if (perSecond === 0) return '0/s'
  return perSecond >= 0.95
    ? `${count(Math.round(perSecond))}/s`
    : `${Number((perSecond * 60).toPrecision(2))}/min`
}

/** What a schedule runs by, in words. */
export function when(of: Readonly<Record<string, unknown>>): string {
  const { cron, timezone, every } = of
  if (typeof cron === 'string') return `${cron}${typeof timezone === 'string' ? ` (${timezone})` : ' (UTC)'}`
  return `every ${String(every)}`
}

/** Limits of a name, in words. */
export function limits(of: Readonly<Record<string, unknown>>): string {
  const rateText = (value: unknown) => {
    const { limit, per } = value as { limit: number; per: string }
    return `${limit} per ${per}`
  }
  const parts: string[] = []
  if (of.concurrency !== undefined) parts.push(`${of.concurrency} at once`)
  if (of.rate !== undefined) parts.push(rateText(of.rate))
  if (of.groupConcurrency !== undefined) parts.push(`${of.groupConcurrency} at once for each group`)
  if (of.groupRate !== undefined) parts.push(`${rateText(of.groupRate)} for each group`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

export function json(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? 'undefined'
}
