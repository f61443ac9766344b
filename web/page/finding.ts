let wanted = false

/** The page of jobs is about to be shown: whoever came to find one goes on writing there. */
export function wantToFind(): void {
  wanted = true
}

/** Once. */
export function takeWish(): boolean {
  const was = wanted
  wanted = false
  return was
}
