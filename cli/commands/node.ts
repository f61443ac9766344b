import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { packError } from '../../src/error-record.js'
import { NODE_OPTIONS } from '../../src/options/node-options.js'
import { formatAddress } from '../../src/wire/address.js'
import { EXIT, exitCodeOf } from '../exit-codes.js'
import { nodeHelp } from '../help.js'
import { nodeOptions, readCommandLine } from '../options.js'
import { onSignals } from '../signals.js'

const EXTRA = [
  { name: 'config', type: 'string' },
  { name: 'help', type: 'boolean' },
  // Given by JR.spawnNode: an open pipe whose other end the app holds.
  { name: 'parent-fd', type: 'string' },
] as const

/** `jr node`: runs until it is told to stop, or its store fails. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, EXTRA)
  if (flags.help === true) {
    process.stdout.write(nodeHelp())
    return EXIT.ok
  }
  // Bytes from the network are not parsed by native code, which a mistake could take over.
  process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true'
  const { values } = nodeOptions(flags, process.env)
  const { startSettledNode } = await import('../../start-node.js')
  const parent = flags['parent-fd']
  const node = await startSettledNode(values).catch((error) => {
    if (typeof parent === 'string') tellParent(Number(parent), error)
    throw error
  })
  const where = node.address === null ? '' : `, listening on ${formatAddress(node.address)}`
  process.stdout.write(`node ${node.name} is ready${where} (pid ${process.pid})\n`)
  const signals = onSignals(node)
  if (typeof parent === 'string') watchParent(Number(parent), () => signals.stop())
  const ended = await node.stopped
  signals.off()
  return ended.reason === 'stopped' ? EXIT.ok : exitCodeOf(ended.error)
}

/** The app rejects `spawnNode` with the error as it is, not with lines of a log. */
function tellParent(fd: number, error: unknown): void {
  try {
    writeSync(fd, packError(error))
  } catch {
    // It is gone, or the descriptor is none: the error is on stderr as well.
  }
}

function watchParent(fd: number, onGone: () => void): void {
  const line = new Socket({ fd, readable: true, writable: false })
  line.on('error', onGone)
  line.on('close', onGone)
  line.resume()
  line.unref()
}
