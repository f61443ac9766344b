/** The store of a node, as its connections have told of it. */
export interface KnownStore {
  readonly id: string
  /** No other node has it. */
  readonly alone: boolean
  /** The highest number of this app's that it has taken. */
  accepted: number
}

/**
 * Above which number the jobs that a node had accepted are lost, when it comes back with its store as it is now; null:
 * none are. A job is stored with its number, and its outcome after it in the same store: so of what is above, no outcome
 * will come either. Another store has nothing of what was accepted before, whatever it may have taken in its time. Where
 * nodes share a store, others may have the jobs.
 */
export function lostAbove(before: KnownStore | null, now: KnownStore): number | null {
  if (before === null || !before.alone) return null
  const kept = now.id === before.id ? now.accepted : 0
  return kept < before.accepted ? kept : null
}
