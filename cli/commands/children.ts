import type { Distributor, NodeStatus } from '../../distributor/index.js'
import { bytes, duration } from '../../src/words.js'
import { EXIT } from '../exit-codes.js'
import { CHILDREN_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import type { CommandLine } from '../options.js'
import { asJson, columns, print, printable } from '../terminal.js'

/** `jr children`: the children of a node; how many it is to have; another one in the place of one. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'children',
    help: CHILDREN_HELP,
    most: 2,
    belong: 'children belong to a node',
    extra: [{ name: 'deferred', type: 'string' }],
  } as const
  return onNode(argv, command, ([word, pid], flags) => {
    if (word === 'recycle') {
      const which =
        pid === undefined ? {} : { pid: numberOf(pid, 'recycle: expected the process id of a child') }
      return (app, node) => recycle(app, node, which, flags.json === true)
    }
    if (pid !== undefined) throw new TypeError(`expected no '${pid}'`)
    const wanted = wantedOf(word, flags)
    return async (app, node) => {
      if (wanted !== null) await app.monitor({ node }).resize(wanted)
      const status = await app.monitor({ node }).status()
      return print(
        flags.json === true ? asJson({ most: status.most, children: status.children }) : shown(status),
      )
    }
  })
}

function wantedOf(word: string | undefined, { deferred }: CommandLine['flags']) {
  if (word === undefined && deferred === undefined) return null
  return {
    ...(word === undefined ? {} : { children: numberOf(word, 'expected how many children') }),
    ...(deferred === undefined
      ? {}
      : { deferred: numberOf(String(deferred), 'flag --deferred: expected how many') }),
  }
}

function numberOf(text: string, expected: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  throw new TypeError(`${expected}, got '${text}'`)
}

async function recycle(
  app: Distributor,
  node: string,
  which: { pid?: number },
  json: boolean,
): Promise<number> {
  const recycled = await app.monitor({ node }).recycle(which)
  if (recycled === 0) {
    process.stderr.write(`jr children: node ${printable(node)} has no such child\n`)
    return EXIT.failed
  }
  return print(json ? asJson({ recycled }) : `${recycled} replaced, each when it has ended its jobs`)
}

function shown({ node, at, most, children }: NodeStatus): string {
  const rows = children.map(({ pid, kind, state, memory, startedAt, done, runningCount, running }) => [
    String(pid),
    kind,
    state,
    memory === null ? '' : bytes(memory),
    duration(at.getTime() - startedAt.getTime()),
    String(done),
    String(runningCount),
    running
      .slice(0, 3)
      .map(({ name, id }) => printable(`${name} ${id}`))
      .join(', '),
  ])
  return [
    `node ${printable(node)} is to have ${most.children} evented and ${most.deferred} deferred children`,
    columns([['PID', 'KIND', 'STATE', 'MEMORY', 'FOR', 'DONE', 'RUNS', 'JOBS'], ...rows]),
  ].join('\n')
}
