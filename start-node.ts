import { Distributor } from './distributor/index.js'
import type { LocalReply } from './node/forward.js'
import { type NodeExtras, type NodeHandle, rehearseSettled, settled, startSettled } from './node/index.js'
import { packError } from './src/bytes/error-record.js'
import { packArgs } from './src/bytes/values.js'
import type { NodeOptions, NodeValues } from './src/options/node-options.js'
import { messageOf } from './src/thrown.js'
import type { SentJob } from './src/wire/job-fields.js'

/**
 * A node, and with the option `distribute` a distributor in the same process: jobs that this node's jobs enqueue for
 * other nodes go out through it.
 */
export async function startNode(options: NodeOptions): Promise<NodeHandle> {
  const { values, extras } = settled(options)
  return startSettledNode(values, extras)
}

export async function startSettledNode(values: NodeValues, extras: NodeExtras = {}): Promise<NodeHandle> {
  const distributor = await startDistributor(values)
  if (distributor === null) return startSettled(values, extras)
  try {
    const node = await startSettled(values, {
      ...extras,
      forward: (job, reply) => forward(distributor, job, reply),
    })
    node.stopped.then(() => distributor.stop())
    return node
  } catch (error) {
    await distributor.stop()
    throw error
  }
}

/** Whether `startSettledNode` would succeed; see `rehearseSettled`. */
export async function rehearseSettledNode(
  values: NodeValues,
  onNote: (note: string) => void,
): Promise<ReturnType<typeof rehearseSettled>> {
  const extras = values.distribute === undefined ? {} : { forward: () => {} }
  const found = await rehearseSettled(values, extras, onNote)
  try {
    const distributor = await startDistributor(values)
    await distributor?.stop()
    return found
  } catch (error) {
    return { ...found, failures: { ...found.failures, distribute: messageOf(error) } }
  }
}

async function startDistributor({
  name,
  distribute,
  secretFile,
  allowRemote,
  heartbeatMs,
  maxFrame,
}: NodeValues): Promise<Distributor | null> {
  if (distribute === undefined) return null
  const distributor = new Distributor()
  await distributor.start({
    name: `node ${name}`,
    ...distribute,
    ...(secretFile === undefined ? {} : { secretFile }),
    allowRemote,
    heartbeat: `${heartbeatMs}ms`,
    maxFrame,
  })
  return distributor
}

function forward(distributor: Distributor, job: SentJob, reply: LocalReply): void {
  const handle = distributor.forward(
    job,
    (args) => reply.outcome(true, packArgs(args)),
    ({ error }) => reply.outcome(false, packError(error)),
  )
  handle.accepted.then(
    () => reply.accepted(null, handle.id === job.job.id ? '' : handle.id),
    (error) => reply.accepted(packError(error)),
  )
}
