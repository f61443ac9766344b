import { NODES_HELP } from '../help-running.js'
import { onNode } from '../on-node.js'
import { nodeRows, snapshot } from '../screen.js'
import { asJson, columns, print } from '../terminal.js'

/** `jr nodes`: how the nodes are. */
export function run(argv: string[]): Promise<number> {
  const belong = 'ask the nodes; jr jobs nodes --redis says who has a lease'
  return onNode(
    argv,
    { name: 'nodes', help: NODES_HELP, most: 0, belong, several: true },
    (_, flags) => async (app) => {
      const shot = await snapshot(app)
      return print(flags.json === true ? asJson(shot.nodes) : columns(nodeRows(shot)))
    },
  )
}
