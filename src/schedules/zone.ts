const DAY_MS = 86_400_000

/**
 * The clocks of one time zone, by the tz database of the runtime. What they show (`wall`) is a number as well: the epoch
 * milliseconds at which a clock of UTC shows the same.
 */
export class Zone {
  readonly #format: Intl.DateTimeFormat

  /** Throws a RangeError when there is no such zone. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** How much more than UTC its clocks show at this time, in milliseconds. */
  offset(time: number): number {
    const second = Math.floor(time / 1000) * 1000
    const shown = this.#format.format(second).match(/\d+/g) ?? []
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, sec = 0] = shown.map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, sec) - second
  }

  /** The first time at which its clocks show this, or when they skip it, the first time behind that. */
  timeOf(wall: number): number {
    // No clock is a day away from UTC, so that what may have been set lies between these two.
    const before = this.offset(wall - DAY_MS)
    const after = this.offset(wall + DAY_MS)
    const early = wall - before
    if (before === after || this.offset(early) === before) return early
    const late = wall - after
    return this.offset(late) === after ? late : this.#change(late, early)
  }

  /** The first time after `from`, and up to `end`, at which its clocks are no longer set as at `from`. */
  #change(from: number, end: number): number {
    const before = this.offset(from)
    let [last, first] = [from, end]
    while (first - last > 1) {
      const middle = last + Math.floor((first - last) / 2)
      if (this.offset(middle) === before) last = middle
      else first = middle
    }
    return first
  }
}
