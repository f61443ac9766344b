/**
 * Where a waiting job stands: text that stores keep and sort by, and nobody but this file takes apart. Jobs that were to
 * run at once have lanes of their own, beside delayed, periodic and retried ones: all that is in such a lane may run. And
 * deferred jobs do not stand in the way of evented ones, whose children may be free.
 *
 * Jobs that are behind another of their series, and jobs that wait for others of their flow, stand in lanes that nobody takes
 * from, which come last.
 *
 * A digit for the kind, the priority, and a key: no NUL in it, so that one lane's rows end before the next one's begin.
 */
export type Lane = string

export interface LaneParts {
  /** Waits for a time; else it was to run at once when it was taken. */
  readonly timed: boolean
  readonly deferred: boolean
  /** Lower first; a whole number of 32 bits. */
  readonly priority: number
  /** Jobs with the same one stand together. Without NUL. */
  readonly key: string
}

/** Where a job stands, but for its number. */
export interface Standing {
  readonly lane: Lane
  readonly due: number
}

/** Whose jobs stand in lanes of a key of their own. */
export interface Owner {
  readonly name: string
  /** Null: all of the name that have none. */
  readonly group: string | null
}

const PRIORITY_DIGITS = 6
/** Priorities of one sign are counted up from the least. */
const LEAST = { m: -(2 ** 31), o: 0 } as const

/** The lanes of jobs without a priority and a key. */
export const IMMEDIATE: Lane = '0n'
export const TIMED: Lane = '1n'
export const IMMEDIATE_DEFERRED: Lane = '2n'
export const TIMED_DEFERRED: Lane = '3n'
const PLAIN = [IMMEDIATE, TIMED, IMMEDIATE_DEFERRED, TIMED_DEFERRED] as const

export function laneFor({ timed, deferred, priority, key }: LaneParts): Lane {
  const kind = (deferred ? 2 : 0) + (timed ? 1 : 0)
  // Most jobs have neither, and are not worth a new string each.
  if (priority === 0 && key === '') return PLAIN[kind] as Lane
  return `${kind}${priorityText(priority)}${key}`
}

/** The key of jobs of this name, or of one of its groups. Escaped: all stores have the same order of such texts. */
export function keyOf({ name, group }: Owner): string {
  const key = encodeURIComponent(name)
  return group === null ? key : `${key}/${encodeURIComponent(group)}`
}

/** Null: the key of jobs that stand with those of other names. */
export function ownerOf(key: string): Owner | null {
  if (key === '') return null
  const end = key.indexOf('/')
  if (end < 0) return { name: decodeURIComponent(key), group: null }
  return { name: decodeURIComponent(key.slice(0, end)), group: decodeURIComponent(key.slice(end + 1)) }
}

/** Beside this one, the lane of the name alone. */
export function laneOfName(lane: Lane, name: string): Lane {
  return laneFor({ ...lanePartsOf(lane), key: keyOf({ name, group: null }) })
}

/** Of its kind and priority, whatever is timed, the lanes of its name: that of jobs without a group, or all those of groups. */
export function familyOf(lane: Lane): string {
  const end = lane.indexOf('/')
  return `${isDeferred(lane) ? 'd' : 'e'}${end < 0 ? lane.slice(1) : lane.slice(1, end + 1)}`
}

const FIRST_BEHIND = '4'

/** The lane of jobs that are behind another of their series. */
export function laneBehind(serial: string): Lane {
  return FIRST_BEHIND + encodeURIComponent(serial)
}

/** In front of all lanes of jobs that are behind others. */
export const BEFORE_BEHIND: Lane = FIRST_BEHIND

/** No series has a name that is written so. */
const FIRST_PARKED = `${FIRST_BEHIND}/`

/** The lane of jobs that are to take the place of the one that has this key. */
export function laneParked(key: string): Lane {
  return FIRST_PARKED + encodeURIComponent(key)
}

/** In front of all lanes of such jobs. */
export const BEFORE_PARKED: Lane = FIRST_PARKED

/** Its jobs wait for a key. */
export function isParked(lane: Lane): boolean {
  return lane.startsWith(FIRST_PARKED)
}

/** Of such a lane. */
export function parkedFor(lane: Lane): string {
  return decodeURIComponent(lane.slice(FIRST_PARKED.length))
}

const FIRST_BLOCKED = '5'
const CHILDREN = `${FIRST_BLOCKED}c`

/** The lane of jobs that wait for others of this flow. */
export function laneBlocked(flow: string): Lane {
  return FIRST_BLOCKED + encodeURIComponent(flow)
}

/** Its jobs wait for their children, and have begun before. */
export function waitsForChildren(lane: Lane): boolean {
  return lane.startsWith(CHILDREN)
}

/** In front of all lanes of jobs that wait for others of their flow, and behind all others. */
export const BEFORE_BLOCKED: Lane = FIRST_BLOCKED

/** Of such a lane. */
export function flowOf(lane: Lane): string {
  return decodeURIComponent(lane.slice(1))
}

/** Its jobs wait for others of their flow, or for their children. */
export function isBlocked(lane: Lane): boolean {
  return lane >= FIRST_BLOCKED
}

/** Of such a lane. */
export function serialOf(lane: Lane): string {
  return decodeURIComponent(lane.slice(1))
}

/** Its jobs are not behind others, and don't wait for any, nor for a key. */
export function mayBeTaken(lane: Lane): boolean {
  return lane < FIRST_BEHIND
}

/** Throws a RangeError when it is no lane. */
export function lanePartsOf(lane: Lane): LaneParts {
  const kind = lane.charCodeAt(0) - 48
  const sign = lane[1]
  if (kind >= 0 && kind <= 3) {
    const of = { timed: isTimed(lane), deferred: isDeferred(lane) }
    if (sign === 'n') return { ...of, priority: 0, key: lane.slice(2) }
    if (sign === 'm' || sign === 'o') {
      const end = 2 + PRIORITY_DIGITS
      const priority = Number.parseInt(lane.slice(2, end), 36) + LEAST[sign]
      if (lane.length >= end && Number.isInteger(priority)) return { ...of, priority, key: lane.slice(end) }
    }
  }
  throw new RangeError(`expected a lane, got ${JSON.stringify(lane)}`)
}

/** Was to run at once when it was taken. */
export function isImmediate(lane: Lane): boolean {
  return !isTimed(lane)
}

export function isDeferred(lane: Lane): boolean {
  return lane.charCodeAt(0) >= 50
}

/** Its jobs have a group, or a name for which something holds. */
export function isKeyed(lane: Lane): boolean {
  return lane.length > (lane[1] === 'n' ? 2 : 2 + PRIORITY_DIGITS)
}

/** The lane beside this one for jobs that wait for a time. */
export function timedLane(lane: Lane): Lane {
  return isTimed(lane) ? lane : twinLane(lane)
}

/** Of jobs that wait for a time the lane of those that do not, and the other way round. */
export function twinLane(lane: Lane): Lane {
  if (lane === IMMEDIATE) return TIMED
  return `${(lane.charCodeAt(0) - 48) ^ 1}${lane.slice(1)}`
}

function isTimed(lane: Lane): boolean {
  return (lane.charCodeAt(0) & 1) === 1
}

/** So that it sorts as the numbers do, and most jobs, which have none, pay one letter. */
function priorityText(priority: number): string {
  if (priority === 0) return 'n'
  const sign = priority < 0 ? 'm' : 'o'
  return sign + (priority - LEAST[sign]).toString(36).padStart(PRIORITY_DIGITS, '0')
}
