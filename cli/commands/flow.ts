import type { Distributor, MonitoredFlow } from '../../distributor/index.js'
import { treeOf } from '../../src/flow-tree.js'
import { EXIT } from '../exit-codes.js'
import { FLOW_HELP } from '../help.js'
import { onNode } from '../on-node.js'
import { asJson, columns, print, printable } from '../terminal.js'

const LISTED = 100

/** `jr flow`: the jobs of a flow on a node. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'flow',
    help: FLOW_HELP,
    most: 2,
    belong: 'a flow is shown and cancelled by the node that has it',
  }
  return onNode(argv, command, ([verb = '', id], flags) => {
    if (verb === 'list') return (app, node) => list(app, node, flags.json === true)
    if (verb !== 'show' && verb !== 'cancel')
      throw new TypeError(`expected list, show or cancel, got '${verb}'`)
    if (id === undefined) throw new TypeError(`${verb}: expected the id of a flow`)
    const act = verb === 'show' ? show : cancel
    return (app, node) => act(app, node, id, flags.json === true)
  })
}

async function list(app: Distributor, node: string, json: boolean): Promise<number> {
  const { flows, next } = await app.monitor({ node }).flows({ limit: LISTED })
  if (json) return print(asJson({ flows, more: next !== null }))
  if (flows.length === 0) return print('no flow is under way')
  const rows = flows.map(({ id, counts }) => [printable(id), stateText(counts)])
  return print(columns([['FLOW', 'JOBS'], ...rows]) + (next === null ? '' : '\n… and more'))
}

async function show(app: Distributor, node: string, id: string, json: boolean): Promise<number> {
  const flow = await app.monitor({ node }).flow(id)
  if (flow === null) return notThere(node, id)
  if (json) return print(asJson(flow))
  const rows = treeOf(flow.jobs).map(({ indent, job }) => [
    `${'  '.repeat(indent)}${printable(job.key)}`,
    job.state,
    printable(job.name),
    printable(job.id),
    alsoNeeds(job.needs, indent),
  ])
  print(columns([['JOB', 'STATE', 'NAME', 'ID', ''], ...rows]))
  return print(`\n${countsText(flow)}`)
}

async function cancel(app: Distributor, node: string, id: string, json: boolean): Promise<number> {
  const cancelled = await app.monitor({ node }).cancelFlow(id)
  if (cancelled === 0) return notThere(node, id)
  return print(json ? asJson({ cancelled }) : `${cancelled} cancelled`)
}

function notThere(node: string, id: string): number {
  process.stderr.write(
    `jr flow: node ${printable(node)} has no flow '${printable(id)}'; one that has ended is gone\n`,
  )
  return EXIT.failed
}

/** Where it stands one of them is seen. */
function alsoNeeds(needs: readonly (string | null)[], indent: number): string {
  if (needs.includes(null)) return 'needs all others'
  return needs.length <= 1 && (indent > 0 || needs.length === 0)
    ? ''
    : `needs ${needs.map((key) => printable(key ?? '')).join(', ')}`
}

function countsText({ counts, jobs }: MonitoredFlow): string {
  return `${jobs.length} jobs: ${stateText(counts)}`
}

function stateText(counts: MonitoredFlow['counts']): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0)
  return some.map(([state, count]) => `${count} ${state}`).join(', ')
}
