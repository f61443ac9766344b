import { Distributor, type JobHandle } from './distributor/index.js'
import { type NodeHandle, startNode as start } from './node/index.js'
import type { LocalReply } from './node/local-jobs.js'
import { packError } from './src/error-record.js'
import type { NodeOptions } from './src/options/node-options.js'
import { packArgs } from './src/values.js'
import { parseAddress } from './src/wire/address.js'
import type { JobFields } from './src/wire/job-fields.js'

/**
 * A node, and with the option `distribute` a distributor in the same process: jobs that this node's jobs enqueue for
 * other nodes go out through it.
 */
export async function startNode(options: NodeOptions): Promise<NodeHandle> {
  const { distribute } = options
  if (distribute === undefined) return start(options)
  const distributor = new Distributor()
  const address = parseAddress(distribute, 'distribute')
  const { secretFile, allowRemote, heartbeat, maxFrame } = options
  const same = Object.fromEntries(
    Object.entries({ secretFile, allowRemote, heartbeat, maxFrame }).filter(
      ([, value]) => value !== undefined,
    ),
  )
  await distributor.start({ name: `node ${options.name}`, ...address, ...same })
  try {
    const node = await start(options, { forward: (job, reply) => forward(distributor, job, reply) })
    node.stopped.then(() => distributor.stop())
    return node
  } catch (error) {
    await distributor.stop()
    throw error
  }
}

function forward(distributor: Distributor, job: JobFields, reply: LocalReply): void {
  const handle: JobHandle = distributor.forward(job)
  handle.accepted.then(
    () => reply.accepted(null),
    (error) => reply.accepted(packError(error)),
  )
  handle.result().then(
    (args) => reply.outcome(true, packArgs(args)),
    (error) => reply.outcome(false, packError(error)),
  )
}
