import { pinnedTo } from '../../src/job/terms/where.js'
import type { Candidate, Wish } from './node-choice.js'
import { whyNever } from './node-choice.js'

/** Why a job is held and not sent, for people. `where`: how nodes and this app find each other. */
export function whyHeld(job: Wish, nodes: readonly Candidate[], where: string): string {
  const pinned = pinnedTo(job.agreed.terms)
  const there = nodes.filter(({ connected }) => connected)
  if (pinned !== null && !there.some(({ name }) => name === pinned))
    return `it is for node '${pinned}' alone (strictNode), which is not connected; this app ${where}`
  if (there.length === 0) return `no node is connected; this app ${where}`
  const never = whyNever(job, nodes)
  if (never === 'unknown') return `no connected node has a job '${job.name}'`
  if (never === 'terms') return 'no connected node that has its job knows all of its terms (JR_UNKNOWN_TERM)'
  if (never === 'childless') return 'no connected node has children of its kind'
  if (never === 'priority') return 'no connected node that could run it takes its priority'
  if (never === 'ruled-out') return 'opts.notNode rules out every connected node that could run it'
  return `of the connected nodes (${there.map(({ name }) => name).join(', ')}) none takes it now: they have as many jobs on their way as they may, or are stopping, or the one that it is for is away`
}
