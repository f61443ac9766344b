import { packError } from '../../src/bytes/error-record.js'
import { JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import type { Interrupted } from '../../src/store/contract.js'
import { wishNote } from '../../src/store/wishes.js'
import { type Journal, moveOf, type NodeEnd, type NodeMove } from '../changes/journal.js'
import { changeAfter } from '../run/conclusion.js'
import { pastOf } from '../run/past.js'
import { type RetryRules, rulesFor } from '../run/rules.js'
import { decide } from '../run/verdict.js'
import type { NodeSettings } from '../settings.js'

/**
 * Attempts that had begun when the node was last lost. Each counts; the job runs again at once, for it was not the
 * job that failed, unless that was its last attempt.
 */
export function recover(
  interrupted: readonly Interrupted[],
  journal: Journal,
  deps: {
    readonly settings: NodeSettings
    readonly known: (name: string) => JobDefinition | undefined
    /** On the steady clock, and how far that is ahead of the wall clock. */
    readonly now: number
    readonly ahead: number
    readonly seq: () => number
    readonly random: () => number
    /** The ids of those that somebody has begun to wait for while they ran. */
    readonly wishes: ReadonlySet<string>
  },
): void {
  for (const one of interrupted) journal.add(changeFor(one, deps), true)
}

/** `lost`: the node that ran it; this one when it is back. */
export function changeFor(
  interrupted: Interrupted,
  deps: Parameters<typeof recover>[2],
  lost = deps.settings.name,
): NodeMove | NodeEnd {
  const wished = deps.wishes.has(interrupted.job.id)
  const change = changeAfterLoss(interrupted, wished, deps, lost)
  return wished ? { ...change, notes: [{ ...wishNote(interrupted.job.id), value: null }] } : change
}

function changeAfterLoss(
  interrupted: Interrupted,
  wished: boolean,
  deps: Parameters<typeof recover>[2],
  lost: string,
): NodeMove | NodeEnd {
  const { settings, now, ahead, seq, random } = deps
  const { startedAt } = interrupted
  // Nobody is left who knows whether that attempt has.
  const found = interrupted.job
  const job = { ...found, wanted: found.wanted || wished, course: { ...found.course, saved: true } }
  const { attempt, losses } = job.course
  const from = { ...job, course: { ...job.course, attempt: attempt - 1 } }
  const message = `node ${lost} was lost while attempt ${attempt} ran`
  const error = new JrError('JR_NODE_LOST', message)
  const over = {
    attempt: { job: from, attempt, startedAt },
    args: job.args,
    error: packError(error),
    child: 0,
    finishedAt: now - ahead,
  }
  const { name, code } = error
  const past = pastOf(over, lost, { name, message, code, stack: '' })
  const end = { status: 'lost', attempt, retryAfterMs: 0, past } as const
  // The node's loss says nothing against the job.
  const rules: RetryRules = {
    ...rulesFor(job, deps.known(job.name), settings),
    poisonLimit: Number.POSITIVE_INFINITY,
  }
  const verdict = decide(job, end, rules, now, seq(), random, ahead)
  const { ended, next } = verdict
  if (ended === null && next !== null)
    return moveOf(from, true, { ...next, course: { ...next.course, losses } })
  return changeAfter(over, past, job, verdict, false, deps)
}
