import { FAILURES_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { asJson, columns, print, printable } from '../terminal.js'

/** `jr failures`: what has failed, by name and error. */
export function run(argv: string[]): Promise<number> {
  const command = {
    name: 'failures',
    help: FAILURES_HELP,
    most: 1,
    belong: 'ask the nodes',
    several: true,
  }
  return onNode(argv, command, ([name], flags) => async (app) => {
    const found = await app.monitor().failures(name === undefined ? {} : { name })
    if (flags.json === true) return print(asJson(found))
    if (found.groups.length === 0) return print('no failed job is kept')
    const rows = found.groups.map(({ name, code, message, count, first, last, example }) => [
      String(count),
      printable(name),
      printable(code),
      first.toISOString(),
      last.toISOString(),
      printable(example),
      printable(message),
    ])
    const more = found.more ? `\n… only ${found.looked} failed jobs were looked at` : ''
    return print(
      `${columns([['JOBS', 'NAME', 'CODE', 'FIRST', 'LAST', 'SUCH AS', 'ERROR'], ...rows])}${more}`,
    )
  })
}
