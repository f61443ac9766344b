import type { NameCounts, NodeCounts } from '../../distributor/index.js'
import { COUNTS_HELP } from '../help.js'
import { onNode } from '../on-node.js'
import { asJson, columns, print, printable } from '../terminal.js'

const HEAD = ['NAME', 'WAITING', 'RUNNING', 'DONE/MIN', '/H', '/DAY', 'FAILED/MIN', '/H', '/DAY']
const TIMES = ['WAIT P50', 'P95', 'P99', 'RUN P50', 'P95', 'P99']

/** `jr counts`: what a node has counted. */
export function run(argv: string[]): Promise<number> {
  const belong = 'each node counts for itself'
  return onNode(
    argv,
    { name: 'counts', help: COUNTS_HELP, most: 0, belong },
    (_words, flags) => async (app, node) => {
      const counts = await app.monitor({ node }).counts()
      return print(flags.json === true ? asJson(counts) : shown(counts))
    },
  )
}

function shown({ node, since, stored, waitingBefore, oldest, all, names, others }: NodeCounts): string {
  const { waiting, running, completed, failed, cancelled } = stored
  const due = oldest === null ? '' : `, one of them since ${oldest.toISOString()}`
  const before = waitingBefore === 0 ? '' : `, ${waitingBefore} since before the node began`
  const rows = [
    ...names.map((one) => rowOf(printable(one.name), one)),
    ...(others === null ? [] : [rowOf('(others)', others)]),
    rowOf('(all)', all),
  ]
  return [
    `node ${printable(node)}, since ${since.toISOString()}`,
    `${waiting} wait${due}${before}; ${running} run; ${completed} completed, ${failed} failed, ${cancelled} cancelled are kept`,
    columns([[...HEAD, ...TIMES], ...rows]),
  ].join('\n')
}

function rowOf(name: string, { waiting, running, completedIn, failedIn, wait, run }: NameCounts): string[] {
  const rates = [completedIn, failedIn].flatMap(({ minute, hour, day }) => [minute, hour, day])
  const times = [wait, run].flatMap((one) =>
    one === null ? ['', '', ''] : [one.p50, one.p95, one.p99].map((ms) => `${ms} ms`),
  )
  return [name, ...[waiting, running, ...rates].map(String), ...times]
}
