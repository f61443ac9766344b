import { nanoid } from 'nanoid'

export interface Chance {
  /** A number in [0, 1). */
  readonly random: () => number
  /**
   * An id that no other job, node or distributor has: 21 URL-safe characters. The first is no `-`, so that a command does
   * not take it for a flag.
   */
  readonly id: () => string
}

export const systemChance: Chance = {
  random: Math.random,
  id: () => {
    for (;;) {
      const id = nanoid()
      if (!id.startsWith('-')) return id
    }
  },
}
