/**
 * How long to wait before the next attempt. A number is a fixed wait in seconds. `linear`: attempt × delay.
 * `exponential`: delay × 2^(attempt − 1), at most `max`, with full jitter unless `jitter` is false.
 * Seconds everywhere.
 */
export type Backoff =
  | number
  | { readonly type: 'fixed'; readonly delay: number }
  | { readonly type: 'linear'; readonly delay: number; readonly max?: number }
  | { readonly type: 'exponential'; readonly delay: number; readonly max?: number; readonly jitter?: boolean }

export interface RetryDecision {
  readonly retry: boolean
  /** Milliseconds from now until the next attempt; 0 when there is none. */
  readonly delayMs: number
}

const GIVE_UP: RetryDecision = { retry: false, delayMs: 0 }
const LONGEST_MS = 365 * 24 * 3600 * 1000
/** Beyond any wait; more would be Infinity, and that times 0 is no number. */
const MOST_DOUBLINGS = 64

/**
 * Decides after a failed attempt. `attempt` counts from 1; `override` is a wait in milliseconds that the job's own
 * back-off function returned, `random` a number in [0, 1).
 */
export function judge(
  attempt: number,
  maxAttempts: number,
  backoff: Backoff,
  override: number | null,
  random: () => number,
): RetryDecision {
  if (attempt >= maxAttempts) return GIVE_UP
  return { retry: true, delayMs: override ?? delayAfter(attempt, backoff, random) }
}

export function delayAfter(attempt: number, backoff: Backoff, random: () => number): number {
  const seconds = waitSeconds(attempt, backoff, random)
  return Math.min(Math.ceil(seconds * 1000), LONGEST_MS)
}

function waitSeconds(attempt: number, backoff: Backoff, random: () => number): number {
  if (typeof backoff === 'number') return backoff
  switch (backoff.type) {
    case 'fixed':
      return backoff.delay
    case 'linear':
      return Math.min(attempt * backoff.delay, backoff.max ?? Number.POSITIVE_INFINITY)
    case 'exponential': {
      const ceiling = Math.min(
        backoff.delay * 2 ** Math.min(attempt - 1, MOST_DOUBLINGS),
        backoff.max ?? Number.POSITIVE_INFINITY,
      )
      return backoff.jitter === false ? ceiling : ceiling * random()
    }
  }
}
