import type {
  Distributor,
  JobNameFacts,
  NameCounts,
  NodeCounts,
  NodeNames,
  NodeStatus,
} from '../distributor/index.js'
import { bytes, duration } from '../src/words.js'
import { limitWords } from './limit-words.js'
import { columns, type Paint, printable } from './terminal.js'

/** What `jr status` and `jr top` show: all that is asked of the nodes at one moment. */
export interface Snapshot {
  readonly at: Date
  readonly nodes: readonly NodeStatus[]
  readonly counts: readonly NodeCounts[]
  readonly names: readonly NodeNames[]
}

const MOST_RUNNING = 15

export async function snapshot(app: Distributor): Promise<Snapshot> {
  const monitor = app.monitor()
  const [nodes, counts, names] = await Promise.all([monitor.statuses(), monitor.counts(), app.names()])
  return { at: new Date(Math.max(...nodes.map(({ at }) => at.getTime()))), nodes, counts, names }
}

/** What waits and why, what fails, and who works on what. */
export function screenOf(shot: Snapshot, paint: Paint): string {
  const head = (text: string) => paint.strong(text)
  const running = runningRows(shot)
  const rest = running.length - MOST_RUNNING
  return [
    head('NODES'),
    columns(nodeRows(shot)),
    '',
    head('NAMES'),
    namesText(shot),
    '',
    head('RUNNING'),
    running.length === 0
      ? 'nothing runs'
      : columns([['JOB', 'NAME', 'ATTEMPT', 'FOR', 'NODE', 'CHILD'], ...running.slice(0, MOST_RUNNING)]),
    ...(rest > 0 ? [`… and ${rest} more`] : []),
  ].join('\n')
}

export function nodeRows({ nodes, counts }: Pick<Snapshot, 'nodes' | 'counts'>): string[][] {
  const rows = nodes.map(({ node, memory, children, store, ...status }) => {
    const stored = counts.find((one) => one.node === node)
    const { waiting = 0, running = 0, failed = 0 } = stored?.stored ?? {}
    const oldest = stored?.oldest ?? null
    return [
      printable(node),
      stateOf(status),
      ...[waiting, running, failed].map(String),
      oldest === null ? '' : duration(status.at.getTime() - oldest.getTime()),
      String(children.length),
      bytes(memory),
      store.fine ? store.kind : `${store.kind}: ${printable(store.error ?? 'in trouble')}`,
    ]
  })
  return [
    ['NODE', 'STATUS', 'WAITING', 'RUNNING', 'FAILED', 'OLDEST DUE', 'CHILDREN', 'MEMORY', 'STORE'],
    ...rows,
  ]
}

function stateOf({ paused, draining }: Pick<NodeStatus, 'paused' | 'draining'>): string {
  if (draining !== null) return 'draining'
  return paused === null ? 'running' : 'paused'
}

function namesText({ counts, names }: Snapshot): string {
  const rows = counts.flatMap(({ node, names: counted }) =>
    counted
      .filter((one) => one.waiting + one.running + one.completedIn.hour + one.failedIn.hour > 0)
      .map((one) => {
        const facts = names.find((other) => other.node === node)?.names.find(({ name }) => name === one.name)
        return [
          printable(one.name),
          printable(node),
          ...[one.waiting, one.running, one.completedIn.minute, one.failedIn.minute, one.failedIn.hour].map(
            String,
          ),
          printable(why(one, facts)),
        ]
      }),
  )
  if (rows.length === 0) return 'no job has come in the last hour'
  return columns([
    ['NAME', 'NODE', 'WAITING', 'RUNNING', 'DONE/MIN', 'FAILED/MIN', '/H', 'WHY IT WAITS'],
    ...rows,
  ])
}

/** What keeps the jobs of a name from beginning, as far as it holds for all of them. */
export function why(
  { waiting, running }: Pick<NameCounts, 'waiting' | 'running'>,
  facts: JobNameFacts | undefined,
): string {
  if (waiting === 0) return ''
  if (facts === undefined || !facts.known) return 'no child knows it'
  if (facts.paused !== null) return `paused by ${facts.paused.by}`
  const { concurrency } = facts.limits
  if (concurrency !== undefined && running >= concurrency) return `limit: ${limitWords(facts)}`
  if (facts.pausedGroups.length > 0)
    return `paused groups: ${facts.pausedGroups.map(({ group }) => group).join(', ')}`
  return facts.limits.rate === undefined ? '' : `perhaps its rate: ${limitWords(facts)}`
}

function runningRows({ nodes }: Snapshot): string[][] {
  return nodes
    .flatMap(({ node, at, children }) =>
      children.flatMap(({ pid, running }) =>
        running.map(({ id, name, attempt, startedAt }) => ({
          forMs: at.getTime() - startedAt.getTime(),
          cells: [printable(id), printable(name), String(attempt)],
          where: [printable(node), String(pid)],
        })),
      ),
    )
    .sort((a, b) => b.forMs - a.forMs)
    .map(({ forMs, cells, where }) => [...cells, duration(forMs), ...where])
}
