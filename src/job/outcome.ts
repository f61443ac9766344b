import type { JobRecord, Outcome } from './record.js'
import type { TerminalState } from './states.js'

export interface RunFacts {
  readonly state: TerminalState
  readonly seq: number
  readonly node: string
  readonly attempt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly child: number
  readonly args: Buffer
  readonly error: Buffer
  readonly more: boolean
}

export function outcomeOf(job: JobRecord, facts: RunFacts): Outcome {
  return {
    seq: facts.seq,
    distributor: job.distributor,
    instance: job.instance,
    id: job.id,
    edition: job.edition,
    name: job.name,
    state: facts.state,
    slot: job.course.slot,
    more: facts.more,
    node: facts.node,
    attempt: facts.attempt,
    enqueuedAt: job.enqueuedAt,
    startedAt: facts.startedAt,
    finishedAt: facts.finishedAt,
    child: facts.child,
    args: facts.args,
    error: facts.error,
  }
}

/** A job that ends without an attempt having run to its end: cancelled while it waited, or not runnable here. */
export function outcomeWithoutRun(
  job: JobRecord,
  state: TerminalState,
  error: Buffer,
  facts: { readonly seq: number; readonly node: string; readonly now: number },
): Outcome {
  return outcomeOf(job, {
    state,
    seq: facts.seq,
    node: facts.node,
    attempt: job.course.attempt,
    startedAt: 0,
    finishedAt: facts.now,
    child: 0,
    args: job.args,
    error,
    more: false,
  })
}

/** Bytes of what it carries. */
export function bytesOfOutcome({ args, error }: Outcome): number {
  return args.length + error.length
}
