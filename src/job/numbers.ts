/** Numbers that are never used twice in the life of a store: each opening has 2 ** 32 of its own. */
export function numbersOf(epoch: number): () => number {
  let last = epoch * 2 ** 32
  return () => ++last
}

/** The first number of this opening; jobs with a smaller one were there before. */
export function firstNumber(epoch: number): number {
  return epoch * 2 ** 32 + 1
}
