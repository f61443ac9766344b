import { STATUS_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { screenOf, snapshot } from '../screen.js'
import { asJson, paintFor, print } from '../terminal.js'

/** `jr status`: what waits and why, what fails, and who works on what. */
export function run(argv: string[]): Promise<number> {
  const belong = 'ask the nodes'
  return onNode(
    argv,
    { name: 'status', help: STATUS_HELP, most: 0, belong, several: true },
    (_, flags) => async (app) => {
      const shot = await snapshot(app)
      return print(flags.json === true ? asJson(shot) : screenOf(shot, paintFor(process.stdout)))
    },
  )
}
