/** Tells one `enqueue` of an id of the user's own from every other one of it. */
export function newEdition(random: () => number): number {
  return 1 + Math.floor(random() * (2 ** 48 - 1))
}
