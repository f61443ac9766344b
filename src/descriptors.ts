import { readFileSync } from 'node:fs'

/** Where the system does not say: what the smallest of them allow. */
const USUAL = 1024

/** How many files and connections this process may have open. */
export function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    if (soft === 'unlimited') return Number.POSITIVE_INFINITY
    return soft === undefined ? USUAL : Number(soft)
  } catch {
    return USUAL
  }
}

/**
 * How many of them one use of them may take, and `most` at most: a quarter. Connections are one, tables of the store another;
 * the rest is for children, logs, and what else the process has open. A file that can't be opened is the node's end.
 */
export function shareOfDescriptors(most: number, limit = descriptorLimit()): number {
  return Math.min(most, Math.max(Math.floor(limit / 4), 1))
}
