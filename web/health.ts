import type { Distributor } from '../distributor/index.js'

/** Whether an app can have its jobs done, and if not, why. */
export function readiness(reactor: Pick<Distributor, 'nodes'>): {
  readonly ready: boolean
  readonly why: string[]
} {
  const nodes = reactor.nodes()
  const running = nodes.filter(({ status }) => status === 'running')
  if (running.length > 0) return { ready: true, why: [] }
  if (nodes.length === 0) return { ready: false, why: ['no node has connected yet'] }
  return { ready: false, why: nodes.map(({ name, status }) => `node ${name} is ${status}`) }
}
