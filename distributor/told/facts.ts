import { unpackChecked } from '../../src/bytes/codec.js'
import { unpackError } from '../../src/bytes/error-record.js'
import { JrError } from '../../src/errors.js'
import type { Outcome } from '../../src/job/record.js'
import type { JobArgs } from '../../src/job/types.js'
import { runOf } from '../../src/schedules/runs.js'
import type { OutcomeInfo, Ticket } from './ticket.js'

export function contentOf({ state, args, error }: Outcome): { args: JobArgs; error: Error | null } {
  try {
    const read = unpackChecked(args) as JobArgs
    return { args: read, error: state === 'completed' ? null : unpackError(error) }
  } catch (cause) {
    return { args: {}, error: new JrError('JR_PROTOCOL', 'the outcome could not be read', { cause }) }
  }
}

export function infoOf(outcome: Outcome): OutcomeInfo {
  const { id, name, node, state, attempt, slot, more, enqueuedAt, startedAt, finishedAt, child } = outcome
  const run = runOf(outcome)
  return {
    id,
    name,
    node,
    state,
    attempt,
    run: slot + 1,
    more,
    enqueuedAt: new Date(enqueuedAt),
    startedAt: startedAt === 0 ? null : new Date(startedAt),
    finishedAt: new Date(finishedAt),
    child,
    schedule: run?.schedule ?? null,
    scheduledFor: run === null ? null : new Date(run.slot),
  }
}

export function storeLost({ id, name }: Ticket, node: string): JrError {
  const text = `node '${node}' had accepted job ${id} ('${name}') and came back with a store that does not have it`
  const why = 'it was in memory, or its directory was emptied or restored from a backup'
  return new JrError(
    'JR_STORE_LOST',
    `${text}: ${why}. Nobody knows whether the job has run; enqueue it again if it may run twice`,
  )
}

export function refusedInfo(
  now: number,
  { id, name }: Ticket,
  state: 'failed' | 'cancelled',
  node: string,
): OutcomeInfo {
  const times = { enqueuedAt: new Date(now), startedAt: null, finishedAt: new Date(now) }
  const none = { child: 0, schedule: null, scheduledFor: null }
  return { id, name, node, state, attempt: 0, run: 1, more: false, ...times, ...none }
}

/** Tells a copy of an outcome from all others. */
export function copyKey({ id, edition, slot, instance, finishedAt }: Outcome): string {
  return `${id}\0${edition}\0${slot}\0${instance}\0${finishedAt}`
}

/** The job that has the args and options of this one; null: it has ended itself. */
export function successorIn(
  error: (Error & { readonly code?: unknown; readonly job?: unknown }) | null,
): string | null {
  return error?.code === 'JR_REPLACED' && typeof error.job === 'string' ? error.job : null
}
