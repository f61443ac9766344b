import type { CountsOfName, CountsOfNode } from '../../src/verbs/counts.js'

/** The jobs of a name: what waits and runs now, and what has ended since the node began. */
export type NameCounts = CountsOfName

/** What a node has counted since it began, and what its store has. */
export interface NodeCounts {
  readonly node: string
  /** When the node began: nothing of what it counts survives it, but for `stored`. */
  readonly since: Date
  /** In its store now; `outcomes` wait for their app. */
  readonly stored: CountsOfNode['stored']
  /** Of those that wait now, those that did before the node began, and have not moved since: not counted by name. */
  readonly waitingBefore: number
  /** Since when the job is due that has been so the longest of those that wait; null: none is due. */
  readonly oldest: Date | null
  /** Of all names. */
  readonly all: NameCounts
  /** The first 256 names that came, in order. */
  readonly names: readonly (NameCounts & { readonly name: string })[]
  /** All others together; null: there are not so many. */
  readonly others: NameCounts | null
}

export function countsOf({ since, oldest, ...counts }: CountsOfNode, node: string): NodeCounts {
  return { node, since: new Date(since), oldest: oldest === null ? null : new Date(oldest), ...counts }
}
