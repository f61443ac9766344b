import { isPackedMap } from '../../src/bytes/msgpack-check.js'
import type { Now } from '../../src/clock.js'
import { argsTooLarge, JrError } from '../../src/errors.js'
import { FRESH } from '../../src/job/course.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { dueAfter } from '../../src/job/due.js'
import { blockedBy, flowNamed } from '../../src/job/flow.js'
import { laneFor } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { areKnown } from '../../src/job/terms/agreed.js'
import { hasPriorityIn, mayRunOn } from '../../src/job/terms/where.js'
import type { JobFields, SentJob } from '../../src/wire/job-fields.js'
import type { Slots } from '../executors/executor.js'
import type { Executors } from '../executors/executors.js'
import type { Scheduler } from '../order/scheduler.js'
import type { NodeSettings } from '../settings.js'

/** Who is asked about a job that comes. */
export interface Admitting {
  readonly executors: Pick<Executors, 'known' | 'definitions' | 'slots'>
  readonly scheduler: Pick<Scheduler, 'keyFor'>
}

export function isDeferred({ agreed }: JobFields, known: JobDefinition | undefined): boolean {
  return agreed.terms.defer ?? known?.defer ?? false
}

/** Why this node does not take the job; null when it does. */
export function refusal(
  request: JobFields,
  settings: NodeSettings,
  known: JobDefinition | undefined,
  slots: Slots,
): JrError | null {
  const { name: job, args, agreed } = request
  const { name } = settings
  if (known === undefined && settings.unknownJob === 'fail') {
    return new JrError('JR_NO_SUCH_JOB', `node ${name} has no job '${job}' in ${settings.jobs}`)
  }
  if (!areKnown(agreed)) {
    const text = `job '${job}' has a term of a later version (number ${agreed.highest}), which node ${name} does not know`
    return new JrError('JR_UNKNOWN_TERM', text)
  }
  const [kind, option] = isDeferred(request, known)
    ? (['deferred', 'deferredChildren'] as const)
    : (['evented', 'children'] as const)
  if (slots[kind] === 0) {
    const text = `node ${name} has no ${kind} children (option ${option}), on which job '${job}' is to run`
    return new JrError('JR_NO_NODE', text)
  }
  if (!hasPriorityIn(settings, agreed.terms)) {
    const { minPriority, maxPriority } = settings
    const text = `node ${name} takes priorities from ${minPriority} to ${maxPriority} (options minPriority, maxPriority), and job '${job}' has ${agreed.terms.priority ?? 0}`
    return new JrError('JR_NO_NODE', text)
  }
  if (args.length > settings.maxArgs) return argsTooLarge(job, args.length, name, settings.maxArgs)
  if (!isPackedMap(args)) return new JrError('JR_PROTOCOL', `args of '${job}': expected a packed object`)
  if (!mayRunOn(name, agreed.terms))
    return new JrError('JR_PROTOCOL', `job '${job}' may not run on node ${name}, and was sent to it`)
  return null
}

/**
 * The record of a job that this node takes. Its time is on this node's clock: what was left of the delay counts from
 * `now`. `seq` numbers its place; `key` is that of its lane.
 */
export function admit(
  { job, delayMs, byWall: onWall, heldMs, wanted }: SentJob,
  from: { readonly name: string; readonly instance: string },
  known: JobDefinition | undefined,
  now: Now,
  seq: number,
  key: string,
): JobRecord {
  const { terms } = job.agreed
  const { needs, flow } = terms
  const left = delayMs ?? 0
  const timed = left > 0
  const byWall = timed && onWall
  const start = byWall ? now.wall : now.steady
  const record = {
    lane: laneFor({ timed, deferred: isDeferred(job, known), priority: terms.priority ?? 0, key }),
    due: timed ? dueAfter(start, left) : start,
    seq,
    id: job.id,
    edition: job.edition,
    name: job.name,
    byWall,
    distributor: from.name,
    instance: from.instance,
    wanted,
    agreed: job.agreed,
    enqueuedAt: now.wall - Math.round(heldMs),
    course: FRESH,
    // A view would keep the whole read that it came in, for as long as the job waits.
    args: timed || needs !== undefined ? Buffer.from(job.args) : job.args,
  }
  return needs === undefined || flow === undefined ? record : blockedBy(flowNamed(flow.id), record)
}
