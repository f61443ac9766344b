import type { JobNameFacts, SetBy } from '../distributor/index.js'
import type { GivenLimits, GivenRate } from '../src/job/limits.js'

/** `by shop since 2026-11-30T12:00:00.000Z`. */
export function setWords({ by, since }: SetBy): string {
  return `by ${by} since ${since.toISOString()}`
}

/** The limits of a name as they hold, and where they come from. */
export function limitWords({ limits, limitsSet }: Pick<JobNameFacts, 'limits' | 'limitsSet'>): string {
  const words = wordsOf(limits)
  if (limitsSet === null) return words
  return `${words === '' ? 'none' : words} (set ${setWords(limitsSet)})`
}

function wordsOf({ concurrency, rate, groupConcurrency, groupRate }: GivenLimits): string {
  const parts: [what: string, value: string | number | undefined][] = [
    ['concurrency', concurrency],
    ['rate', rateOf(rate)],
    ['group-concurrency', groupConcurrency],
    ['group-rate', rateOf(groupRate)],
  ]
  return parts.flatMap(([what, value]) => (value === undefined ? [] : [`${what} ${value}`])).join(', ')
}

/** As the command line takes it: `100/1m`. */
function rateOf(rate: GivenRate | undefined): string | undefined {
  return rate === undefined ? undefined : `${rate.limit}/${rate.per}`
}
