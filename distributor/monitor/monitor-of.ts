import type { NodeFacts } from '../events.js'
import { Monitor } from './monitor.js'
import { NodeMonitor } from './node-monitor.js'
import { RedisMonitor, type RedisMonitorOptions } from './redis-monitor.js'
import type { Ask } from './request.js'

/** Of one node, of a Redis, or of all nodes that are connected. */
export function monitorOf(
  options: { readonly node: string } | RedisMonitorOptions | undefined,
  nodes: () => readonly NodeFacts[],
  ask: Ask,
): Monitor | NodeMonitor | RedisMonitor {
  if (options === undefined) {
    const connected = () => nodes().filter(({ status }) => status !== 'disconnected')
    return new Monitor(() => connected().map(({ name }) => name), ask)
  }
  return 'node' in options ? new NodeMonitor(options.node, ask) : new RedisMonitor(options)
}
