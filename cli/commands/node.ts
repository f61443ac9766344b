import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { NodeHandle } from '../../node/index.js'
import { packError } from '../../src/bytes/error-record.js'
import { sleep, systemClock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { NODE_OPTIONS, type NodeValues } from '../../src/options/node-options.js'
import type { Resolved } from '../../src/options/resolve.js'
import { type Address, formatAddress } from '../../src/wire/address.js'
import { EXIT, exitCodeOf } from '../exit-codes.js'
import { nodeHelp } from '../help.js'
import { type CommandLine, nodeOptions, readCommandLine } from '../options.js'
import { onSignals } from '../signals.js'
import { systemdUnit } from '../systemd.js'
import { NODE_WEB_FLAGS } from '../web-flags.js'

/** How long a node takes to close beyond its `shutdownTimeout`. */
const CLOSE_MS = 10_000
const LOOK_MS = 200

const EXTRA = [
  { name: 'config', type: 'string' },
  ...NODE_WEB_FLAGS,
  { name: 'help', type: 'boolean' },
  // Given by JR.spawnNode: an open pipe whose other end the app holds.
  { name: 'parent-fd', type: 'string' },
] as const

type NodeResolved = Resolved<typeof NODE_OPTIONS>

/** `jr node`: runs until it is told to stop, or its store fails. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, EXTRA)
  if (flags.help === true) {
    process.stdout.write(nodeHelp())
    return EXIT.ok
  }
  const resolved = nodeOptions(flags, process.env)
  const parent = flags['parent-fd']
  const { values } = resolved
  const web = typeof flags.web === 'string' ? await openWeb(flags, flags.web, values) : null
  let node: NodeHandle
  try {
    const distributors = [...(values.distributors ?? []), ...(web === null ? [] : [web.address])]
    const all = web === null ? resolved : { ...resolved, values: { ...values, distributors } }
    node = await (typeof parent === 'string' ? startSpawned(all, Number(parent)) : start(all))
  } catch (error) {
    await web?.stop()
    throw error
  }
  const where = node.address === null ? '' : `, listening on ${formatAddress(node.address)}`
  // Before anybody is told that it is ready, and may signal to it.
  const unit = systemdUnit(process.env, (text) => process.stderr.write(`jr node: ${text}\n`))
  const signals = onSignals(node, () => unit.stopping())
  const page = web === null ? '' : `, dashboard at ${web.url}`
  const ready = `node ${node.name} is ready${where}${page}`
  process.stdout.write(`${ready} (pid ${process.pid})\n`)
  unit.ready(ready)
  if (typeof parent === 'string') watchParent(Number(parent), () => signals.stop())
  const ended = await node.stopped
  await web?.stop()
  signals.off()
  unit.off()
  return ended.reason === 'stopped' ? EXIT.ok : exitCodeOf(ended.error)
}

async function start({ values, from }: NodeResolved): Promise<NodeHandle> {
  // Not for `--help`.
  const { startSettledNode } = await import('../../start-node.js')
  return startSettledNode(values, { from })
}

/** The dashboard of this node alone: an app in this process, to which the node connects as to any other. */
async function openWeb(
  flags: CommandLine['flags'],
  address: string,
  values: NodeValues,
): Promise<{ readonly url: string; readonly address: Address; stop(): Promise<void> }> {
  const { startNodeWeb } = await import('../node-web.js')
  return startNodeWeb(flags, address, values)
}

/** An app that has crashed and comes back finds its node of before, which stops: this one waits for it. */
async function startSpawned(resolved: NodeResolved, parent: number): Promise<NodeHandle> {
  const { values } = resolved
  const until = systemClock.mono() + values.shutdownTimeoutMs + CLOSE_MS
  let told = false
  for (;;) {
    try {
      return await start(resolved)
    } catch (error) {
      const locked = error instanceof JrError && error.code === 'JR_STORE_LOCKED'
      if (!locked || systemClock.mono() > until) {
        tellParent(parent, error)
        throw error
      }
      const { nodeLogger } = await import('../../node/index.js')
      if (!told)
        nodeLogger(values).warn('node:waiting', { for: 'the node of before to stop', why: error.message })
      told = true
      await sleep(systemClock, LOOK_MS)
    }
  }
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
