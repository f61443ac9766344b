import type { Now } from '../../clock.js'
import { liveView } from '../../job/live-view.js'
import type { StoredJob } from '../../job/record.js'
import { othersTurn } from '../../others-turn.js'
import { placeKey } from './keys.js'
import type { YoungJob } from './young.js'

/** Jobs that are looked at, or put in order, before others have their turn. */
const AT_ONCE = 512

export interface Found {
  readonly key: string
  readonly view: StoredJob
}

/** Whether a list is to have a job. */
export type Wanted = (stored: StoredJob) => boolean

/** Of young jobs, in no order, those behind a key that a list is to have: those with the first keys, at least so many of them. */
export async function firstYoung(
  young: readonly YoungJob[],
  from: string,
  wanted: Wanted,
  most: number,
  now: Now,
): Promise<Found[]> {
  let found: Found[] = []
  /** There are enough in front of this one. */
  let last: string | null = null
  for (const [i, { job, startedAt }] of young.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await othersTurn()
    const key = placeKey(job)
    if (key <= from || (last !== null && key > last)) continue
    const view = liveView(job, startedAt, now)
    if (!wanted(view)) continue
    found.push({ key, view })
    if (found.length < most + AT_ONCE) continue
    found = found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, most)
    last = found.at(-1)?.key ?? null
  }
  return found
}
