import { newId } from './job/id.js'

export interface Chance {
  /** A number in [0, 1). */
  readonly random: () => number
  /** An id that no other job, node or distributor has. */
  readonly id: () => string
}

export const systemChance: Chance = { random: Math.random, id: newId }
