import type { JobRecord } from './record.js'
import type { Terms } from './terms/table.js'
import { uniqueKeyOf } from './terms/where.js'

/**
 * The key of a job that must meet others at one node: the jobs of a flow are together; with an edition its id is the user's own, and the same id is one job;
 * a unique key is one job, too; and the jobs of a group share its limits.
 * Null: it may go to any node. What has the same key has the same home while the nodes stay.
 */
export function homeKeyOf(job: Pick<JobRecord, 'id' | 'edition' | 'name' | 'agreed'>): string | null {
  const { terms } = job.agreed
  if (terms.flow !== undefined) return `f${terms.flow.id}`
  if (terms.serial !== undefined) return `s${terms.serial}`
  if (job.edition > 0) return job.id
  return uniqueKeyOf(terms, job.name) ?? groupKeyOf(terms, job.name)
}

/** Of these nodes the home of a key; null when there are none. The others keep theirs when one comes or goes. */
export function homeOf(key: string, nodes: Iterable<string>): string | null {
  let best: string | null = null
  let highest = -1
  for (const node of nodes) {
    const drawn = hash(`${node}\0${key}`)
    if (drawn < highest || (drawn === highest && best !== null && node > best)) continue
    highest = drawn
    best = node
  }
  return best
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return (value ^ (value >>> 13)) >>> 0
}

/** Limits of a group hold among all nodes, as long as these stay, because its jobs meet at one of them. */
function groupKeyOf({ group }: Terms, name: string): string | null {
  return group === undefined ? null : `g${name}\0${group}`
}
