import { Distributor } from '../distributor/index.js'
import { systemClock, type Timer } from '../src/clock.js'
import { JrError } from '../src/errors.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { parseAddress } from '../src/wire/address.js'
import { type CommandLine, someNodeOptions } from './options.js'

const CONNECT_MS = 5000
const { secretFile } = NODE_OPTIONS

/** Connects to the node at `flags.node`, as an app. `command`: a name that no app has, because outcomes are kept for apps by it. */
export async function withApp<T>(
  address: string,
  flags: CommandLine['flags'],
  command: string,
  work: (app: Distributor, node: string) => Promise<T>,
): Promise<T> {
  const nodes = [parseAddress(address, 'flag --node')]
  const { secretFile: secret } = someNodeOptions({ secretFile }, flags, process.env).values
  const app = new Distributor({
    name: command,
    nodes,
    ...(secret === undefined ? {} : { secretFile: secret }),
  })
  try {
    return await work(app, await connect(app, address))
  } finally {
    await app.stop({ timeout: 0 })
  }
}

/** The name of the node. Rejects with JR_CONNECTION when none answers in time; why is in the log. */
async function connect(app: Distributor, address: string): Promise<string> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = systemClock.setTimer(CONNECT_MS, () => {
      const text = `no node answered at ${address} within ${CONNECT_MS / 1000} s`
      reject(new JrError('JR_CONNECTION', text))
    })
  })
  try {
    await app.start()
    await Promise.race([app.ready, late])
  } finally {
    timer?.cancel()
  }
  return app.nodes()[0]?.name ?? ''
}
