import type { CancelAnswer } from '../told/handle.js'
import type { Ticket } from '../told/ticket.js'
import type { NodeLine } from './node-line.js'
import type { Nodes } from './nodes.js'

/** Cancels a job that was sent, wherever it is now. */
export async function cancelSent(
  { id, node }: Pick<Ticket, 'id' | 'node'>,
  nodes: Pick<Nodes, 'find' | 'cancelAt' | 'cancelAtAny'>,
): Promise<CancelAnswer> {
  const line: NodeLine | undefined = node === null ? undefined : nodes.find(node)
  if (line === undefined) return 'not-found'
  const answer = line.connected ? await nodes.cancelAt(line, id) : 'not-found'
  if (answer !== 'not-found') return answer
  // Where nodes share a store another one may have taken the job over.
  const elsewhere = await nodes.cancelAtAny(id, line)
  return elsewhere !== 'not-found' || line.connected ? elsewhere : nodes.cancelAt(line, id)
}
