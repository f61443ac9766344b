import { pinnedTo } from '../../src/job/terms/where.js'
import type { Nodes } from '../nodes/nodes.js'
import type { Ticket } from '../told/ticket.js'
import type { Candidate, Wish } from './node-choice.js'
import { mayTake, whyNever } from './node-choice.js'
import type { Placement } from './placement.js'

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
  const drain = there.filter((node) => mayTake(node, job) && (pinned === null || node.name === pinned))
  if (drain.length > 0 && drain.every(({ status }) => status === 'draining'))
    return `the connected nodes that could run it (${namesOf(drain)}) drain: they take no new jobs until that is over`
  return `of the connected nodes (${namesOf(there)}) none takes it now: they have as many jobs on their way as they may, or drain or stop, or the one that it is for is away`
}

function namesOf(nodes: readonly Candidate[]): string {
  return nodes.map(({ name }) => name).join(', ')
}

/** Why nothing has been heard of the end of a job so far, for people. */
export function whyUntold(
  ticket: Ticket,
  placement: Pick<Placement, 'find' | 'held'>,
  nodes: Pick<Nodes, 'find' | 'all' | 'where'>,
): string {
  const { status, node } = ticket
  if (status === 'over') return 'it is over'
  const away = node !== null && nodes.find(node)?.connected !== true ? `, and is not connected now` : ''
  if (status === 'sent')
    return `it was never accepted: it was sent to node '${node}', which has not said so${away}`
  if (status === 'accepted') return `node '${node}' has accepted it, and has not told of its end${away}`
  const job = placement.find(ticket)
  if (job === undefined) return `it was never accepted: ${placement.held} jobs wait for a node`
  return `it was never accepted: ${whyHeld(job, nodes.all, nodes.where)}`
}
