import { duration } from '../../src/words.js'

export { bytes, duration } from '../../src/words.js'

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
