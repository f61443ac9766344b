import type { Candidate, Wish } from './node-choice.js'
import { whyNever } from './node-choice.js'

/** Why a job is held and not sent, for people. `where`: how nodes and this app find each other. */
export function whyHeld(job: Wish, nodes: readonly Candidate[], where: string): string {
  const { node: asked, strictNode } = job
  const there = nodes.filter(({ connected }) => connected)
  if (asked !== null && strictNode && !there.some(({ name }) => name === asked))
    return `it is for node '${asked}' alone (strictNode), which is not connected; this app ${where}`
  if (there.length === 0) return `no node is connected; this app ${where}`
  const never = whyNever(job, nodes)
  if (never === 'unknown') return `no connected node has a job '${job.name}'`
  if (never === 'childless') return 'no connected node has children of its kind'
  if (never === 'ruled-out') return 'opts.notNode rules out every connected node that could run it'
  return `of the connected nodes (${there.map(({ name }) => name).join(', ')}) none takes it now: they have as many jobs on their way as they may, or are stopping, or the one that it is for is away`
}
