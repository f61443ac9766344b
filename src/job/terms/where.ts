import type { Terms } from './table.js'

/** The only node that may run it; null: it may run elsewhere too. */
export function pinnedTo({ node, strictNode }: Terms): string | null {
  return strictNode === true ? (node ?? null) : null
}

/** The priorities of the jobs that a node takes. */
export interface PriorityRange {
  readonly minPriority: number
  readonly maxPriority: number
}

export function hasPriorityIn({ minPriority, maxPriority }: PriorityRange, { priority = 0 }: Terms): boolean {
  return priority >= minPriority && priority <= maxPriority
}

export function mayRunOn(node: string, terms: Terms): boolean {
  const pinned = pinnedTo(terms)
  return (pinned === null || pinned === node) && terms.notNode?.includes(node) !== true
}
