import { readClocks, SteadyClock } from './steady-clock.js'

export interface Timer {
  cancel(): void
  /** The timer no longer keeps the process alive. */
  unref(): void
  /** It does again. */
  ref(): void
}

export interface Clock {
  /** Epoch milliseconds, an integer: the start of the millisecond that is now. May jump when the wall clock is set. */
  now(): number
  /**
   * Epoch milliseconds, an integer, that go on as time does, whatever the wall clock is set to: as long as that is not
   * set they read the same.
   */
  steady(): number
  /** Milliseconds that only go forward. */
  mono(): number
  /** Calls `fn` once, `ms` from now by the monotonic clock: any time up to Infinity, which never comes. */
  setTimer(ms: number, fn: () => void): Timer
}

/** What a clock reads at one moment. */
export interface Now {
  readonly steady: number
  readonly wall: number
}

export function nowOf(clock: Pick<Clock, 'now' | 'steady'>): Now {
  return { steady: clock.steady(), wall: clock.now() }
}

/** Node fires a longer one at once, and says so on stderr. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Every timer of the project is made here. Calls `fn` once, after `ms`: below 0 counts as 0, and any length will do; a
 * timer of Infinity never fires, and still keeps the process. Throws a TypeError when `ms` is not a number.
 */
function setTimer(ms: number, fn: () => void): Timer {
  if (typeof ms !== 'number' || Number.isNaN(ms)) {
    throw new TypeError(`a timer: expected milliseconds, got ${String(ms)}`)
  }
  let left = Math.max(Math.ceil(ms), 0)
  let timeout: NodeJS.Timeout
  let keeps = true
  const arm = () => {
    const hop = Math.min(left, LONGEST_TIMER_MS)
    left -= hop
    timeout = setTimeout(left > 0 ? arm : fn, hop)
    if (!keeps) timeout.unref()
  }
  arm()
  return {
    cancel: () => clearTimeout(timeout),
    unref: () => {
      keeps = false
      timeout.unref()
    },
    ref: () => {
      keeps = true
      timeout.ref()
    },
  }
}

/** Calls `fn` every `ms`, from `ms` on. */
export function setTicker(clock: Pick<Clock, 'setTimer'>, ms: number, fn: () => void): Timer {
  let keeps = true
  let timer: Timer
  const arm = () => {
    timer = clock.setTimer(Math.max(ms, 1), () => {
      arm()
      fn()
    })
    if (!keeps) timer.unref()
  }
  arm()
  return {
    cancel: () => timer.cancel(),
    unref: () => {
      keeps = false
      timer.unref()
    },
    ref: () => {
      keeps = true
      timer.ref()
    },
  }
}

export function sleep(clock: Pick<Clock, 'setTimer'>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve)
  })
}

const steady = new SteadyClock(readClocks)

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => steady.now(),
  mono: () => performance.now(),
  setTimer,
}
