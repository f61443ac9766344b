/** An epoch is a time: 4,096 numbers for each millisecond, more than are ever used. */
const MS_OF_EPOCH = 2 ** 20
/** From when they count: 2025-01-01. `lua/open.lua` has it, too. */
const BEGINNING = 1735689600000

/** Epochs that are times don't come again when a store is set back to an earlier state, as counted ones would. */
export function epochAt(time: number): number {
  return (time - BEGINNING) / MS_OF_EPOCH
}

/** The milliseconds that an epoch counts, as scripts of Redis know it. */
export function msOfEpoch(epoch: number): number {
  return epoch * MS_OF_EPOCH
}

export function epochOfMs(ms: number): number {
  return ms / MS_OF_EPOCH
}

/** Numbers that are never used twice in the life of a store: each opening begins behind all that can have been used. */
export function numbersOf(epoch: number): () => number {
  let last = epoch * 2 ** 32
  return () => ++last
}

/** The first number of this opening; jobs with a smaller one were there before. */
export function firstNumber(epoch: number): number {
  return epoch * 2 ** 32 + 1
}
