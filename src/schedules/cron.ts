import { Cron, CronPattern } from 'croner'
import { shown } from '../options/duration.js'
import { LATEST } from '../rules.js'
import { messageOf } from '../thrown.js'
import type { Timetable } from './timetable.js'
import { Zone } from './zone.js'

const FIELDS = ['second', 'minute', 'hour', 'day of the month', 'month', 'day of the week']
const MODE = { mode: '5-or-6-parts' } as const
/** Of patterns, and of zones, that are remembered. */
const REMEMBERED = 1000
const ZONES = new Map<string, Zone>()
const PATTERNS = new Map<string, Pattern>()

/** The next wall that it names; null: none. */
type Next = (wall: number) => number | null

/** What a pattern means on clocks that are never set. */
interface Pattern {
  readonly next: Next
  /** It names every hour: what it asks for is a distance in time, and not a place on the clock. */
  readonly hourly: boolean
}

/**
 * The times that a pattern names on the clocks of a zone. When these are set forward, what they skip comes once, at the
 * first time behind; when they are set back, what they show twice comes the first time. Of a pattern that names every hour
 * nothing is lacking then, and nothing is too much: it goes on as time does.
 */
export function cronTimes(pattern: string, timezone: string): Timetable {
  return {
    after: (time) => {
      // Made when it is asked: at the start of a node nothing is due of most schedules.
      const zone = remembered(ZONES, timezone, (name) => new Zone(name))
      const { next, hourly } = remembered(PATTERNS, pattern, patternOf)
      return hourly ? flowing(time, next, zone) : fixed(time, next, zone)
    },
  }
}

/** Throws a TypeError that names `path` and the field. */
export function checkCron(pattern: string, path: string): void {
  if (PATTERNS.has(pattern)) return
  const fields = pattern.trim().split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6) {
    const text = `expected 5 fields (minute, hour, day of the month, month, day of the week), or 6 with the second in front`
    throw new TypeError(`${path}: ${text}, got ${shown(pattern)}`)
  }
  const first = FIELDS.length - fields.length
  for (const [i, field] of fields.entries()) {
    const alone = FIELDS.map((_, at) => (at === first + i ? field : '*')).join(' ')
    try {
      new CronPattern(alone, undefined, MODE)
    } catch (error) {
      const why = messageOf(error).replace(/^CronPattern: /, '')
      throw new TypeError(`${path}: field ${i + 1} of ${shown(pattern)}, the ${FIELDS[first + i]}: ${why}`)
    }
  }
  const found = patternOf(pattern)
  if (found.next(0) !== null) {
    remembered(PATTERNS, pattern, () => found)
    return
  }
  throw new TypeError(`${path}: expected a time that comes, and ${shown(pattern)} never does`)
}

export function isTimezone(name: string): boolean {
  try {
    new Zone(name)
    return true
  } catch {
    return false
  }
}

function patternOf(pattern: string): Pattern {
  const cron = new Cron(pattern, { ...MODE, timezone: 'UTC', paused: true })
  const { hour } = new CronPattern(pattern, undefined, MODE)
  const next = (wall: number) => {
    const found = cron.nextRun(new Date(wall))?.getTime() ?? null
    return found === null || found > LATEST ? null : found
  }
  return { next, hourly: hour.every((named) => named === 1) }
}

function fixed(time: number, next: Next, zone: Zone): number | null {
  let wall = next(time + zone.offset(time))
  while (wall !== null) {
    const found = zone.timeOf(wall)
    if (found > time) return found
    // The clocks have been set back: what they show for the second time has been.
    wall = next(Math.max(wall, time + (wall - found)))
  }
  return null
}

function flowing(time: number, next: Next, zone: Zone): number | null {
  const before = zone.offset(time)
  const wall = next(time + before)
  if (wall === null) return null
  const found = wall - before
  const after = zone.offset(found)
  if (after === before) return found
  // The clocks are set in between.
  for (let later = next(time + after); later !== null; later = next(later)) {
    if (zone.offset(later - after) === after) return later - after
  }
  return null
}

function remembered<T>(known: Map<string, T>, key: string, make: (key: string) => T): T {
  const there = known.get(key)
  if (there !== undefined) return there
  const made = make(key)
  if (known.size >= REMEMBERED) known.clear()
  known.set(key, made)
  return made
}
