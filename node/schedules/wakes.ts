import type { Now } from '../../src/clock.js'
import { Sleepers } from '../order/sleepers.js'
import type { Kept } from './kept.js'

/** Schedules by when they are to be looked at: those that follow the wall clock, and those that follow the steady one. */
export class Wakes {
  readonly #byWall = new Sleepers<Kept>()
  readonly #bySteady = new Sleepers<Kept>()

  /** At this time of the clock that it follows, and no other; Infinity: not at all. */
  put(kept: Kept, at: number): void {
    if (at === kept.wakesAt) return
    const those = kept.byWall ? this.#byWall : this.#bySteady
    those.take(kept)
    those.put(kept, at)
  }

  /** One whose time has come, which waits no longer; null when there is none. */
  next({ wall, steady }: Now): Kept | null {
    return this.#byWall.wake(wall) ?? this.#bySteady.wake(steady)
  }

  /** When the first of all is due, on the steady clock, if nobody sets the other; Infinity: none is. */
  earliest({ wall, steady }: Now): number {
    return Math.min(this.#bySteady.earliest(), this.#byWall.earliest() + (steady - wall))
  }
}
