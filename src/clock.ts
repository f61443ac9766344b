export interface Timer {
  cancel(): void
  /** The timer no longer keeps the process alive. */
  unref(): void
}

export interface Clock {
  /** Epoch milliseconds, an integer. May jump when the wall clock is set. */
  now(): number
  /** Milliseconds that only go forward. */
  mono(): number
  /** Calls `fn` once, no earlier than `ms` from now by the monotonic clock. */
  setTimer(ms: number, fn: () => void): Timer
}

/** Node fires a longer one at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  setTimer(ms, fn) {
    const timeout = setTimeout(fn, Math.min(Math.max(Math.ceil(ms), 0), LONGEST_TIMER_MS))
    return { cancel: () => clearTimeout(timeout), unref: () => timeout.unref() }
  },
}
