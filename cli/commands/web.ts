import { Distributor } from '../../distributor/index.js'
import { NODE_OPTIONS } from '../../src/options/node-options.js'
import { addressesOf, nodeAddress } from '../app-of.js'
import { EXIT } from '../exit-codes.js'
import { WEB_HELP } from '../help.js'
import { readCommandLine, someNodeOptions } from '../options.js'
import { untilStopped } from '../signals.js'
import { WEB_FLAGS } from '../web-flags.js'
import { webFrom } from '../web-server.js'

const FLAGS = [
  { name: 'node', type: 'string', several: true },
  { name: 'listen', type: 'string' },
  ...WEB_FLAGS,
  { name: 'secret-file', type: 'string' },
  { name: 'config', type: 'string' },
  { name: 'help', type: 'boolean' },
] as const
const { secretFile } = NODE_OPTIONS
const LISTEN = '127.0.0.1:7000'

/** `jr web`: serves the dashboard and the HTTP API for nodes that listen. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, {}, FLAGS)
  if (flags.help === true) {
    process.stdout.write(WEB_HELP)
    return EXIT.ok
  }
  const nodes = addressesOf(nodeAddress(flags))
  const begin = webFrom(flags, typeof flags.listen === 'string' ? flags.listen : LISTEN, 'listen')
  const { secretFile: secret } = someNodeOptions({ secretFile }, flags, process.env).values
  const app = new Distributor({
    name: 'jr web',
    nodes,
    ...(secret === undefined ? {} : { secretFile: secret }),
  })
  await app.start()
  try {
    const web = await begin(app)
    process.stdout.write(`${web.url}\n`)
    await untilStopped()
    await web.stop()
  } finally {
    await app.stop({ timeout: 0 })
  }
  return EXIT.ok
}
