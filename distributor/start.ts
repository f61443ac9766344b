import { JrError } from '../src/errors.js'
import { runsJobs } from '../src/job/registry.js'
import { createLogger } from '../src/logger.js'
import { DISTRIBUTOR_OPTIONS, type DistributorOptions } from '../src/options/distributor-options.js'
import type { NodeOptions } from '../src/options/node-options.js'
import { given, resolveOptions } from '../src/options/resolve.js'
import { readSecret } from '../src/options/secret.js'
import { SYSTEM } from '../src/surroundings.js'
import type { Address } from '../src/wire/address.js'
import type { DistributorConfig } from './config.js'
import { DistributorCore } from './distributor.js'
import { Spool } from './sending/spool.js'
import type { SpawnOptions } from './spawned/spawn-command.js'
import type { SpawnedNode } from './spawned/spawn-node.js'
import { type NodeHere, SpawnedNodes } from './spawned/spawned-nodes.js'

/** A distributor that runs. */
export interface Running {
  readonly core: DistributorCore
  readonly spawned: SpawnedNodes
  readonly secretFile: string | undefined
  address: Address | null
}

/**
 * Checks the options, opens the spool, listens and dials. `prepare` comes before anything can happen. Rejects with what kept it from
 * starting, and leaves nothing open.
 */
export async function startDistributor(
  options: DistributorOptions,
  own: Pick<DistributorConfig, 'alwaysUseSpecifiedNode' | 'middleware'>,
  prepare: (core: DistributorCore) => void,
): Promise<Running> {
  const { values: v } = resolveOptions(DISTRIBUTOR_OPTIONS, [given(options)])
  const json = v.logJson === undefined ? {} : { json: v.logJson }
  const log = createLogger({ level: v.logLevel, ...json, facts: { app: v.name }, clock: SYSTEM.clock })
  const failed = (error: JrError) => log.error('spool:failed', { error: error.message })
  const spooled = v.spool === undefined ? null : await Spool.open(v.spool, SYSTEM, failed)
  for (const note of spooled?.notes ?? []) log.warn('spool:note', { note })
  const core = new DistributorCore(
    {
      name: v.name,
      instance: spooled?.spool.instance ?? SYSTEM.chance.id(),
      secret: readSecret(v.secretFile),
      allowRemote: v.allowRemote,
      heartbeatMs: v.heartbeatMs,
      maxFrame: v.maxFrame,
      maxHeld: v.maxHeld,
      maxHeldBytes: v.maxHeldBytes,
      doubtMs: v.doubtTimeoutMs,
      ...own,
    },
    { ...SYSTEM, log, spool: spooled?.spool ?? null },
  )
  const spawned = new SpawnedNodes(core, log, SYSTEM)
  prepare(core)
  let address: Address | null = null
  try {
    if (v.path !== undefined) address = await core.listen({ path: v.path })
    else if (v.port !== undefined) address = await core.listen({ host: v.host, port: v.port })
  } catch (error) {
    await core.stop(0)
    throw error
  }
  core.takeOver(spooled?.jobs ?? [])
  for (const node of v.nodes ?? []) core.dial(node)
  return { core, spawned, secretFile: v.secretFile, address }
}

export interface StopOptions {
  /**
   * Milliseconds to wait for held jobs to be accepted (default 5000), and for the nodes that this app has spawned to end
   * what they run (default: their `shutdownTimeout`). Then they give it back and end, or are killed 2 s later.
   */
  readonly timeout?: number
}

/** Within `timeout`, as `StopOptions` has it. */
export async function stopRunning(
  { core, spawned }: Running,
  timeout: number | undefined,
): Promise<{ notAccepted: number }> {
  const from = core.clock.mono()
  const left = () => (timeout === undefined ? undefined : Math.max(0, from + timeout - core.clock.mono()))
  spawned.abandon()
  core.schedules.stop()
  // While they stop, what still runs on them may end, and its feedbacks be called.
  return core.stop(timeout ?? 5000, () => spawned.stop(left()))
}

/** A node in a process of its own, with the secret and the address of this distributor; `defaults`: of those of the app. */
export async function spawnFor(
  running: Running,
  defaults: Partial<NodeOptions>,
  options: SpawnOptions,
): Promise<SpawnedNode> {
  if (typeof options?.name !== 'string') throw new TypeError("spawnNode: expected a 'name' for the node")
  if (typeof options.store === 'object')
    throw new TypeError('spawnNode: a store of your own works in one process; give it to startNode')
  running.address ??= await running.spawned.listenPrivately()
  const { secretFile = running.secretFile } = options
  return running.spawned.spawn({ ...defaults, ...options, secretFile } as SpawnOptions, running.address)
}

/** A node in this process. One that has no address of its own finds the distributor of this process, and ends with it. */
export async function startHereFor<Node extends NodeHere>(
  running: Running | null,
  options: NodeOptions,
  begin: (options: NodeOptions) => Promise<Node>,
): Promise<Node> {
  if (running === null || options.listen !== undefined || options.distributors !== undefined)
    return begin(options)
  running.address ??= await running.spawned.listenPrivately()
  const { secretFile = running.secretFile } = options
  const secret = secretFile === undefined ? {} : { secretFile }
  const toUs = { ...options, distributors: [running.address], ...secret }
  return running.spawned.startHere(String(options.name), () => begin(toUs))
}

/** For whoever asks something of a distributor that does not run. */
export function notStarted(): JrError {
  const text = runsJobs()
    ? 'this is the process of a job, and the distributor is in that of the app: `ctx.enqueue(name, args)` enqueues from here; ctx is the second argument of the handler'
    : 'the distributor is not running: `await JR.startDistributor(…)` comes before enqueue, spawnNode and the like; nothing is held for it'
  return new JrError('JR_NOT_STARTED', text)
}
