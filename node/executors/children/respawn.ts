const FIRST_MS = 100
const LONGEST_MS = 30_000

/** Children that end within this of being ready, or before, are counted as failures in a row. */
export const SHORT_LIFE_MS = 1000

/** How many in a row before it is said aloud. */
export const ALARMING = 5

/**
 * How long to wait before the next child, after so many in a row that did not live. The first is replaced at once:
 * one job that kills its child must not keep the others waiting.
 */
export function respawnDelay(failuresInRow: number): number {
  if (failuresInRow <= 1) return 0
  return Math.min(FIRST_MS * 2 ** (failuresInRow - 2), LONGEST_MS)
}
