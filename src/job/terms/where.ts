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

/**
 * What a job is the only one by, among all nodes: two jobs with the same text are not both there. Null: nothing. No key has a
 * NUL, and keys of args are not those that somebody has written.
 */
export function uniqueKeyOf({ unique }: Terms, name: string): string | null {
  return unique === undefined ? null : `${unique.byArgs ? 'a' : 'k'}${name}\0${unique.key}`
}

export function mayRunOn(node: string, terms: Terms): boolean {
  const pinned = pinnedTo(terms)
  return (pinned === null || pinned === node) && terms.notNode?.includes(node) !== true
}
