import { Distributor } from '../distributor/index.js'
import { systemClock, type Timer } from '../src/clock.js'
import { JrError } from '../src/errors.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { type Address, parseAddress } from '../src/wire/address.js'
import { type CommandLine, someNodeOptions } from './options.js'

const CONNECT_MS = 5000
const { secretFile } = NODE_OPTIONS

/** Where nodes listen, as it was asked for. `others`: what else would do. Throws a TypeError. */
export function nodeAddress({ node }: CommandLine['flags'], others = ''): string {
  const address = typeof node === 'string' ? node : process.env.JR_NODE
  if (address !== undefined) return address
  throw new TypeError(`expected --node ADDR: where the node listens (or JR_NODE in the environment)${others}`)
}

/** Connects to the nodes at `address` (several with commas), as an app. `node`: the name of the first. `command`: a name that no app has, because outcomes are kept for apps by it. */
export async function withApp<T>(
  address: string,
  flags: CommandLine['flags'],
  command: string,
  work: (app: Distributor, node: string) => Promise<T>,
): Promise<T> {
  const nodes = addressesOf(address)
  const { secretFile: secret } = someNodeOptions({ secretFile }, flags, process.env).values
  const app = new Distributor({
    name: command,
    nodes,
    ...(secret === undefined ? {} : { secretFile: secret }),
  })
  try {
    return await work(app, await connect(app, address, nodes.length))
  } finally {
    await app.stop({ timeout: 0 })
  }
}

/** Several with commas; one that is there twice is one. Throws a TypeError. */
export function addressesOf(address: string): Address[] {
  const each = new Set(address.split(',').map((one) => one.trim()))
  return [...each].map((one) => parseAddress(one, 'flag --node'))
}

/** The name of the first node. Rejects with JR_CONNECTION when one of them does not answer in time; why is in the log. */
async function connect(app: Distributor, address: string, many: number): Promise<string> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = systemClock.setTimer(CONNECT_MS, () => {
      const connected = connectedTo(app)
      const others = connected.length === 0 ? '' : `; connected: ${connected.join(', ')}`
      const who = many === 1 ? 'no node' : 'not all nodes'
      const text = `${who} answered at ${address} within ${CONNECT_MS / 1000} s${others}`
      reject(new JrError('JR_CONNECTION', text))
    })
  })
  try {
    await app.start()
    const all = new Promise<void>((resolve) => {
      const look = () => {
        if (connectedTo(app).length >= many) resolve()
      }
      app.on('node:connected', look)
      look()
    })
    await Promise.race([all, late])
  } finally {
    timer?.cancel()
  }
  return connectedTo(app)[0] ?? ''
}

/** The nodes that can be asked, by name. One is known before it can. */
export function connectedTo(app: Distributor): string[] {
  const connected = app.nodes().filter(({ status }) => status !== 'disconnected')
  return connected.map(({ name }) => name).sort()
}
