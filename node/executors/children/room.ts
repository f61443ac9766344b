import type { Attempt } from '../../run/attempt.js'
import type { Child } from './child.js'

/** What of a child says how much more it may be given. */
export type Taker = Pick<Child, 'usable' | 'reads' | 'deferred' | 'begun'> & {
  readonly attempts: ReadonlyMap<number, Pick<Attempt, 'alone'>>
}

export interface RoomLimits {
  /** Jobs at once on an evented child. */
  readonly concurrency: number
  /** Attempts in the life of a child; 0: any number. */
  readonly maxJobsPerChild: number
}

/** How many more attempts the children of one kind may be given; counted no further than to `enough`. */
export function roomFor(
  children: Iterable<Taker>,
  deferred: boolean,
  limits: RoomLimits,
  enough = Number.POSITIVE_INFINITY,
): number {
  let room = 0
  for (const child of children) {
    if (child.deferred === deferred) room += roomOn(child, limits)
    if (room >= enough) break
  }
  return room
}

export function hasEmpty(children: Iterable<Taker>, deferred: boolean): boolean {
  for (const child of children) if (child.deferred === deferred && isEmpty(child)) return true
  return false
}

/** The child with the most room for an attempt; null when none has any. */
export function roomiest<C extends Taker>(
  children: Iterable<C>,
  { deferred, alone }: Pick<Attempt, 'deferred' | 'alone'>,
  limits: RoomLimits,
): C | null {
  let best: C | null = null
  let most = 0
  for (const child of children) {
    if (child.deferred !== deferred || (alone && !isEmpty(child))) continue
    const room = roomOn(child, limits)
    if (room > most) {
      most = room
      best = child
    }
  }
  return best
}

function roomOn(child: Taker, { concurrency, maxJobsPerChild }: RoomLimits): number {
  if (!child.usable || !child.reads) return 0
  const size = child.attempts.size
  if (child.deferred === true) return size === 0 ? 1 : 0
  if (size === 1) for (const { alone } of child.attempts.values()) if (alone) return 0
  const most = maxJobsPerChild > 0 ? Math.min(concurrency, maxJobsPerChild - child.begun + size) : concurrency
  return Math.max(0, most - size)
}

function isEmpty(child: Taker): boolean {
  return child.usable && child.reads && child.attempts.size === 0
}
