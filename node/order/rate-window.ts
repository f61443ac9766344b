import type { Rate } from '../../src/job/limits.js'

/** So many parts of a span are told apart: what began first in a part counts as long as what began last in it. */
const PARTS = 32
/**
 * Of what may begin in a span, the part that is asked for first: so much is lost if the node is killed just then. Twice as
 * much each time when all of it was used at once.
 */
const SHARE = 16
/** How long what was asked for may be used. A store that takes longer than that to keep it is given more time. */
const VALID_MS = 1000

/** Attempts that began, the last of them then. Times are of the steady clock, in milliseconds. */
export interface Begun {
  readonly last: number
  readonly count: number
}

interface Part {
  readonly first: number
  last: number
  count: number
}

/**
 * Never more than `limit` begin in any span of `perMs`, whatever becomes of the node: before some may begin it is kept on the
 * disk that they have, until the last moment at which they may. Those that have not begun by then do not count any more.
 */
export class RateWindow {
  #rate: Rate
  readonly #parts: Part[] = []
  /** In all parts. */
  #count = 0
  /** So many may begin, as is kept, until then. */
  #granted = 0
  #validTo = 0
  /** It is being kept that so many may. */
  #asked = 0
  #validMs = VALID_MS
  #step = 0

  constructor(rate: Rate, begun: readonly Begun[] = []) {
    this.#rate = rate
    for (const { last, count } of begun) {
      this.#parts.push({ first: last, last, count })
      this.#count += count
    }
  }

  get rate(): Rate {
    return this.#rate
  }

  /** From now on another rate. What began counts. */
  change(rate: Rate): void {
    this.#rate = rate
    this.#granted = 0
  }

  /** One may begin now. */
  isOpen(now: number): boolean {
    return this.#granted > 0 && now <= this.#validTo
  }

  /**
   * When to ask for more at the soonest: `now` when that may be at once. Infinity: it is being kept that some may, and
   * whoever has asked is told.
   */
  asksAt(now: number): number {
    if (this.#asked > 0) return Number.POSITIVE_INFINITY
    this.#forget(now)
    // A clock that reads whole milliseconds may be almost one behind.
    return this.#count < this.#rate.limit ? now : (this.#parts[0]?.last ?? now) + this.#rate.perMs + 1
  }

  /**
   * What to keep, so that some may begin: all that counts, and behind it those, as if they began at the last moment. Only
   * when `asksAt` says that it may be asked for. `granted` when it is kept.
   */
  ask(now: number): readonly Begun[] {
    const { limit } = this.#rate
    const usedUp = this.#granted === 0 && now <= this.#validTo
    const least = Math.ceil(limit / SHARE)
    this.#step = usedUp ? Math.min(Math.max(this.#step * 2, least), limit) : least
    this.#asked = Math.min(limit - this.#count, this.#step)
    this.#granted = 0
    this.#validTo = now + this.#validMs
    return [...this.#parts, { last: this.#validTo, count: this.#asked }].map(({ last, count }) => ({
      last,
      count,
    }))
  }

  granted(now: number): void {
    this.#granted = Math.max(0, Math.min(this.#asked, this.#rate.limit - this.#count))
    this.#asked = 0
    this.#validMs = now > this.#validTo ? this.#validMs * 2 : VALID_MS
  }

  /** One begins. It counts, also if it was not asked for. */
  begin(now: number): void {
    if (this.#granted > 0) this.#granted--
    this.#count++
    const part = this.#parts.at(-1)
    if (part !== undefined && now - part.first <= this.#rate.perMs / PARTS) {
      part.last = now
      part.count++
    } else this.#parts.push({ first: now, last: now, count: 1 })
  }

  /** Nothing counts any more. */
  isIdle(now: number): boolean {
    this.#forget(now)
    return this.#count === 0 && this.#asked === 0
  }

  #forget(now: number): void {
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      if (part.last + this.#rate.perMs >= now) return
      this.#parts.shift()
      this.#count -= part.count
    }
  }
}
