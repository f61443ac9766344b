import type { Distributor } from '../distributor/index.js'
import { JrError } from '../src/errors.js'

/** The names of the nodes that can be asked. Throws JR_CONNECTION when there is none. */
export function connectedNodes(reactor: Pick<Distributor, 'nodes'>): string[] {
  const names = reactor.nodes().flatMap(({ name, status }) => (status === 'disconnected' ? [] : [name]))
  if (names.length === 0) throw new JrError('JR_CONNECTION', 'no node is connected')
  return names
}
