import { checkedTime } from '../job/due.js'
import { pointAfter } from '../job/slots.js'

/** Times in order. */
export interface Timetable {
  /** The first that is later; null: none is. */
  after(time: number): number | null
}

/** Every `stepMs`, counted from `first`. */
export function gridTimes(first: number, stepMs: number): Timetable {
  return { after: (time) => checkedTime(first + pointAfter(first, stepMs, time) * stepMs) }
}

/** Those of them from `from` on and up to `until`. */
export function within(times: Timetable, from: number | undefined, until: number | undefined): Timetable {
  return {
    after: (time) => {
      const found = times.after(from === undefined ? time : Math.max(time, from - 1))
      return found === null || (until !== undefined && found > until) ? null : found
    },
  }
}

/** The last one up to `time` that is behind `since`; null: there is none. Found by halving: there may be millions. */
export function latest(times: Timetable, since: number, time: number): number | null {
  let found = times.after(since)
  if (found === null || found > time) return null
  let end = time
  for (;;) {
    const next = times.after(found)
    if (next === null || next > time) return found
    const middle = found + Math.floor((end - found) / 2)
    const later = times.after(middle)
    if (later !== null && later <= time) found = later
    else {
      end = middle
      found = next
    }
  }
}

/** The next ones, at most `count`. */
export function nextTimes(times: Timetable, time: number, count: number): number[] {
  const found: number[] = []
  for (let at = times.after(time); at !== null && found.length < count; at = times.after(at)) found.push(at)
  return found
}
