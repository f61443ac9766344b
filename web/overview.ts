import type { Distributor } from '../distributor/index.js'
import type { Clock } from '../src/clock.js'
import { countsByName, oldestOf, storedOf, sumOfCounts } from './sums.js'

const FAILING = 10

/** All that the first page shows. */
export async function overviewOf(
  reactor: Distributor,
  clock: Pick<Clock, 'now'>,
): Promise<Record<string, unknown>> {
  const facts = reactor.nodes()
  const at = new Date(clock.now())
  const away = facts
    .filter(({ status }) => status === 'disconnected')
    .map(({ name }) => ({ node: name, status: 'disconnected' }))
  if (away.length === facts.length)
    return { at, nodes: away, counts: null, stored: null, oldest: null, series: null, failing: [] }
  const monitor = reactor.monitor()
  const [counts, series, statuses] = await Promise.all([
    monitor.counts(),
    monitor.series(),
    monitor.statuses(),
  ])
  const failing = countsByName(counts)
    .filter(({ failedIn }) => failedIn.hour > 0)
    .sort((a, b) => b.failedIn.hour - a.failedIn.hour)
    .slice(0, FAILING)
  const nodes = statuses.map(({ node, memory, paused, draining, store, children }) => {
    const { status, slots, busy } = facts.find(({ name }) => name === node) ?? {
      status: 'running',
      slots: 0,
      busy: 0,
    }
    const stored = counts.find((one) => one.node === node)?.stored
    const { waiting = 0, running = 0 } = stored ?? {}
    return {
      node,
      status,
      slots,
      busy,
      waiting,
      running,
      memory,
      paused,
      draining,
      fine: store.fine,
      children: children.length,
    }
  })
  return {
    at,
    counts: sumOfCounts(counts.map(({ all }) => all)),
    stored: storedOf(counts),
    oldest: oldestOf(counts),
    series,
    failing,
    nodes: [...nodes, ...away],
  }
}
