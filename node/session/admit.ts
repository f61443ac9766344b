import type { Now } from '../../src/clock.js'
import { argsTooLarge, JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { dueAfter } from '../../src/job/due.js'
import { laneFor } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { isPackedMap } from '../../src/scan.js'
import type { Enqueue } from '../../src/wire/messages.js'
import type { Slots } from '../executors/executor.js'
import type { NodeSettings } from '../settings.js'

/** A job as it was asked for, without what numbers it on a connection. */
export type JobRequest = Omit<Enqueue, 'type' | 'number' | 'heldMs'>

function isDeferred({ defer }: JobRequest, known: JobDefinition | undefined): boolean {
  return defer ?? known?.defer ?? false
}

/** Why this node does not take the job; null when it does. */
export function refusal(
  request: JobRequest,
  settings: NodeSettings,
  known: JobDefinition | undefined,
  slots: Slots,
): JrError | null {
  const { name } = settings
  if (known === undefined && settings.unknownJob === 'fail') {
    return new JrError('JR_NO_SUCH_JOB', `node ${name} has no job '${request.name}' in ${settings.jobs}`)
  }
  const [kind, option] = isDeferred(request, known)
    ? (['deferred', 'deferredChildren'] as const)
    : (['evented', 'children'] as const)
  if (slots[kind] === 0) {
    const text = `node ${name} has no ${kind} children (option ${option}), on which job '${request.name}' is to run`
    return new JrError('JR_NO_NODE', text)
  }
  if (request.args.length > settings.maxArgs) {
    return argsTooLarge(request.name, request.args.length, name, settings.maxArgs)
  }
  if (!isPackedMap(request.args))
    return new JrError('JR_PROTOCOL', `args of '${request.name}': expected a packed object`)
  if (
    (request.strictNode && request.node !== null && request.node !== name) ||
    request.notNode.includes(name)
  ) {
    return new JrError('JR_PROTOCOL', `job '${request.name}' may not run on node ${name}, and was sent to it`)
  }
  return null
}

/**
 * The record of a job that this node takes. Its time is on this node's clock: what was left of the delay counts from
 * `now`. `seq` numbers its place.
 */
export function admit(
  request: JobRequest,
  from: { readonly distributor: string; readonly instance: string; readonly heldMs: number },
  known: JobDefinition | undefined,
  now: Now,
  seq: number,
): JobRecord {
  const timed = request.delayMs !== null && request.delayMs > 0
  const byWall = timed && request.byWall
  const start = byWall ? now.wall : now.steady
  const due = timed ? dueAfter(start, request.delayMs ?? 0) : start
  return {
    lane: laneFor({ timed, deferred: isDeferred(request, known), priority: 0, key: '' }),
    due,
    seq,
    id: request.id,
    edition: request.edition,
    name: request.name,
    byWall,
    distributor: from.distributor,
    instance: from.instance,
    wanted: request.wanted,
    node: request.node,
    strictNode: request.strictNode,
    notNode: request.notNode,
    periodMs: request.periodMs,
    missed: request.missed,
    maxAttempts: request.maxAttempts,
    backoff: request.backoff,
    timeoutMs: request.timeoutMs,
    enqueuedAt: now.wall - Math.round(from.heldMs),
    firstDue: due,
    slot: 0,
    attempt: 0,
    losses: 0,
    lastError: null,
    lastCode: '',
    lastStack: '',
    // A view would keep the whole read that it came in, for as long as the job waits.
    args: timed ? Buffer.from(request.args) : request.args,
  }
}
