import { type Chance, systemChance } from './chance.js'
import { type Clock, systemClock } from './clock.js'

/** What no part takes from the system by itself: time and chance. Who composes the parts hands them in. */
export interface Surroundings {
  readonly clock: Clock
  readonly chance: Chance
}

export const SYSTEM: Surroundings = { clock: systemClock, chance: systemChance }
